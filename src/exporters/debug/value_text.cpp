#include <cmath>

#include <fmt/core.h>

#include "base/clock.h"
#include "exporters/debug/text.h"
#include "otlp/value_text.h"

namespace vigia::exporters {

namespace {

using otlp::ValueKind;
using otlp::ValueView;

std::string special_text(double value) { return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"; }

std::string_view kind_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::empty:
      return "Empty";
    case ValueKind::string:
      return "Str";
    case ValueKind::boolean:
      return "Bool";
    case ValueKind::integer:
      return "Int";
    case ValueKind::real:
      return "Double";
    case ValueKind::array:
      return "Slice";
    case ValueKind::map:
      return "Map";
    case ValueKind::bytes:
      return "Bytes";
  }
  return "Empty";
}

}  // namespace

std::string value_text(const ValueView& value) {
  std::string text;
  otlp::append_value_text(text, value);
  return text;
}

std::string typed_value_text(const ValueView& value) { return fmt::format("{}({})", kind_name(value.kind()), value_text(value)); }

std::string time_text(uint64_t unix_ns) {
  std::string text = format_rfc3339(static_cast<int64_t>(unix_ns), 9);
  text[text.find('T')] = ' ';
  text.erase(text.find('Z'));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + " +0000 UTC";
}

std::string fixed_text(double value) { return std::isfinite(value) ? fmt::format("{:f}", value) : special_text(value); }
std::string shortest_text(double value) { return std::isfinite(value) ? fmt::format("{}", value) : special_text(value); }

}  // namespace vigia::exporters
