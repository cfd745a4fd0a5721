#include "prometheus/value_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/text.h"

namespace vigia::prometheus {

namespace {

std::optional<double> parse_special(std::string_view text) {
  bool is_negative = text.starts_with('-');
  bool has_sign = is_negative || text.starts_with('+');
  std::string_view word = text.substr(has_sign ? 1 : 0);
  if (!has_sign && equals_ignoring_case(word, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (!equals_ignoring_case(word, "inf") && !equals_ignoring_case(word, "infinity")) return std::nullopt;
  return is_negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

// Most samples are whole numbers that a double holds exactly.
bool parse_whole(std::string_view text, double& value) {
  if (text.empty() || text.size() > 15) return false;
  uint64_t number = 0;
  for (char c : text) {
    auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  value = static_cast<double>(number);
  return true;
}

// Whether a number that from_chars cannot hold is too small rather than too large: the decimal point of its first digit that counts tells.
bool is_tiny(std::string_view digits) {
  int64_t exponent = 0;
  if (size_t at = digits.find_first_of("eE"); at != std::string_view::npos) {
    std::string_view text = digits.substr(at + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc()) return text.starts_with('-');
    digits = digits.substr(0, at);
  }
  size_t point = std::min(digits.find('.'), digits.size());
  size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  auto place = first < point ? static_cast<int64_t>(point - first) : -static_cast<int64_t>(first - point);
  return exponent < -place;
}

}  // namespace

std::optional<double> parse_value(std::string_view text) {
  double value = 0;
  if (parse_whole(text, value)) return value;
  std::string_view digits = text;
  bool has_sign = text.starts_with('-') || text.starts_with('+');
  if (has_sign) digits.remove_prefix(1);
  if (digits.empty()) return std::nullopt;
  char first = digits.front();
  if ((first < '0' || first > '9') && first != '.') return parse_special(text);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    if (!is_tiny(digits)) return std::nullopt;
    value = 0;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return text.front() == '-' ? -value : value;
}

uint64_t to_count(double value) {
  constexpr double most = 1.8446744073709550e19;
  if (!(value > 0)) return 0;
  return value >= most ? UINT64_MAX : static_cast<uint64_t>(value);
}

}  // namespace vigia::prometheus
