#include "otlp/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/escape.h"
#include "base/utf8.h"

namespace vigia::otlp {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The pieces of a JSON number: -12.50e-3 has whole "12", fraction "50", exponent -3.
struct NumberText {
  bool is_negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) count++;
  std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Exponents beyond this make every number zero or infinite, whatever its digits within one request are.
constexpr int64_t exponent_bound = 1'000'000'000;

std::optional<int64_t> take_exponent(std::string_view& text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  text.remove_prefix(1);
  bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  std::string_view digits = take_digits(text);
  if (digits.empty()) return std::nullopt;
  int64_t exponent = 0;
  for (char c : digits) exponent = std::min(exponent * 10 + (c - '0'), exponent_bound);
  return is_negative ? -exponent : exponent;
}

std::optional<NumberText> parse_number(std::string_view text) {
  NumberText number;
  if (text.starts_with('-')) {
    number.is_negative = true;
    text.remove_prefix(1);
  }
  number.whole = take_digits(text);
  if (number.whole.empty() || (number.whole.size() > 1 && number.whole[0] == '0')) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = take_digits(text);
    if (number.fraction.empty()) return std::nullopt;
  }
  std::optional<int64_t> exponent = take_exponent(text);
  if (!exponent || !text.empty()) return std::nullopt;
  number.exponent = *exponent;
  return number;
}

bool append_digit(uint64_t& value, char digit) {
  return !__builtin_mul_overflow(value, uint64_t{10}, &value) && !__builtin_add_overflow(value, static_cast<uint64_t>(digit - '0'), &value);
}

bool all_zeros(std::string_view digits) { return digits.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<int64_t> WholeNumber::as_signed(int64_t least, int64_t most) const {
  constexpr uint64_t half = uint64_t{1} << 63;
  if (magnitude > half || (magnitude == half && !is_negative)) return std::nullopt;
  auto value = static_cast<int64_t>(is_negative ? 0 - magnitude : magnitude);
  if (value < least || value > most) return std::nullopt;
  return value;
}

std::optional<uint64_t> WholeNumber::as_unsigned(uint64_t most) const {
  if ((is_negative && magnitude != 0) || magnitude > most) return std::nullopt;
  return magnitude;
}

std::optional<WholeNumber> parse_whole_number(std::string_view text) {
  std::optional<NumberText> number = parse_number(text);
  if (!number) return std::nullopt;
  WholeNumber result{0, number->is_negative};
  if (all_zeros(number->whole) && all_zeros(number->fraction)) return result;
  // The point lies behind this many of the digits; what follows it must be zeros.
  int64_t places = static_cast<int64_t>(number->whole.size()) + number->exponent;
  int64_t count = static_cast<int64_t>(number->whole.size() + number->fraction.size());
  for (int64_t i = 0; i < std::max(places, count); i++) {
    auto at = static_cast<size_t>(i);
    size_t whole_size = number->whole.size();
    char digit = i >= count ? '0' : at < whole_size ? number->whole[at] : number->fraction[at - whole_size];
    if (i < places ? !append_digit(result.magnitude, digit) : digit != '0') return std::nullopt;
  }
  return result;
}

std::optional<double> parse_real_number(std::string_view text) {
  std::optional<NumberText> number = parse_number(text);
  if (!number) return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // Too large or too small: where the first digit that counts stands tells which.
  size_t leading = number->whole.find_first_not_of('0');
  bool is_large = leading != std::string_view::npos ? static_cast<int64_t>(number->whole.size()) + number->exponent > 0
                                                    : number->exponent > static_cast<int64_t>(number->fraction.find_first_not_of('0'));
  if (is_large) return std::nullopt;
  return number->is_negative ? -0.0 : 0.0;
}

namespace {

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits behind "\u".
std::optional<uint32_t> take_code_unit(std::string_view& text) {
  if (text.size() < 4) return std::nullopt;
  uint32_t unit = 0;
  for (size_t i = 0; i < 4; i++) {
    int digit = hex_value(text[i]);
    if (digit < 0) return std::nullopt;
    unit = unit << 4 | static_cast<uint32_t>(digit);
  }
  text.remove_prefix(4);
  return unit;
}

bool is_high_surrogate(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

template <typename Out>
void append_character(Out& out, uint32_t code) {
  char bytes[4];
  out.append(std::string_view(bytes, static_cast<size_t>(put_utf8(bytes, code) - bytes)));
}

// A \u escape, with its second half where it has one. Adds to `repaired` when the halves do not belong together.
template <typename Out>
bool append_code(Out& out, std::string_view& text, size_t& repaired) {
  std::optional<uint32_t> unit = take_code_unit(text);
  if (!unit) return false;
  uint32_t code = *unit;
  if (is_high_surrogate(code) && text.starts_with("\\u")) {
    std::string_view rest = text.substr(2);
    std::optional<uint32_t> second = take_code_unit(rest);
    if (!second) return false;
    if (is_low_surrogate(*second)) {
      append_character(out, 0x10000 + ((code - 0xD800) << 10) + (*second - 0xDC00));
      text = rest;
      return true;
    }
  }
  if (is_high_surrogate(code) || is_low_surrogate(code)) {
    code = 0xFFFD;
    repaired++;
  }
  append_character(out, code);
  return true;
}

template <typename Out>
std::optional<size_t> unescape_to(Out& out, std::string_view text) {
  size_t repaired = 0;
  for (;;) {
    size_t plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return repaired;
    if (text.size() < 2) return std::nullopt;
    char kind = text[1];
    text.remove_prefix(2);
    if (kind == 'u') {
      if (!append_code(out, text, repaired)) return std::nullopt;
    } else if (char c = json_escape_meaning(kind)) {
      out.push_back(c);
    } else {
      return std::nullopt;
    }
  }
}

}  // namespace

std::optional<size_t> append_unescaped(Appender& out, std::string_view escaped) { return unescape_to(out, escaped); }
std::optional<size_t> append_unescaped(std::string& out, std::string_view escaped) { return unescape_to(out, escaped); }

namespace {

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(Appender& out, char c) {
  static constexpr char digits[] = "0123456789abcdef";
  if (std::string_view escape = short_escape(c); !escape.empty()) return out.append(escape);
  auto code = static_cast<unsigned char>(c);
  out.append("\\u00");
  out.push_back(digits[code >> 4]);
  out.push_back(digits[code & 15]);
}

template <typename Number>
void append_digits(Appender& out, Number value) {
  char* at = out.room(24);
  out.advance(static_cast<size_t>(std::to_chars(at, at + 24, value).ptr - at));
}

// Lays out shortest digits ("12345", the point behind `places` of them) without an exponent.
void append_plain(Appender& out, std::string_view digits, int places) {
  if (places <= 0) {
    out.append("0.");
    for (int i = places; i < 0; i++) out.push_back('0');
    return out.append(digits);
  }
  auto whole = static_cast<size_t>(places);
  out.append(digits.substr(0, whole));
  for (size_t i = digits.size(); i < whole; i++) out.push_back('0');
  if (digits.size() <= whole) return;
  out.push_back('.');
  out.append(digits.substr(whole));
}

}  // namespace

void append_json_string(Appender& out, std::string_view text) {
  out.push_back('"');
  size_t start = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (!needs_escape(text[i])) continue;
    out.append(text.substr(start, i - start));
    append_escape(out, text[i]);
    start = i + 1;
  }
  out.append(text.substr(start));
  out.push_back('"');
}

void append_json_real(Appender& out, double value) {
  if (std::isnan(value)) return out.append("\"NaN\"");
  if (std::isinf(value)) return out.append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  double size = std::fabs(value);
  std::array<char, 32> room;
  char* end = std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::scientific).ptr;
  std::string_view text(room.data(), static_cast<size_t>(end - room.data()));
  if (size != 0 && (size < 1e-6 || size >= 1e21)) return out.append(text);

  // "-1.2345e+04" → sign, digits "12345", five places before the point.
  char* first = room.data();
  if (*first == '-') {
    out.push_back('-');
    first++;
  }
  text = {first, static_cast<size_t>(end - first)};
  size_t mark = text.find('e');
  std::string_view digits = text.substr(0, 1);
  if (mark > 1) {
    first[1] = first[0];  // over the point
    digits = text.substr(1, mark - 1);
  }
  std::string_view exponent = text.substr(mark + 1);
  int power = 0;
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
  append_plain(out, digits, power + 1);
}

void append_json_int(Appender& out, int64_t value) { append_digits(out, value); }
void append_json_uint(Appender& out, uint64_t value) { append_digits(out, value); }

}  // namespace vigia::otlp
