#pragma once

// Lazy views of attributes and their values (view.h).

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "otlp/field_view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

// How deep a value may nest in arrays and maps; the door refuses more. A plain value is one level. A level of map is three
// protobuf messages, and most readers of protobuf refuse what nests deeper than 100: a value that we let in but they do not
// would spoil the batch it was merged into.
inline constexpr int max_value_levels = 31;

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

}  // namespace vigia::otlp
