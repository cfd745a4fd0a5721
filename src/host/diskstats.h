#pragma once

// /proc/diskstats: what each disk and partition has read and written.

#include <cstdint>
#include <string_view>
#include <vector>

namespace vigia::host {

struct DiskTraffic {
  uint64_t operations = 0;
  uint64_t merged = 0;
  uint64_t bytes = 0;
  uint64_t time_ms = 0;
};

struct Disk {
  std::string_view name;  // Within the text it was read from.
  DiskTraffic reads;
  DiskTraffic writes;
  uint64_t operations_in_progress = 0;
  uint64_t io_time_ms = 0;
  uint64_t weighted_io_time_ms = 0;
};

// Leaves out lines that are broken, and disks that have never been used, such as loop devices.
void parse_diskstats(std::string_view text, std::vector<Disk>& out);

}  // namespace vigia::host
