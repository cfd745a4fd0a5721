#pragma once

// The configuration of the processor `probabilistic_sampler`.

#include <cstdint>
#include <string>

#include "config/section.h"

namespace vigia::processors {

enum class SamplerMode : uint8_t { hash_seed, equalizing, proportional };

struct SamplerConfig {
  // 100 and more keeps all.
  float sampling_percentage = 0;
  uint32_t hash_seed = 0;
  SamplerMode mode = SamplerMode::hash_seed;
  // Whether items that cannot be decided about are dropped.
  bool fail_closed = true;
  // Hexadecimal digits of thresholds that are written.
  int32_t sampling_precision = 4;

  // Of log records only.
  bool uses_trace_id = true;
  std::string from_attribute;
  std::string sampling_priority;
};

SamplerConfig decode_sampler_config(config::Section& section);

}  // namespace vigia::processors
