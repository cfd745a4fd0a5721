#pragma once

// Values that Prometheus gives a meaning of their own.

#include <bit>
#include <cstdint>

namespace vigia::prometheus {

// A NaN with these bits says that a series has ended.
constexpr uint64_t stale_bits = 0x7ff0000000000002;
inline double stale_value() { return std::bit_cast<double>(stale_bits); }
inline bool is_stale(double value) { return std::bit_cast<uint64_t>(value) == stale_bits; }

}  // namespace vigia::prometheus
