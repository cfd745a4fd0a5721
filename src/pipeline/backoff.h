#pragma once

// How long to wait before trying again.

#include <algorithm>
#include <cstdint>

#include "base/random.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

// The wait after the `failures`-th failure (from 1): grows by the multiplier up to the maximum, scattered by the randomization
// factor, and never shorter than the other side asked for.
inline int64_t backoff_ms(const RetryConfig& config, int failures, int64_t asked_for_ms, Random& random) {
  auto longest = static_cast<double>(config.max_interval_ms);
  auto interval = static_cast<double>(config.initial_interval_ms);
  for (int i = 1; i < failures && interval < longest; i++) interval *= config.multiplier;
  interval = std::min(interval, longest);
  double spread = config.randomization_factor * interval;
  auto wait_ms = static_cast<int64_t>(interval - spread + 2 * spread * random.fraction());
  return std::max(wait_ms, asked_for_ms);
}

}  // namespace vigia::pipeline
