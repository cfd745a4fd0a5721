#include "base/msgpack.h"

#include <cstring>

#include "base/check.h"

namespace vigia::msgpack {

namespace {

// What the first byte of a value says: its kind, how many bytes of a number or a length follow it, and what it carries itself.
struct Head {
  Kind kind = Kind::nil;
  uint8_t number_bytes = 0;  // Of a length, a count or the value itself.
  bool is_known = true;
  bool is_signed = false;
  uint32_t inside = 0;  // The length, count or value, when it stands in the first byte.
};

constexpr Head head_of(uint8_t byte) {
  if (byte < 0x80) return {Kind::integer, 0, true, false, byte};
  if (byte < 0x90) return {Kind::map, 0, true, false, byte & 0x0FU};
  if (byte < 0xA0) return {Kind::array, 0, true, false, byte & 0x0FU};
  if (byte < 0xC0) return {Kind::string, 0, true, false, byte & 0x1FU};
  if (byte >= 0xE0) return {Kind::integer, 0, true, true, byte};
  switch (byte) {
    case 0xC0:
      return {Kind::nil};
    case 0xC2:
    case 0xC3:
      return {Kind::boolean, 0, true, false, byte & 1U};
    case 0xC4:
    case 0xC5:
    case 0xC6:
      return {Kind::binary, static_cast<uint8_t>(1U << (byte - 0xC4))};
    case 0xC7:
    case 0xC8:
    case 0xC9:
      return {Kind::extension, static_cast<uint8_t>(1U << (byte - 0xC7))};
    case 0xCA:
    case 0xCB:
      return {Kind::number, static_cast<uint8_t>(4U << (byte - 0xCA))};
    case 0xCC:
    case 0xCD:
    case 0xCE:
    case 0xCF:
      return {Kind::integer, static_cast<uint8_t>(1U << (byte - 0xCC))};
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3:
      return {Kind::integer, static_cast<uint8_t>(1U << (byte - 0xD0)), true, true};
    case 0xD4:
    case 0xD5:
    case 0xD6:
    case 0xD7:
    case 0xD8:
      return {Kind::extension, 0, true, false, 1U << (byte - 0xD4)};
    case 0xD9:
    case 0xDA:
    case 0xDB:
      return {Kind::string, static_cast<uint8_t>(1U << (byte - 0xD9))};
    case 0xDC:
    case 0xDD:
      return {Kind::array, static_cast<uint8_t>(2U << (byte - 0xDC))};
    case 0xDE:
    case 0xDF:
      return {Kind::map, static_cast<uint8_t>(2U << (byte - 0xDE))};
    default:
      return {Kind::nil, 0, false};  // 0xC1 means nothing
  }
}

constexpr bool has_bytes(Kind kind) { return kind == Kind::string || kind == Kind::binary || kind == Kind::extension; }

// How many bytes lead up to the content: the first byte, the number, and the type of an extension.
constexpr size_t prefix_size(const Head& head) { return 1 + size_t{head.number_bytes} + (head.kind == Kind::extension ? 1 : 0); }

uint64_t big_endian(const char* at, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

uint64_t length_of(const Head& head, const char* first) {
  return head.number_bytes == 0 ? head.inside : big_endian(first + 1, head.number_bytes);
}

void read_integer(const Head& head, const char* first, Value& value) {
  if (head.number_bytes == 0) {
    value.integer = head.is_signed ? static_cast<int8_t>(*first) : static_cast<int64_t>(head.inside);
    return;
  }
  uint64_t bits = big_endian(first + 1, head.number_bytes);
  if (head.is_signed && head.number_bytes < 8) {
    unsigned shift = 64 - 8U * head.number_bytes;
    bits = static_cast<uint64_t>(static_cast<int64_t>(bits << shift) >> shift);
  }
  value.integer = static_cast<int64_t>(bits);
  if (!head.is_signed && value.integer < 0) value.kind = Kind::unsigned_integer;
}

double read_float(const Head& head, const char* first) {
  uint64_t bits = big_endian(first + 1, head.number_bytes);
  if (head.number_bytes == 4) {
    auto narrow = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &narrow, sizeof value);
    return static_cast<double>(value);
  }
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

bool Reader::fail() {
  is_ok_ = false;
  rest_ = {};
  return false;
}

bool Reader::next(Value& value) {
  if (rest_.empty()) return false;
  const char* first = rest_.data();
  Head head = head_of(static_cast<uint8_t>(*first));
  size_t prefix = prefix_size(head);
  if (!head.is_known || rest_.size() < prefix) return fail();
  rest_.remove_prefix(prefix);
  value = {};
  value.kind = head.kind;
  switch (head.kind) {
    case Kind::nil:
      break;
    case Kind::boolean:
      value.boolean = head.inside != 0;
      break;
    case Kind::integer:
    case Kind::unsigned_integer:
      read_integer(head, first, value);
      break;
    case Kind::number:
      value.number = read_float(head, first);
      break;
    case Kind::array:
    case Kind::map: {
      uint64_t count = length_of(head, first);
      if (count * (head.kind == Kind::map ? 2 : 1) > rest_.size()) return fail();
      value.count = static_cast<uint32_t>(count);
      break;
    }
    case Kind::string:
    case Kind::binary:
    case Kind::extension: {
      uint64_t length = length_of(head, first);
      if (length > rest_.size()) return fail();
      value.bytes = rest_.substr(0, length);
      if (head.kind == Kind::extension) value.extension_type = static_cast<int8_t>(first[prefix - 1]);
      rest_.remove_prefix(length);
      break;
    }
  }
  return true;
}

std::string_view Reader::skip() {
  Scanner scanner;
  if (scanner.advance(rest_, rest_.size()) != Scanner::State::complete) {
    if (!rest_.empty()) fail();
    return {};
  }
  std::string_view whole = rest_.substr(0, scanner.size());
  rest_.remove_prefix(whole.size());
  return whole;
}

bool Scanner::step(uint64_t children) {
  is_begun_ = true;
  if (depth_ > 0) {
    open_[depth_ - 1]--;
    promised_--;
  }
  if (children > 0) {
    if (depth_ == max_levels) return false;
    open_[depth_++] = children;
    promised_ += children;
  }
  while (depth_ > 0 && open_[depth_ - 1] == 0) depth_--;
  return true;
}

Scanner::State Scanner::advance(std::string_view bytes, size_t max_bytes) {
  while (!is_begun_ || depth_ > 0) {
    if (position_ >= bytes.size()) return State::incomplete;
    const char* first = bytes.data() + position_;
    Head head = head_of(static_cast<uint8_t>(*first));
    if (!head.is_known) return fail("a byte that MessagePack does not know");
    size_t prefix = prefix_size(head);
    if (bytes.size() - position_ < prefix) return State::incomplete;
    bool is_list = head.kind == Kind::array || head.kind == Kind::map;
    uint64_t length = is_list || has_bytes(head.kind) ? length_of(head, first) : 0;
    size_t end = position_ + prefix + (is_list ? 0 : length);
    if (!step(is_list ? length * (head.kind == Kind::map ? 2 : 1) : 0)) return fail("arrays and maps that nest too deep");
    if (end + promised_ > max_bytes) return fail("a value that is too large");
    position_ = end;
  }
  return position_ <= bytes.size() ? State::complete : State::incomplete;
}

namespace {

void append_big_endian(std::string& out, uint64_t value, size_t count) {
  while (count-- > 0) out += static_cast<char>(value >> (8 * count));
}

// A length behind the narrowest of three first bytes that follow each other.
void append_length(std::string& out, uint8_t first, size_t length) {
  CHECK(length <= UINT32_MAX);
  unsigned width = length <= UINT8_MAX ? 0 : length <= UINT16_MAX ? 1 : 2;
  out += static_cast<char>(first + width);
  append_big_endian(out, length, size_t{1} << width);
}

}  // namespace

void append_array(std::string& out, size_t count) {
  CHECK(count < 16);
  out += static_cast<char>(0x90 | count);
}

void append_map(std::string& out, size_t count) {
  CHECK(count < 16);
  out += static_cast<char>(0x80 | count);
}

void append_boolean(std::string& out, bool value) { out += static_cast<char>(value ? 0xC3 : 0xC2); }

void append_string(std::string& out, std::string_view text) {
  if (text.size() < 32)
    out += static_cast<char>(0xA0 | text.size());
  else
    append_length(out, 0xD9, text.size());
  out += text;
}

void append_binary(std::string& out, std::string_view bytes) {
  append_length(out, 0xC4, bytes.size());
  out += bytes;
}

}  // namespace vigia::msgpack
