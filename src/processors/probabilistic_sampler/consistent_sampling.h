#pragma once

// OpenTelemetry's consistent probability sampling, and the hash that came before it.
//
// Every item has a randomness of 56 bits; it is kept when that is at least the threshold, so a threshold of 0 keeps all and one of
// 2^56 nothing. Both travel as hexadecimal digits: `rv` (all 14) and `th` (without trailing zeros) in the `ot` entry of a
// span's trace state, sampling.randomness and sampling.threshold among a log record's attributes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigia::processors {

inline constexpr int hex_digits = 14;
inline constexpr uint64_t randomness_count = uint64_t{1} << 56;
inline constexpr double least_probability = 1.0 / static_cast<double>(randomness_count);

using Threshold = uint64_t;   // 0 … randomness_count
using Randomness = uint64_t;  // 0 … randomness_count − 1

inline constexpr Threshold keep_all = 0;
inline constexpr Threshold keep_none = randomness_count;
inline constexpr Randomness greatest_randomness = randomness_count - 1;

// The threshold that keeps this share, rounded to so many digits (more near 0 and 1); nothing outside
// least_probability … 1.
std::optional<Threshold> threshold_of(double probability, int precision);
double probability_of(Threshold threshold);

std::optional<Threshold> parse_threshold(std::string_view digits);
// "" for keep_none, which is never written.
std::string format_threshold(Threshold threshold);
std::optional<Randomness> parse_randomness(std::string_view digits);
std::string format_randomness(Randomness randomness);

// The last 7 bytes of a trace id. REQUIRES: 16 bytes.
Randomness randomness_of_trace_id(std::string_view trace_id);
// FNV-1a over seed and bytes, of which 14 bits decide: the choice of all versions of the Collector's sampler.
Randomness hashed_randomness(std::string_view bytes, uint32_t seed);
// The threshold that goes with hashed_randomness; nothing when the share is less than one of the 16,384 buckets.
std::optional<Threshold> bucket_threshold(float percentage);

// A W3C trace state with the sampling fields of its `ot` entry taken apart.
struct TraceState {
  std::optional<Randomness> randomness;
  std::optional<Threshold> threshold;

  // Nothing when the text breaks the rules of W3C or of the `ot` entry.
  static std::optional<TraceState> parse(std::string_view text);
  // `ot` first, the other entries behind it as they were.
  std::string to_string() const;

 private:
  bool parse_ot(std::string_view value);

  std::vector<std::string_view> ot_fields_;  // "key:value", other than rv and th
  std::vector<std::string_view> entries_;    // "key=value", other than ot
};

}  // namespace vigia::processors
