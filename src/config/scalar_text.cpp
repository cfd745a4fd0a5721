#include "config/scalar_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/escape.h"
#include "base/hash.h"
#include "base/text.h"

namespace vigia::config {
namespace {

constexpr size_t max_shown_bytes = 60;
constexpr double two_to_the_53 = 9007199254740992.0;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

bool is_infinity(std::string_view text) { return is_one_of(without_sign(text), {".inf", ".Inf", ".INF"}); }
bool is_not_a_number(std::string_view text) { return is_one_of(text, {".nan", ".NaN", ".NAN"}); }

size_t count_digits(std::string_view text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

// [-+]? ( digits [. digits?] | . digits ) ( [eE] [-+]? digits )?
bool has_float_form(std::string_view text) {
  text = without_sign(text);
  size_t whole = count_digits(text);
  text.remove_prefix(whole);
  size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = count_digits(text);
    text.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text = without_sign(text.substr(1));
  return !text.empty() && count_digits(text) == text.size();
}

// Go's base-0 rules: 0x, 0o, 0b, and a leading 0 for octal.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  char mark = static_cast<char>(digits[1] | 0x20);
  int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
  digits.remove_prefix(base ? 2 : 1);
  return base ? base : 8;
}

std::optional<WholeNumber> parse_integer_form(std::string_view text) {
  WholeNumber number{.is_negative = text.starts_with('-')};
  std::string digits(without_sign(text));
  if (digits.empty() || !is_digit(digits[0])) return std::nullopt;
  std::erase(digits, '_');
  std::string_view rest = digits;
  int base = take_base(rest);
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number.magnitude, base);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  if (number.is_negative && number.magnitude > uint64_t{1} << 63) return std::nullopt;
  return number;
}

}  // namespace

bool is_null_text(std::string_view text) { return is_one_of(text, {"", "~", "null", "Null", "NULL"}); }

ScalarType scalar_type_of(std::string_view text) {
  if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return ScalarType::boolean;
  if (text.empty() || !(is_digit(text[0]) || text[0] == '-' || text[0] == '+' || text[0] == '.')) return ScalarType::string;
  if (parse_integer_form(text)) return ScalarType::integer;
  if (has_float_form(text) || is_infinity(text) || is_not_a_number(text)) return ScalarType::floating;
  return ScalarType::string;
}

std::optional<WholeNumber> parse_whole_number(std::string_view text) {
  text = trim(text);
  if (std::optional<WholeNumber> number = parse_integer_form(text)) return number;
  std::optional<double> value = parse_number(text);
  if (!value || std::abs(*value) > two_to_the_53 || *value != std::floor(*value)) return std::nullopt;
  return WholeNumber{*value < 0, static_cast<uint64_t>(std::abs(*value))};
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (is_not_a_number(text)) return std::nan("");
  if (is_infinity(text)) return text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  if (std::optional<WholeNumber> whole = parse_integer_form(text)) {
    auto magnitude = static_cast<double>(whole->magnitude);
    return whole->is_negative ? -magnitude : magnitude;
  }
  if (!has_float_form(text)) return std::nullopt;
  bool is_negative = text[0] == '-';
  std::optional<double> magnitude = parse_double(without_sign(text));
  if (!magnitude) return std::nullopt;
  return is_negative ? -*magnitude : *magnitude;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (is_one_of(text, {"true", "True", "TRUE", "t", "T", "1"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE", "f", "F", "0"})) return false;
  return std::nullopt;
}

std::optional<uint64_t> parse_size_bytes(std::string_view text) {
  text = trim(text);
  size_t digits = std::min(text.find_first_not_of("0123456789.e+"), text.size());
  std::optional<double> number = parse_number(text.substr(0, digits));
  std::string unit = to_lower(trim(text.substr(digits)));
  if (unit.ends_with('b')) unit.pop_back();
  if (!number || *number < 0) return std::nullopt;
  constexpr std::string_view letters = "kmgtp";
  double factor = 1;
  if (!unit.empty()) {
    size_t power = letters.find(unit[0]);
    if (power == std::string_view::npos || (unit.size() > 1 && unit.substr(1) != "i")) return std::nullopt;
    factor = std::pow(unit.size() > 1 ? 1024.0 : 1000.0, static_cast<double>(power + 1));
  }
  double bytes = *number * factor;
  if (!(bytes < 9.2e18)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::string shortened(std::string_view text) {
  if (text.size() <= max_shown_bytes) return std::string(text);
  size_t length = max_shown_bytes;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) length--;
  return std::string(text.substr(0, length)) + "…";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (std::string_view escape = short_escape(c); !escape.empty())
      out += escape;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += "\\x" + to_hex({&c, 1});
    else
      out += c;
  }
  return out + "\"";
}

}  // namespace vigia::config
