#pragma once

// Lazy views over telemetry in wire form: nothing is decoded before it is asked for, and nothing is allocated.
//
//   for_each_item(request, [&](const ResourceGroup& group, const ScopeGroup& scope_group, std::string_view item) { … });
//   for (AttributeView attribute : SpanView(item).attributes()) …
//
// A view borrows the bytes it was made from. The rules of protobuf for fields that stand twice in one message:
//   * a repeated field is read from all its occurrences, in their order, packed or not;
//   * of a scalar, the last occurrence counts;
//   * singular messages (a resource, a value, a status) and oneofs of messages stand at most once, since the door
//     (validate.h) joins such occurrences. Views therefore take the first one and stop looking.
// Views of bytes that did not come through the door read something arbitrary, but never beyond the message.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "otlp/wire.h"

namespace vigia::otlp {

// How deep a value may nest in arrays and maps; the door refuses more. A plain value is one level.
inline constexpr int max_value_levels = 64;

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

enum class ValueKind : uint8_t { empty, string, boolean, integer, real, array, map, bytes };

class Attributes;

// An AnyValue.
class ValueView {
 public:
  // Of no value.
  ValueView() = default;
  explicit ValueView(std::string_view message) : message_(message) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(message[i]); };
    if (message.size() >= 2 && byte(0) == bytes_tag(1) && byte(1) == message.size() - 2) [[likely]] {
      kind_ = ValueKind::string;
      content_ = message.substr(2);
      return;
    }
    read();
  }

  ValueKind kind() const { return kind_; }
  // The message itself, to be copied elsewhere.
  std::string_view message() const { return message_; }

  // Each is for its kind; of other kinds they are empty or 0.
  std::string_view string() const { return kind_ == ValueKind::string ? content_ : std::string_view(); }
  std::string_view bytes() const { return kind_ == ValueKind::bytes ? content_ : std::string_view(); }
  bool boolean() const { return kind_ == ValueKind::boolean && number_ != 0; }
  int64_t integer() const { return kind_ == ValueKind::integer ? static_cast<int64_t>(number_) : 0; }
  double real() const {
    double value = 0;
    if (kind_ == ValueKind::real) std::memcpy(&value, &number_, sizeof value);
    return value;
  }
  // The elements' AnyValue messages.
  RepeatedMessages array() const { return {kind_ == ValueKind::array ? content_ : std::string_view(), 1}; }
  Attributes map() const;

 private:
  // Anything but one short string.
  void read();

  std::string_view message_;
  std::string_view content_;
  uint64_t number_ = 0;
  ValueKind kind_ = ValueKind::empty;
};

// A KeyValue.
struct AttributeView {
  std::string_view key;
  std::string_view value_message;

  ValueView value() const { return ValueView(value_message); }
};

// Reads a KeyValue of any shape.
AttributeView read_attribute(std::string_view key_value);

// The attributes of a message, in their order. Keys may repeat, as the sender wrote them.
class Attributes {
 public:
  class Iterator {
   public:
    Iterator(std::string_view message, uint32_t tag)
        : at_(message.data()), end_(message.data() + message.size()), tag_(static_cast<unsigned char>(tag)) {
      ++*this;
    }
    const AttributeView& operator*() const { return attribute_; }
    const AttributeView* operator->() const { return &attribute_; }
    // The field with its key and length.
    std::string_view whole() const { return {whole_, static_cast<size_t>(at_ - whole_)}; }

    Iterator& operator++() {
      while (at_ != end_) {
        whole_ = at_;
        if (static_cast<unsigned char>(*at_) == tag_ && read_short()) [[likely]]
          return *this;
        if (read_any()) return *this;
      }
      whole_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return whole_ == nullptr; }

   private:
    // The shape that nearly all attributes have: `tag length 0A length key 12 length value`, each length one byte.
    bool read_short() {
      auto byte = [&](size_t i) { return static_cast<unsigned char>(at_[i]); };
      auto left = static_cast<size_t>(end_ - at_);
      if (left < 6) return false;
      size_t length = byte(1);
      size_t key_length = byte(3);
      if (length >= 0x80 || length > left - 2 || byte(2) != bytes_tag(1) || key_length + 4 > length) return false;
      size_t value_length = byte(5 + key_length);
      if (byte(4 + key_length) != bytes_tag(2) || key_length + value_length + 4 != length || value_length >= 0x80) return false;
      attribute_ = {{at_ + 4, key_length}, {at_ + 6 + key_length, value_length}};
      at_ += 2 + length;
      return true;
    }
    // The next field, whatever it is; says whether it is an attribute.
    bool read_any();

    const char* at_;
    const char* end_;
    const char* whole_ = nullptr;
    AttributeView attribute_;
    unsigned char tag_;
  };

  // Of the repeated KeyValue field `number` of the message. REQUIRES: number ≤ 15.
  Attributes(std::string_view message, uint32_t number) : message_(message), number_(number) {}
  Iterator begin() const { return {message_, bytes_tag(number_)}; }
  std::default_sentinel_t end() const { return {}; }
  bool empty() const { return begin() == end(); }

  // The first attribute with this key.
  std::optional<ValueView> find(std::string_view key) const {
    for (const AttributeView& attribute : *this) {
      if (attribute.key == key) return attribute.value();
    }
    return {};
  }

  // Where the attributes stand.
  std::string_view message() const { return message_; }
  uint32_t number() const { return number_; }

 private:
  std::string_view message_;
  uint32_t number_;
};

inline Attributes ValueView::map() const { return {kind_ == ValueKind::map ? content_ : std::string_view(), 1}; }

class ResourceView {
 public:
  static constexpr uint32_t attributes_number = 1;

  ResourceView() = default;
  explicit ResourceView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 2)); }
  // EntityRef messages.
  RepeatedMessages entity_refs() const { return {message_, 3}; }

 private:
  std::string_view message_;
};

class ScopeView {
 public:
  static constexpr uint32_t attributes_number = 3;

  ScopeView() = default;
  explicit ScopeView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  std::string_view name() const { return bytes_field(message_, 1); }
  std::string_view version() const { return bytes_field(message_, 2); }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 4)); }

 private:
  std::string_view message_;
};

// A ScopeSpans, ScopeMetrics or ScopeLogs.
class ScopeGroup {
 public:
  ScopeGroup() = default;
  explicit ScopeGroup(std::string_view message) : message_(message), scope_(message_field(message, 1)) {}
  std::string_view message() const { return message_; }
  const ScopeView& scope() const { return scope_; }
  std::string_view schema_url() const { return bytes_field(message_, 3); }
  // Span, Metric or LogRecord messages.
  RepeatedMessages items() const { return {message_, 2}; }

 private:
  std::string_view message_;
  ScopeView scope_;
};

// A ResourceSpans, ResourceMetrics or ResourceLogs.
class ResourceGroup {
 public:
  ResourceGroup() = default;
  explicit ResourceGroup(std::string_view message) : message_(message), resource_(message_field(message, 1)) {}
  std::string_view message() const { return message_; }
  const ResourceView& resource() const { return resource_; }
  std::string_view schema_url() const { return bytes_field(message_, 3); }
  // To be wrapped in ScopeGroup.
  RepeatedMessages scope_groups() const { return {message_, 2}; }

 private:
  std::string_view message_;
  ResourceView resource_;
};

// The groups of a request, to be wrapped in ResourceGroup.
inline RepeatedMessages resource_groups(std::string_view request) { return {request, 1}; }

// Calls visit(const ResourceGroup&, const ScopeGroup&, std::string_view item) for every Span, Metric or LogRecord.
template <typename Visit>
void for_each_item(std::string_view request, Visit&& visit) {
  for (std::string_view group_message : resource_groups(request)) {
    ResourceGroup group(group_message);
    for (std::string_view scope_message : group.scope_groups()) {
      ScopeGroup scope_group(scope_message);
      for (std::string_view item : scope_group.items()) visit(group, scope_group, item);
    }
  }
}

}  // namespace vigia::otlp
