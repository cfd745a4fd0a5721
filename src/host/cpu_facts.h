#pragma once

// How many cores there are and how fast they run now: /proc/cpuinfo and the topology in /sys.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "host/proc_stat.h"

namespace vigia::host {

struct CpuFrequency {
  uint32_t number = 0;
  double hertz = 0;
};
// Processors whose speed is not told are left out.
std::vector<CpuFrequency> parse_cpu_frequencies(std::string_view cpuinfo);

// Cores, of which each may be several processors to the kernel; 0 when nothing tells.
size_t count_physical_cores(FileSystem& files, const std::string& root_path, const std::vector<NumberedCpu>& cpus);

}  // namespace vigia::host
