#pragma once

// The fields of one message in wire form. The rules of protobuf for fields that stand twice are in view.h.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "otlp/wire.h"

namespace vigia::otlp {

// Finds the last field with this tag.
inline bool find_last_field(std::string_view message, uint32_t tag, Field& found) {
  Cursor cursor(message);
  Field field;
  bool any = false;
  while (cursor.next(field)) {
    if (field.tag != tag) continue;
    found = field;
    any = true;
  }
  return any;
}

// Finds the first field with this tag: for fields that stand once.
inline bool find_field(std::string_view message, uint32_t tag, Field& found) {
  Cursor cursor(message);
  while (cursor.next(found)) {
    if (found.tag == tag) return true;
  }
  return false;
}

// Scalar fields; empty or 0 when unset.
inline std::string_view bytes_field(std::string_view message, uint32_t number) {
  Field field;
  return find_last_field(message, bytes_tag(number), field) ? field.content : std::string_view();
}
inline uint64_t varint_field(std::string_view message, uint32_t number) {
  Field field;
  return find_last_field(message, varint_tag(number), field) ? field.number : 0;
}
inline uint64_t fixed64_field(std::string_view message, uint32_t number) {
  Field field;
  return find_last_field(message, fixed64_tag(number), field) ? field.number : 0;
}
inline uint32_t fixed32_field(std::string_view message, uint32_t number) {
  Field field;
  return find_last_field(message, fixed32_tag(number), field) ? static_cast<uint32_t>(field.number) : 0;
}
inline std::optional<double> double_field(std::string_view message, uint32_t number) {
  Field field;
  if (!find_last_field(message, fixed64_tag(number), field)) return {};
  return field.as_double();
}
// A singular message; empty when unset.
inline std::string_view message_field(std::string_view message, uint32_t number) {
  Field field;
  return find_field(message, bytes_tag(number), field) ? field.content : std::string_view();
}

// sint32 and sint64 as they stand on the wire.
constexpr int64_t from_zigzag(uint64_t number) { return static_cast<int64_t>(number >> 1) ^ -static_cast<int64_t>(number & 1); }

// The occurrences of one repeated message or string field, as their contents.
class RepeatedMessages {
 public:
  class Iterator {
   public:
    Iterator(std::string_view message, uint32_t tag) : cursor_(message), tag_(tag) { ++*this; }
    std::string_view operator*() const { return field_.content; }
    Iterator& operator++() {
      while ((has_field_ = cursor_.next(field_)) && field_.tag != tag_) {
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !has_field_; }
    // The field around the content, with its key and length.
    const Field& field() const { return field_; }

   private:
    Cursor cursor_;
    Field field_;
    uint32_t tag_;
    bool has_field_ = false;
  };

  RepeatedMessages(std::string_view message, uint32_t number) : message_(message), tag_(bytes_tag(number)) {}
  Iterator begin() const { return {message_, tag_}; }
  std::default_sentinel_t end() const { return {}; }
  bool empty() const { return begin() == end(); }
  size_t count() const {
    size_t count = 0;
    for (auto i = begin(); i != end(); ++i) count++;
    return count;
  }

 private:
  std::string_view message_;
  uint32_t tag_;
};

// Calls visit(uint64_t) for every number of a repeated fixed64, sfixed64 or double field, packed or not.
template <typename Visit>
void for_each_fixed64(std::string_view message, uint32_t number, Visit&& visit) {
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.id() != number) continue;
    if (field.type() == WireType::fixed64) visit(field.number);
    if (field.type() != WireType::length) continue;
    for (size_t at = 0; at + 8 <= field.content.size(); at += 8) {
      uint64_t value;
      std::memcpy(&value, field.content.data() + at, 8);
      visit(value);
    }
  }
}
template <typename Visit>
void for_each_double(std::string_view message, uint32_t number, Visit&& visit) {
  for_each_fixed64(message, number, [&](uint64_t bits) {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    visit(value);
  });
}

// Calls visit(uint64_t) for every number of a repeated varint field, packed or not.
template <typename Visit>
void for_each_varint(std::string_view message, uint32_t number, Visit&& visit) {
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.id() != number) continue;
    if (field.type() == WireType::varint) visit(field.number);
    if (field.type() != WireType::length) continue;
    Cursor packed(field.content);
    uint64_t value;
    while (packed.next_varint(value)) visit(value);
  }
}

}  // namespace vigia::otlp
