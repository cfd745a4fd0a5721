#include "otlp/validate.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "otlp/count.h"
#include "otlp/door_internal.h"
#include "otlp/door_schema.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace door {

namespace {

unsigned char byte_at(const char* at) { return static_cast<unsigned char>(*at); }

uint64_t word_at(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

constexpr uint64_t high_bits = 0x8080808080808080ULL;

using WordPair = uint64_t __attribute__((vector_size(16)));

WordPair pair_at(const char* at) {
  WordPair pair;
  std::memcpy(&pair, at, 16);
  return pair;
}

// REQUIRES: size ≥ 8. Bytes are looked at twice rather than each of a rest, and up to 64 of them without a loop: a processor guesses wrong
// how often a loop over texts of ever other lengths runs, and that costs more than the looks.
inline bool is_long_ascii(const char* at, size_t size) {
  if (size < 16) return ((word_at(at) | word_at(at + size - 8)) & high_bits) == 0;
  const char* last = at + size - 16;
  for (; last - at > 48; at += 64) {
    WordPair seen = pair_at(at) | pair_at(at + 16) | pair_at(at + 32) | pair_at(at + 48);
    if (((seen[0] | seen[1]) & high_bits) != 0) return false;
  }
  WordPair seen = pair_at(std::min(at, last)) | pair_at(std::min(at + 16, last)) | pair_at(std::min(at + 32, last)) | pair_at(last);
  return ((seen[0] | seen[1]) & high_bits) == 0;
}

inline bool is_text(std::string_view text) {
  if (text.size() >= 8) return is_long_ascii(text.data(), text.size()) || is_valid_utf8_slow(text);
  unsigned char seen = 0;
  for (char c : text) seen |= static_cast<unsigned char>(c);
  return seen < 0x80 || is_valid_utf8_slow(text);
}

// The value of a key or a length: at most 5 bytes and 32 bits. Null when it is none.
const char* read_long_uint32(const char* at, const char* end, uint32_t& value) {
  uint64_t wide = 0;
  for (int shift = 0; shift < 35 && at != end; shift += 7) {
    unsigned char byte = byte_at(at++);
    wide |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte >= 0x80) continue;
    value = static_cast<uint32_t>(wide);
    return wide <= UINT32_MAX ? at : nullptr;
  }
  return nullptr;
}
inline const char* read_uint32(const char* at, const char* end, uint32_t& value) {
  if (at == end) return nullptr;
  value = byte_at(at);
  if (value < 0x80) [[likely]]
    return at + 1;
  return read_long_uint32(at, end, value);
}

// Behind the varint, or null.
inline const char* skip_varint(const char* at, const char* end) {
  for (int i = 0; i < 10 && at != end; i++) {
    if (byte_at(at++) < 0x80) return at;
  }
  return nullptr;
}

// Whether this byte alone is the key of a length-delimited field.
inline bool is_length_key(char c) { return (static_cast<unsigned char>(c) & 0x87) == static_cast<unsigned char>(WireType::length); }

// A value in its short forms: text, which is known to be ASCII, a bool, a number.
inline bool is_short_value(const char* at, size_t size) {
  switch (byte_at(at)) {
    case bytes_tag(1):
      return byte_at(at + 1) == size - 2;
    case varint_tag(2):
      return size == 2 && byte_at(at + 1) < 0x80;
    case varint_tag(3):
      return size <= 11 && skip_varint(at + 1, at + size) == at + size;
    case fixed64_tag(4):
      return size == 9;
    default:
      return false;
  }
}

// Steps over a KeyValue in the shape that nearly all have (attribute_view.h) with ASCII text. Null when it may be anything else.
// `at` is at the field's key, of one byte.
[[gnu::always_inline]] inline const char* skip_short_attribute(const char* at, const char* end) {
  auto left = static_cast<size_t>(end - at);
  if (left < 8) return nullptr;
  size_t length = byte_at(at + 1);
  size_t key_length = byte_at(at + 3);
  if (length >= 0x80 || length > left - 2 || byte_at(at + 2) != bytes_tag(1) || key_length + 6 > length) return nullptr;
  const char* value = at + 6 + key_length;
  size_t value_length = byte_at(value - 1);
  if (byte_at(value - 2) != bytes_tag(2) || key_length + value_length + 4 != length || value_length < 2) return nullptr;
  // All bytes of a text attribute are ASCII, its keys and lengths too. Of others this ends with the key of the value.
  size_t text_size = byte_at(value) == bytes_tag(1) ? length + 2 : key_length + 7;
  if (text_size < 8 || !is_long_ascii(at, text_size) || !is_short_value(value, value_length)) return nullptr;
  return value + value_length;
}

// The same for this attribute and all that follow at once under the same key.
inline const char* skip_short_attributes(const char* at, const char* end) {
  const char key = *at;
  const char* behind = nullptr;
  do {
    const char* next = skip_short_attribute(at, end);
    if (!next) break;
    at = behind = next;
  } while (at != end && *at == key);
  return behind;
}

// Steps over what nearly every span begins with, in this order: its ids, its name in ASCII, its kind and its times. Ends before whatever is
// not of this shape.
inline const char* skip_usual_span_start(const char* at, const char* end) {
  constexpr ptrdiff_t ids_bytes = 18 + 10 + 10, numbers_bytes = 2 + 9 + 9;
  if (end - at < ids_bytes + 2) return at;
  if (at[0] == bytes_tag(1) && at[1] == 16) at += 18;
  if (at[0] == bytes_tag(2) && at[1] == 8) at += 10;
  if (at[0] == bytes_tag(4) && at[1] == 8) at += 10;
  size_t name_size = byte_at(at + 1);
  if (at[0] != bytes_tag(5) || end - at < static_cast<ptrdiff_t>(name_size + 2) + numbers_bytes) return at;
  if (name_size < 8 || name_size >= 0x80 || !is_long_ascii(at + 2, name_size)) return at;
  at += 2 + name_size;
  if (at[0] == varint_tag(6) && byte_at(at + 1) < 0x80) at += 2;
  if (at[0] == fixed64_tag(7)) at += 9;
  if (at[0] == fixed64_tag(8)) at += 9;
  return at;
}

class Checker {
 public:
  // Checks the message between `at` and `end`, in which `levels` values enclose it.
  bool check(MessageType type, const char* at, const char* end, int levels);

  const FaultPlace& fault() const { return fault_; }
  size_t item_count() const { return item_count_; }
  bool has_bad_text() const { return has_bad_text_; }
  bool has_double_fields() const { return has_double_fields_; }

 private:
  bool fail(const char* field, Fault fault) {
    fault_ = {fault, field};
    return false;
  }
  // Steps over the content behind a field's key. `at` becomes null when it is broken.
  bool check_number(const char* field, const char*& at, const char* end, uint32_t key, WireType expected);
  bool check_unknown(const char* field, const char*& at, const char* end, uint32_t key);
  bool check_numbers(const char* field, const char*& at, const char* end, uint32_t key, FieldKind kind);
  bool check_message(const char* field, std::string_view content, const FieldRule& rule, int levels);
  bool check_bytes(const char* field, std::string_view content, FieldKind kind);

  FaultPlace fault_;
  size_t item_count_ = 0;
  bool has_bad_text_ = false;
  bool has_double_fields_ = false;
};

inline bool Checker::check_number(const char* field, const char*& at, const char* end, uint32_t key, WireType expected) {
  if ((key & 7) != static_cast<uint32_t>(expected)) return fail(field, Fault::wrong_type);
  if (expected == WireType::varint) {
    at = skip_varint(at, end);
    return at || fail(field, Fault::broken_number);
  }
  ptrdiff_t size = expected == WireType::fixed64 ? 8 : 4;
  if (end - at < size) return fail(field, Fault::too_short);
  at += size;
  return true;
}

bool Checker::check_unknown(const char* field, const char*& at, const char* end, uint32_t key) {
  switch (static_cast<WireType>(key & 7)) {
    case WireType::varint:
    case WireType::fixed64:
    case WireType::fixed32:
      return check_number(field, at, end, key, static_cast<WireType>(key & 7));
    case WireType::length: {
      uint32_t length;
      at = read_uint32(at, end, length);
      if (!at || length > static_cast<size_t>(end - at)) return fail(field, Fault::too_short);
      at += length;
      return true;
    }
  }
  return fail(field, Fault::wrong_type);
}

bool Checker::check_numbers(const char* field, const char*& at, const char* end, uint32_t key, FieldKind kind) {
  WireType single = kind == FieldKind::varints ? WireType::varint : WireType::fixed64;
  if ((key & 7) != static_cast<uint32_t>(WireType::length)) return check_number(field, at, end, key, single);
  uint32_t length;
  at = read_uint32(at, end, length);
  if (!at || length > static_cast<size_t>(end - at)) return fail(field, Fault::too_short);
  const char* content_end = at + length;
  if (kind == FieldKind::fixed64s && length % 8 != 0) return fail(field, Fault::packed_numbers);
  while (kind == FieldKind::varints && at != content_end) {
    at = skip_varint(at, content_end);
    if (!at) return fail(field, Fault::packed_numbers);
  }
  at = content_end;
  return true;
}

inline bool Checker::check_bytes(const char* field, std::string_view content, FieldKind kind) {
  switch (kind) {
    case FieldKind::text:
      has_bad_text_ |= !is_text(content);
      return true;
    case FieldKind::trace_id:
      return content.empty() || content.size() == 16 || fail(field, Fault::trace_id_length);
    case FieldKind::span_id:
      return content.empty() || content.size() == 8 || fail(field, Fault::span_id_length);
    default:
      return true;
  }
}

inline bool Checker::check_message(const char* field, std::string_view content, const FieldRule& rule, int levels) {
  item_count_ += rule.is_item;
  if (rule.message == MessageType::any_value && ++levels > max_value_levels) return fail(field, Fault::too_deep);
  return check(rule.message, content.data(), content.data() + content.size(), levels);
}

bool Checker::check(MessageType type, const char* at, const char* end, int levels) {
  const MessageRule& rules = rules_of(type);
  uint32_t seen_once = 0;
  if (type == MessageType::span) at = skip_usual_span_start(at, end);
  while (at != end) {
    const char* field = at;
    uint32_t key;
    at = read_uint32(at, end, key);
    if (!at) return fail(field, Fault::broken_key);
    const FieldRule& rule = rule_of(rules, key >> 3);
    if ((seen_once & rule.once) != 0) [[unlikely]]
      has_double_fields_ = true;
    seen_once |= rule.once;
    switch (rule.kind) {
      case FieldKind::message:
        if (rule.message == MessageType::key_value && is_length_key(*field)) {
          if (const char* next = skip_short_attributes(field, end)) [[likely]] {
            at = next;
            break;
          }
        }
        [[fallthrough]];
      case FieldKind::text:
      case FieldKind::bytes:
      case FieldKind::trace_id:
      case FieldKind::span_id: {
        if ((key & 7) != static_cast<uint32_t>(WireType::length)) return fail(field, Fault::wrong_type);
        uint32_t length;
        at = read_uint32(at, end, length);
        if (!at || length > static_cast<size_t>(end - at)) return fail(field, Fault::too_short);
        std::string_view content(at, length);
        at += length;
        bool is_good =
            rule.kind == FieldKind::message ? check_message(field, content, rule, levels) : check_bytes(field, content, rule.kind);
        if (!is_good) return false;
        break;
      }
      case FieldKind::varint:
        if (!check_number(field, at, end, key, WireType::varint)) return false;
        break;
      case FieldKind::fixed64:
        if (!check_number(field, at, end, key, WireType::fixed64)) return false;
        break;
      case FieldKind::fixed32:
        if (!check_number(field, at, end, key, WireType::fixed32)) return false;
        break;
      case FieldKind::varints:
      case FieldKind::fixed64s:
        if (!check_numbers(field, at, end, key, rule.kind)) return false;
        break;
      case FieldKind::unknown:
        if (!check_unknown(field, at, end, key)) return false;
        break;
      case FieldKind::illegal:
        return fail(field, Fault::field_number);
    }
  }
  return true;
}

}  // namespace

}  // namespace door

Result<Checked> validate(Signal signal, const Slice& body, MemoryLedger& ledger) {
  door::MessageType request = door::request_type(signal);
  door::Checker checker;
  if (!checker.check(request, body.data(), body.data() + body.size(), 0)) {
    return invalid_argument(door::describe_fault(request, body.view(), checker.fault()));
  }
  Checked checked{body, checker.item_count(), 0};
  if (!checker.has_bad_text() && !checker.has_double_fields()) return checked;
  Appender out(ledger, body.size() + body.size() / 8);
  checked.repaired_strings = door::repair(request, body.view(), out);
  checked.body = out.take();
  if (checker.has_double_fields()) checked.item_count = count_items(signal, checked.body.view());
  return checked;
}

}  // namespace vigia::otlp
