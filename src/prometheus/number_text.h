#pragma once

// Numbers as Prometheus' programs write them.

#include <string>

namespace vigia::prometheus {

// The shortest text that reads back as the same number: "0.25", "1e+06", "NaN", "+Inf".
void append_number(std::string& out, double value);
// The same, and no whole number without a point: "10.0". As labels of OpenMetrics.
void append_number_with_point(std::string& out, double value);
// Without an exponent: "1000000", "+Inf". As labels of remote write.
void append_fixed_number(std::string& out, double value);

}  // namespace vigia::prometheus
