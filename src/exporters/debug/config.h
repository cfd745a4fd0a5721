#pragma once

// The options of the `debug` and `logging` exporters.

#include <cstdint>
#include <string>
#include <vector>

#include "config/section.h"

namespace vigia::exporters {

enum class Verbosity : uint8_t { basic, normal, detailed };

struct DebugConfig {
  Verbosity verbosity = Verbosity::basic;
  // In every second the first batches are printed, then every n-th.
  uint64_t sampling_initial = 2;
  uint64_t sampling_thereafter = 1;
  bool uses_internal_logger = true;
  std::vector<std::string> output_paths = {"stdout"};  // Without the internal logger.
  // What the line for a batch begins with: "Traces", or "TracesExporter" in the older form.
  bool has_long_titles = false;
};

void decode_debug(config::Section& in, DebugConfig& out);
// With `loglevel` beside `verbosity`.
void decode_logging(config::Section& in, DebugConfig& out);

}  // namespace vigia::exporters
