#pragma once

// Parts of points in wire form: exemplars and native histograms.

#include <cstdint>
#include <string>

#include "prometheus/exposition.h"

namespace vigia::receivers {

// 0 for times that OTLP does not have: before 1970 or after 2262.
inline uint64_t ns_of(int64_t ms) { return ms > 0 && ms < INT64_MAX / 1'000'000 ? static_cast<uint64_t>(ms) * 1'000'000 : 0; }

// The exemplars of the parser's sample, each as field `number`; those without a time get the sample's.
void append_exemplars(std::string& out, uint32_t number, const prometheus::ExpositionParser& parser, int64_t time_ms);

// What an ExponentialHistogramDataPoint says besides attributes, times and exemplars. False when it cannot be one: a scale that OTLP does not
// have, a gauge, or more empty buckets between the full ones than anybody means.
bool append_native_histogram(std::string& out, const prometheus::NativeHistogram& histogram);

}  // namespace vigia::receivers
