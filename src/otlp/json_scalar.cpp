#include "otlp/json_scalar.h"

#include <climits>
#include <cmath>
#include <limits>

#include "base/hash.h"
#include "base/text.h"
#include "otlp/json_text.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

bool is_zero_bits(double value) { return value == 0 && !std::signbit(value); }

uint64_t zigzag(int64_t value) { return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63); }

bool is_quoted(std::string_view token) { return token.size() >= 2 && token.front() == '"' && token.back() == '"'; }

std::string_view unquoted(std::string_view token) { return token.substr(1, token.size() - 2); }

// Fields without a choice or a list around them are left out when they are empty or zero, as protobuf does.
bool may_leave_out(const JsonField& field) { return field.choice == 0 && !field.is_repeated; }

std::optional<uint64_t> signed_bits(const WholeNumber& number, int64_t least, int64_t most) {
  std::optional<int64_t> value = number.as_signed(least, most);
  if (!value) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

std::optional<uint64_t> enum_number(const JsonField& field, std::string_view name) {
  for (const JsonEnumValue& value : field.values)
    if (value.name == name) return static_cast<uint64_t>(value.number);
  return std::nullopt;
}

}  // namespace

std::string_view expectation_of(JsonKind kind) {
  switch (kind) {
    case JsonKind::string:
      return "a string";
    case JsonKind::bytes:
      return "a string in base64";
    case JsonKind::trace_id:
      return "32 hexadecimal digits";
    case JsonKind::span_id:
      return "16 hexadecimal digits";
    case JsonKind::boolean:
      return "true or false";
    case JsonKind::real:
      return "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    case JsonKind::int32:
    case JsonKind::sint32:
      return "an integer of 32 bits";
    case JsonKind::uint32:
    case JsonKind::fixed32:
      return "an unsigned integer of 32 bits";
    case JsonKind::int64:
    case JsonKind::sfixed64:
      return "an integer of 64 bits, as a number or a string";
    case JsonKind::uint64:
    case JsonKind::fixed64:
      return "an unsigned integer of 64 bits, as a number or a string";
    case JsonKind::enumeration:
      return "the number or the name of a value";
    case JsonKind::message:
      break;
  }
  return "an object";
}

bool JsonScalars::write(const JsonField& field, std::string_view token) {
  switch (field.kind) {
    case JsonKind::string:
      return write_text(field, token);
    case JsonKind::bytes:
      return write_bytes(field, token);
    case JsonKind::trace_id:
      return write_id(field, token, 16);
    case JsonKind::span_id:
      return write_id(field, token, 8);
    default:
      return write_number(field, token);
  }
}

bool JsonScalars::write_text(const JsonField& field, std::string_view token) {
  if (!is_quoted(token)) return false;
  std::string_view text = unquoted(token);
  if (text.empty() && may_leave_out(field)) return true;
  if (text.find('\\') == std::string_view::npos) {
    append_bytes_field(out_, field.number, text);
    return true;
  }
  NestedMessage content(out_, bytes_tag(field.number), text.size());
  std::optional<size_t> repaired = append_unescaped(out_, text);
  if (!repaired) return false;
  repaired_count_ += *repaired;
  content.close();
  return true;
}

std::optional<std::string_view> JsonScalars::text_of(std::string_view token) {
  if (!is_quoted(token)) return std::nullopt;
  std::string_view text = unquoted(token);
  if (text.find('\\') == std::string_view::npos) return text;
  scratch_.clear();
  if (!append_unescaped(scratch_, text)) return std::nullopt;
  return scratch_;
}

bool JsonScalars::write_id(const JsonField& field, std::string_view token, size_t size) {
  std::optional<std::string_view> text = text_of(token);
  if (!text) return false;
  if (text->empty()) return true;
  if (text->size() != size * 2) return false;
  std::optional<std::string> id = from_hex(*text);
  if (!id) return false;
  append_bytes_field(out_, field.number, *id);
  return true;
}

bool JsonScalars::write_bytes(const JsonField& field, std::string_view token) {
  std::optional<std::string_view> text = text_of(token);
  if (!text) return false;
  std::optional<std::string> bytes = from_base64(*text);
  if (!bytes) return false;
  if (!bytes->empty() || !may_leave_out(field)) append_bytes_field(out_, field.number, *bytes);
  return true;
}

bool JsonScalars::write_number(const JsonField& field, std::string_view token) {
  std::optional<Bits> bits = number_bits(field, token);
  if (!bits) return false;
  if (bits->is_zero && may_leave_out(field)) return true;
  WireType type = bits->size == 0 ? WireType::varint : bits->size == 4 ? WireType::fixed32 : WireType::fixed64;
  append_varint(out_, tag_of(field.number, type));
  append_bits(*bits);
  return true;
}

void JsonScalars::append_bits(const Bits& bits) {
  if (bits.size == 0) return append_varint(out_, bits.value);
  append_raw(out_, {reinterpret_cast<const char*>(&bits.value), bits.size});
}

bool JsonScalars::write_packed(const JsonField& field, std::string_view token) {
  std::optional<Bits> bits = number_bits(field, token);
  if (!bits) return false;
  append_bits(*bits);
  return true;
}

std::optional<JsonScalars::Bits> JsonScalars::number_bits(const JsonField& field, std::string_view token) {
  switch (field.kind) {
    case JsonKind::boolean:
      if (token != "true" && token != "false") return std::nullopt;
      return Bits{token == "true", 0, token == "false"};
    case JsonKind::real: {
      std::optional<double> value = real_value(token);
      if (!value) return std::nullopt;
      Bits bits{0, 8, is_zero_bits(*value)};
      std::memcpy(&bits.value, &*value, sizeof bits.value);
      return bits;
    }
    default: {
      std::optional<uint64_t> value = integer_bits(field, token);
      if (!value) return std::nullopt;
      bool is_fixed64 = field.kind == JsonKind::fixed64 || field.kind == JsonKind::sfixed64;
      return Bits{*value, static_cast<uint8_t>(is_fixed64 ? 8 : field.kind == JsonKind::fixed32 ? 4 : 0), *value == 0};
    }
  }
}

std::optional<uint64_t> JsonScalars::integer_bits(const JsonField& field, std::string_view token) {
  bool quoted = is_quoted(token);
  if (quoted) {
    std::optional<std::string_view> text = text_of(token);
    if (!text) return std::nullopt;
    token = *text;
  }
  if (quoted && field.kind == JsonKind::enumeration) return enum_number(field, token);
  std::optional<WholeNumber> number = parse_whole_number(token);
  if (!number) return std::nullopt;
  switch (field.kind) {
    case JsonKind::uint32:
    case JsonKind::fixed32:
      return number->as_unsigned(UINT32_MAX);
    case JsonKind::uint64:
    case JsonKind::fixed64:
      return number->as_unsigned(UINT64_MAX);
    case JsonKind::int64:
    case JsonKind::sfixed64:
      return signed_bits(*number, INT64_MIN, INT64_MAX);
    default:
      break;
  }
  std::optional<uint64_t> bits = signed_bits(*number, INT32_MIN, INT32_MAX);
  if (bits && field.kind == JsonKind::sint32) bits = zigzag(static_cast<int64_t>(*bits));
  return bits;
}

std::optional<double> JsonScalars::real_value(std::string_view token) {
  if (is_quoted(token)) {
    std::optional<std::string_view> text = text_of(token);
    if (!text) return std::nullopt;
    token = *text;
    if (token == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (token == "Infinity") return std::numeric_limits<double>::infinity();
    if (token == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  return parse_real_number(token);
}

}  // namespace vigia::otlp
