#pragma once

#include <cstdint>
#include <string_view>

namespace vigia::operators {

constexpr uint8_t max_severity = 24;

// "TRACE", "TRACE2", … "FATAL4" for OTLP's severity numbers 1 to 24; "" for 0.
std::string_view severity_name(uint8_t number);

}  // namespace vigia::operators
