#pragma once

// The parts of io.prometheus.client's messages that native histograms are made of. Private to protobuf_parser.cpp.

#include <cstdint>
#include <string_view>

#include "prometheus/exposition.h"

namespace vigia::prometheus {

constexpr int64_t from_zigzag(uint64_t number) { return static_cast<int64_t>(number >> 1) ^ -static_cast<int64_t>(number & 1); }

// A google.protobuf.Timestamp.
int64_t read_timestamp_ms(std::string_view message);

// Which fields of the Histogram message a side's spans, deltas (whole counts) and counts (with fractions) are.
struct SideFields {
  uint32_t spans;
  uint32_t deltas;
  uint32_t counts;
};
// False when there are fewer or more buckets than the spans say.
bool read_histogram_side(std::string_view message, const SideFields& fields, NativeHistogram::Side& side);

}  // namespace vigia::prometheus
