#pragma once

// Attributes (KeyValues) appended to a message as field `number`, in an Appender or a std::string.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "otlp/wire.h"

namespace vigia::otlp {

// One whose AnyValue stands already in wire form.
template <typename Out>
void append_key_value(Out& out, uint32_t number, std::string_view key, std::string_view any_value) {
  size_t key_size = 1 + varint_size(key.size()) + key.size();
  append_varint(out, bytes_tag(number));
  append_varint(out, key_size + 1 + varint_size(any_value.size()) + any_value.size());
  append_bytes_field(out, 1, key);
  append_bytes_field(out, 2, any_value);
}

template <typename Out>
void append_attribute(Out& out, uint32_t number, std::string_view key, std::string_view value) {
  size_t any_size = 1 + varint_size(value.size()) + value.size();
  size_t key_size = 1 + varint_size(key.size()) + key.size();
  append_varint(out, bytes_tag(number));
  append_varint(out, key_size + 1 + varint_size(any_size) + any_size);
  append_bytes_field(out, 1, key);
  append_varint(out, bytes_tag(2));
  append_varint(out, any_size);
  append_bytes_field(out, 1, value);
}

template <typename Out>
void append_int_attribute(Out& out, uint32_t number, std::string_view key, int64_t value) {
  char content[11] = {static_cast<char>(varint_tag(3))};
  char* end = put_varint(content + 1, static_cast<uint64_t>(value));
  append_key_value(out, number, key, {content, static_cast<size_t>(end - content)});
}

template <typename Out>
void append_bool_attribute(Out& out, uint32_t number, std::string_view key, bool value) {
  const char content[] = {static_cast<char>(varint_tag(2)), static_cast<char>(value)};
  append_key_value(out, number, key, {content, 2});
}

template <typename Out>
void append_double_attribute(Out& out, uint32_t number, std::string_view key, double value) {
  char content[9] = {static_cast<char>(fixed64_tag(4))};
  std::memcpy(content + 1, &value, 8);
  append_key_value(out, number, key, {content, 9});
}

// One with a list of strings.
template <typename Out>
void append_list_attribute(Out& out, uint32_t number, std::string_view key, const std::vector<std::string_view>& values) {
  std::string list;
  for (std::string_view value : values) {
    std::string element;
    append_bytes_field(element, 1, value);
    append_bytes_field(list, 1, element);
  }
  std::string any;
  append_bytes_field(any, 5, list);
  append_key_value(out, number, key, any);
}

}  // namespace vigia::otlp
