#include "processors/memory_limiter/config.h"

namespace vigia::processors {

void decode(config::Section& in, MemoryLimiterConfig& out) {
  bool has_interval = in.duration_ms("check_interval", out.check_interval_ms);
  in.field("limit_mib", out.limit_mib);
  in.field("spike_limit_mib", out.spike_limit_mib);
  in.field("limit_percentage", out.limit_percentage);
  in.field("spike_limit_percentage", out.spike_limit_percentage);
  // There is no garbage collector to pace.
  in.accept_ignored("min_gc_interval_when_soft_limited");
  in.accept_ignored("min_gc_interval_when_hard_limited");
  in.accept_ignored("ballast_size_mib");

  if (!has_interval && !in.has_new_errors()) in.warn("", "check_interval is missing; memory is checked every second");
  in.require(out.check_interval_ms > 0, "check_interval", "must be positive");
  in.require(out.limit_mib > 0 || out.limit_percentage > 0, "limit_mib", "limit_mib or limit_percentage must be given");
  in.require(out.limit_percentage <= 100, "limit_percentage", "must not be larger than 100");
  in.require(out.spike_limit_percentage <= 100, "spike_limit_percentage", "must not be larger than 100");
  in.require(out.limit_mib == 0 || out.spike_limit_mib < out.limit_mib, "spike_limit_mib", "must be smaller than limit_mib");
  in.require(out.limit_percentage == 0 || out.spike_limit_percentage < out.limit_percentage, "spike_limit_percentage",
             "must be smaller than limit_percentage");
}

MemoryLimits limits_of(const MemoryLimiterConfig& config, int64_t available_bytes) {
  constexpr int64_t mebibyte = 1 << 20;
  MemoryLimits limits;
  int64_t spike_bytes = 0;
  if (config.limit_mib > 0) {
    limits.hard_bytes = config.limit_mib * mebibyte;
    spike_bytes = config.spike_limit_mib * mebibyte;
  } else {
    limits.hard_bytes = available_bytes / 100 * config.limit_percentage;
    spike_bytes = available_bytes / 100 * config.spike_limit_percentage;
  }
  if (spike_bytes == 0) spike_bytes = limits.hard_bytes / 5;
  limits.soft_bytes = limits.hard_bytes - spike_bytes;
  return limits;
}

}  // namespace vigia::processors
