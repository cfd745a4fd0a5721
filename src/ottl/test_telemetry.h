#pragma once

// Telemetry in wire form, written by hand, for the tests of this folder and of the processors.
//
//   std::string span = text_field(5, "GET /") + attribute(9, "http.status_code", integer_value(500));
//   std::string request = group(resource_message, scope_message, {span, span});

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "otlp/wire.h"

namespace vigia::ottl::test {

inline std::string text_field(uint32_t number, std::string_view content) {
  std::string out;
  otlp::append_bytes_field(out, number, content);
  return out;
}
inline std::string varint_field(uint32_t number, uint64_t value) {
  std::string out;
  otlp::append_varint_field(out, number, value);
  return out;
}
inline std::string fixed64_field(uint32_t number, uint64_t value) {
  std::string out;
  otlp::append_fixed64_field(out, number, value);
  return out;
}
inline std::string fixed32_field(uint32_t number, uint32_t value) {
  std::string out;
  otlp::append_fixed32_field(out, number, value);
  return out;
}
inline std::string double_field(uint32_t number, double value) {
  std::string out;
  otlp::append_double_field(out, number, value);
  return out;
}

// AnyValue messages.
inline std::string text_value(std::string_view value) { return text_field(1, value); }
inline std::string boolean_value(bool value) { return varint_field(2, value ? 1 : 0); }
inline std::string integer_value(int64_t value) { return varint_field(3, static_cast<uint64_t>(value)); }
inline std::string floating_value(double value) { return double_field(4, value); }
inline std::string bytes_value(std::string_view value) { return text_field(7, value); }
inline std::string list_value(const std::vector<std::string>& values) {
  std::string content;
  for (const std::string& value : values) content += text_field(1, value);
  return text_field(5, content);
}

inline std::string attribute(uint32_t number, std::string_view key, std::string_view any_value) {
  return text_field(number, text_field(1, key) + text_field(2, any_value));
}
inline std::string map_value(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string content;
  for (const auto& [key, value] : entries) content += attribute(1, key, value);
  return text_field(6, content);
}

// One ResourceX with one ScopeX, as a field of a request.
inline std::string group(std::string_view resource, std::string_view scope, const std::vector<std::string>& items) {
  std::string scope_group = text_field(1, scope);
  for (const std::string& item : items) scope_group += text_field(2, item);
  return text_field(1, text_field(1, resource) + text_field(2, scope_group));
}

}  // namespace vigia::ottl::test
