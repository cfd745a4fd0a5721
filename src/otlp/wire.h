#pragma once

// Protobuf's wire form, read and written directly.
//
// A Cursor walks the fields of one message and never reads beyond it. Messages that came through the door are whole
// (validate.h), so readers behind it may ignore ok(): they still cannot leave the message.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace vigia::otlp {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

// A field's key as it stands on the wire.
constexpr uint32_t tag_of(uint32_t number, WireType type) { return number << 3 | static_cast<uint32_t>(type); }
constexpr uint32_t bytes_tag(uint32_t number) { return tag_of(number, WireType::length); }
constexpr uint32_t varint_tag(uint32_t number) { return tag_of(number, WireType::varint); }
constexpr uint32_t fixed64_tag(uint32_t number) { return tag_of(number, WireType::fixed64); }
constexpr uint32_t fixed32_tag(uint32_t number) { return tag_of(number, WireType::fixed32); }

struct Field {
  uint32_t tag = 0;
  std::string_view whole;    // key, length and content as they stand
  std::string_view content;  // of a length-delimited field
  uint64_t number = 0;       // of a varint or fixed field

  uint32_t id() const { return tag >> 3; }
  WireType type() const { return static_cast<WireType>(tag & 7); }
  double as_double() const {
    double value;
    std::memcpy(&value, &number, sizeof value);
    return value;
  }
};

class Cursor {
 public:
  explicit Cursor(std::string_view message) : at_(message.data()), end_(message.data() + message.size()) {}

  // The next field; false at the end of the message, and when it is broken (then ok() is false).
  bool next(Field& field) {
    if (at_ == end_) return false;
    const char* begin = at_;
    uint64_t key;
    if (!read_varint(key) || key > UINT32_MAX || key < 8) return fail();
    field.tag = static_cast<uint32_t>(key);
    switch (field.type()) {
      case WireType::length: {
        uint64_t length;
        if (!read_varint(length) || length > static_cast<uint64_t>(end_ - at_)) return fail();
        field.content = {at_, static_cast<size_t>(length)};
        at_ += length;
        break;
      }
      case WireType::varint:
        if (!read_varint(field.number)) return fail();
        break;
      case WireType::fixed64:
        if (end_ - at_ < 8) return fail();
        std::memcpy(&field.number, at_, 8);
        at_ += 8;
        break;
      case WireType::fixed32: {
        if (end_ - at_ < 4) return fail();
        uint32_t value;
        std::memcpy(&value, at_, 4);
        field.number = value;
        at_ += 4;
        break;
      }
      default:
        return fail();  // groups are long gone, 6 and 7 never were
    }
    field.whole = {begin, static_cast<size_t>(at_ - begin)};
    return true;
  }

  // The next number, when the message is the content of a packed field.
  bool next_varint(uint64_t& value) {
    if (at_ == end_) return false;
    return read_varint(value) || fail();
  }

  // Whether everything so far was well-formed.
  bool ok() const { return ok_; }
  const char* position() const { return at_; }

 private:
  bool fail() {
    ok_ = false;
    at_ = end_;
    return false;
  }

  bool read_varint(uint64_t& value) {
    if (at_ == end_) return false;
    auto byte = static_cast<unsigned char>(*at_++);
    value = byte & 0x7F;
    if (byte < 0x80) [[likely]]
      return true;
    for (int shift = 7; shift < 64; shift += 7) {
      if (at_ == end_) return false;
      byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

constexpr size_t varint_size(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    size++;
  }
  return size;
}

// Writes a varint at `at` and returns what lies behind it. REQUIRES: room for 10 bytes.
inline char* put_varint(char* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

// The same for other things whose size is known. REQUIRES: room for them; a field's number is below 16.
inline char* put_raw(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}
inline char* put_fixed64_field(char* at, uint32_t number, uint64_t value) {
  *at++ = static_cast<char>(fixed64_tag(number));
  std::memcpy(at, &value, 8);
  return at + 8;
}
inline char* put_double_field(char* at, uint32_t number, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return put_fixed64_field(at, number, bits);
}

// Appends fields to an Appender or a std::string.
inline void append_raw(Appender& out, std::string_view bytes) { out.append(bytes); }
inline void append_raw(std::string& out, std::string_view bytes) { out.append(bytes); }

template <typename Out>
void append_varint(Out& out, uint64_t value) {
  char digits[10];
  append_raw(out, {digits, static_cast<size_t>(put_varint(digits, value) - digits)});
}
template <typename Out>
void append_varint_field(Out& out, uint32_t number, uint64_t value) {
  append_varint(out, varint_tag(number));
  append_varint(out, value);
}
template <typename Out>
void append_fixed64_field(Out& out, uint32_t number, uint64_t value) {
  append_varint(out, fixed64_tag(number));
  append_raw(out, {reinterpret_cast<const char*>(&value), 8});
}
template <typename Out>
void append_double_field(Out& out, uint32_t number, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  append_fixed64_field(out, number, bits);
}
template <typename Out>
void append_fixed32_field(Out& out, uint32_t number, uint32_t value) {
  append_varint(out, fixed32_tag(number));
  append_raw(out, {reinterpret_cast<const char*>(&value), 4});
}
template <typename Out>
void append_bytes_field(Out& out, uint32_t number, std::string_view content) {
  append_varint(out, bytes_tag(number));
  append_varint(out, content.size());
  append_raw(out, content);
}

// A length-delimited field whose length is known only when its content has been written.
//
//   NestedMessage message(out, bytes_tag(2), expected_size);
//   …append the content to `out`…
//   message.close();
class NestedMessage {
 public:
  // `expected_size` only decides how many bytes the length gets at first; a wrong guess costs one move.
  NestedMessage(Appender& out, uint32_t tag, size_t expected_size) : out_(out), length_size_(varint_size(expected_size)) {
    append_varint(out, tag);
    out.room(length_size_);
    out.advance(length_size_);
    start_ = out.size();
  }
  void close() {
    size_t size = out_.size() - start_;
    size_t needed = varint_size(size);
    if (needed > length_size_) {
      out_.room(needed - length_size_);
      out_.advance(needed - length_size_);
    }
    if (needed != length_size_) {
      std::memmove(out_.data() + start_ + needed - length_size_, out_.data() + start_, size);
      out_.truncate(start_ + needed - length_size_ + size);
    }
    put_varint(out_.data() + start_ - length_size_, size);
  }

 private:
  Appender& out_;
  size_t length_size_;
  size_t start_ = 0;
};

}  // namespace vigia::otlp
