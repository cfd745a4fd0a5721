#pragma once

#include <optional>
#include <string_view>

namespace vigia::ottl {

// A text as a float by the rules of Go's strconv.ParseFloat, which decide in the Collector which attributes are numbers:
// "1_000" and "0x1p-2" are some, "0x10" and "+-5" are none, what is too small becomes 0 and what is too large is refused.
std::optional<double> parse_float(std::string_view text);

}  // namespace vigia::ottl
