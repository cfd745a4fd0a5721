#include "ottl/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "base/text.h"

namespace vigia::ottl {

namespace {

bool is_digit(char c, bool is_hex) { return (c >= '0' && c <= '9') || (is_hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))); }

// Without the underscores, which must stand between digits; the prefix 0x counts as one.
std::optional<std::string> without_underscores(std::string_view text, bool is_hex) {
  std::string plain;
  bool is_after_digit = is_hex;
  bool is_after_underscore = false;
  for (char c : text) {
    if (c == '_' && !is_after_digit) return std::nullopt;
    if (is_after_underscore && !is_digit(c, is_hex)) return std::nullopt;
    is_after_underscore = c == '_';
    is_after_digit = is_digit(c, is_hex);
    if (c != '_') plain += c;
  }
  return is_after_underscore ? std::nullopt : std::optional(std::move(plain));
}

bool parse_digits(const std::string& digits, bool is_hex, double& value) {
  if (digits.empty() || !(is_digit(digits[0], is_hex) || digits[0] == '.')) return false;
  if (is_hex && digits.find_first_of("pP") == std::string::npos) return false;
  const char* last = digits.data() + digits.size();
  auto [end, error] = std::from_chars(digits.data(), last, value, is_hex ? std::chars_format::hex : std::chars_format::general);
  if (end != last || error == std::errc::invalid_argument) return false;
  if (error == std::errc()) return true;
  // Out of range, which from_chars says of too small ones as well.
  value = std::strtod((is_hex ? "0x" + digits : digits).c_str(), nullptr);
  return std::isfinite(value);
}

}  // namespace

std::optional<double> parse_float(std::string_view text) {
  if (equals_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  double sign = is_negative ? -1 : 1;
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) return sign * std::numeric_limits<double>::infinity();
  bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  std::optional<std::string> digits = without_underscores(is_hex ? text.substr(2) : text, is_hex);
  double value = 0;
  if (!digits || !parse_digits(*digits, is_hex, value)) return std::nullopt;
  return sign * value;
}

}  // namespace vigia::ottl
