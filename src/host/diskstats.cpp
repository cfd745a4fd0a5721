#include "host/diskstats.h"

#include "host/text_fields.h"

namespace vigia::host {

namespace {

// The kernel counts in these whatever the disk has.
constexpr uint64_t sector_bytes = 512;

bool parse_traffic(Words& words, DiskTraffic& out) {
  uint64_t sectors = 0;
  if (!words.next_all(out.operations, out.merged, sectors, out.time_ms) || sectors > UINT64_MAX / sector_bytes) return false;
  out.bytes = sectors * sector_bytes;
  return true;
}

bool was_used(const DiskTraffic& traffic) { return traffic.operations || traffic.merged || traffic.bytes || traffic.time_ms; }

}  // namespace

void parse_diskstats(std::string_view text, std::vector<Disk>& out) {
  out.clear();
  std::string_view line;
  while (next_line(text, line)) {
    Words words(line);
    Disk disk;
    bool is_whole = words.skip(2) && words.next(disk.name) && parse_traffic(words, disk.reads) && parse_traffic(words, disk.writes) &&
                    words.next_all(disk.operations_in_progress, disk.io_time_ms, disk.weighted_io_time_ms);
    bool has_data =
        was_used(disk.reads) || was_used(disk.writes) || disk.operations_in_progress || disk.io_time_ms || disk.weighted_io_time_ms;
    if (is_whole && has_data) out.push_back(disk);
  }
}

}  // namespace vigia::host
