#pragma once

// Parts of points in wire form: exemplars and native histograms.

#include <cstdint>
#include <cstring>
#include <string>

#include "prometheus/exposition.h"

namespace vigia::receivers {

// The value that says that there is none any more, as Prometheus marks it.
inline double stale_value() {
  constexpr uint64_t bits = 0x7FF0000000000002;
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline bool is_stale(double value) {
  constexpr uint64_t stale_bits = 0x7FF0000000000002;
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits == stale_bits;
}

// A count that came as a floating-point number.
uint64_t count_of(double value);
// 0 for times before 1970.
inline uint64_t ns_of(int64_t ms) { return ms > 0 && ms < INT64_MAX / 1'000'000 ? static_cast<uint64_t>(ms) * 1'000'000 : 0; }

// The exemplars of the parser's sample, each as field `number`; those without a time get the sample's.
void append_exemplars(std::string& out, uint32_t number, const prometheus::ExpositionParser& parser, int64_t time_ms);

// What an ExponentialHistogramDataPoint says besides attributes, times and exemplars. False when it cannot be one: a scale that OTLP does not
// have, a gauge, or more empty buckets between the full ones than anybody means.
bool append_native_histogram(std::string& out, const prometheus::NativeHistogram& histogram);

}  // namespace vigia::receivers
