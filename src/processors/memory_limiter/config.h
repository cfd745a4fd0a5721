#pragma once

// The options of the `memory_limiter` processor.

#include <cstdint>

#include "config/section.h"

namespace vigia::processors {

struct MemoryLimiterConfig {
  int64_t check_interval_ms = 1'000;
  uint32_t limit_mib = 0;
  uint32_t spike_limit_mib = 0;  // 0: a fifth of the limit.
  uint32_t limit_percentage = 0;
  uint32_t spike_limit_percentage = 0;
};

// `hard`: what the process may use; `soft`: above it newcomers are refused.
struct MemoryLimits {
  int64_t hard_bytes = 0;
  int64_t soft_bytes = 0;
};
MemoryLimits limits_of(const MemoryLimiterConfig& config, int64_t available_bytes);

void decode(config::Section& in, MemoryLimiterConfig& out);

}  // namespace vigia::processors
