#include "prometheus/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace vigia::prometheus {

namespace {

// The longest are those of the smallest number in fixed form.
constexpr size_t most_digits = 1100;

bool append_special(std::string& out, double value) {
  if (std::isnan(value))
    out += "NaN";
  else if (std::isinf(value))
    out += value > 0 ? "+Inf" : "-Inf";
  else
    return false;
  return true;
}

void append_digits(std::string& out, double value, std::chars_format format) {
  char digits[most_digits];
  out.append(digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value, format).ptr - digits));
}

}  // namespace

void append_number(std::string& out, double value) {
  if (append_special(out, value)) return;
  double size = std::fabs(value);
  // The common case, which needs no search for the shortest digits.
  if (size < 1e6 && value == std::trunc(value) && !(value == 0 && std::signbit(value))) {
    char digits[24];
    out.append(digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(value)).ptr - digits));
    return;
  }
  bool is_plain = size == 0 || (size >= 1e-4 && size < 1e6);
  append_digits(out, value, is_plain ? std::chars_format::fixed : std::chars_format::scientific);
}

void append_number_with_point(std::string& out, double value) {
  size_t start = out.size();
  append_number(out, value);
  if (std::isfinite(value) && std::string_view(out).find_first_of(".e", start) == std::string_view::npos) out += ".0";
}

void append_fixed_number(std::string& out, double value) {
  if (append_special(out, value)) return;
  // Beyond that to_chars writes all digits of the exact value; only those that tell it from its neighbours are wanted, and then zeros.
  if (std::fabs(value) < 1e17) return append_digits(out, value, std::chars_format::fixed);
  std::string text;
  append_digits(text, value, std::chars_format::scientific);
  size_t mark = text.find('e');
  size_t exponent = 0;
  std::from_chars(text.data() + mark + 2, text.data() + text.size(), exponent);
  size_t first = out.size();
  for (char c : std::string_view(text).substr(0, mark))
    if (c != '.') out += c;
  size_t count = out.size() - first - (value < 0 ? 1 : 0);
  if (count <= exponent) out.append(exponent + 1 - count, '0');
}

}  // namespace vigia::prometheus
