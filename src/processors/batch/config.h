#pragma once

// The options of the `batch` processor.

#include <cstdint>
#include <string>
#include <vector>

#include "config/section.h"

namespace vigia::processors {

struct BatchConfig {
  uint64_t send_batch_size = 8192;
  uint64_t send_batch_max_size = 0;  // 0: no bound.
  int64_t timeout_ms = 200;          // 0: nothing waits.
  std::vector<std::string> metadata_keys;
  uint64_t metadata_cardinality_limit = 1000;
};

void decode(config::Section& in, BatchConfig& out);

}  // namespace vigia::processors
