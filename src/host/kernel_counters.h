#pragma once

// The short files of /proc: loadavg, uptime, vmstat, swaps.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::host {

struct LoadAverages {
  double one_minute = 0;
  double five_minutes = 0;
  double fifteen_minutes = 0;
};
Result<LoadAverages> parse_loadavg(std::string_view text);

// Seconds since the machine was started.
Result<double> parse_uptime(std::string_view text);

struct Vmstat {
  uint64_t pages_swapped_in = 0;
  uint64_t pages_swapped_out = 0;
  uint64_t paged_in_kibibytes = 0;
  uint64_t paged_out_kibibytes = 0;
  uint64_t faults = 0;  // All of them.
  uint64_t major_faults = 0;
};
// Lines that are missing or broken leave 0; INTERNAL when there is none of them.
Status parse_vmstat(std::string_view text, Vmstat& out);

struct SwapDevice {
  std::string_view name;  // Within the text it was read from.
  uint64_t total_bytes = 0;
  uint64_t used_bytes = 0;
};
Status parse_swaps(std::string_view text, std::vector<SwapDevice>& out);

}  // namespace vigia::host
