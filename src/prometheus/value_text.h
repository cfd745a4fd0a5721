#pragma once

// Numbers as they stand in exposition texts and labels.

#include <optional>
#include <string>
#include <string_view>

namespace vigia::prometheus {

// A value or timestamp, by the rules of Prometheus: what Go's ParseFloat reads, without hexadecimal numbers and underscores. "NaN", "+Inf" and
// "infinity" are some in any case of letters; what is too small becomes 0, what is too large is refused.
std::optional<double> parse_value(std::string_view text);

// As labels `le` and `quantile` are written: "0.5", "1.0", "+Inf", "1e+06".
std::string format_boundary(double value);

}  // namespace vigia::prometheus
