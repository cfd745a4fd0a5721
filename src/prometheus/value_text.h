#pragma once

// Numbers as they stand in exposition texts and labels.

#include <cstdint>
#include <optional>
#include <string_view>

namespace vigia::prometheus {

// A value or timestamp, by the rules of Prometheus: what Go's ParseFloat reads, without hexadecimal numbers and underscores. "NaN", "+Inf" and
// "infinity" are some in any case of letters; what is too small becomes 0, what is too large is refused.
std::optional<double> parse_value(std::string_view text);

// A count that came as a floating-point number, cut to what a whole one can be.
uint64_t to_count(double value);

}  // namespace vigia::prometheus
