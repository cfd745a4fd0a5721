#pragma once

// What people ask of a node first: how busy its processors are, how full memory and disks are, what goes through its network. Percentages are of
// what the system may use: of a container's limits inside of a container (see cgroup.h), else of the machine.
//
// Each meter belongs to one thread at a time and is read once in a round; a reading that succeeds allocates nothing when nothing
// changed about what there is to read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "host/cgroup.h"
#include "host/meminfo.h"
#include "host/mount_table.h"
#include "host/net_dev.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"

namespace vigia::host {

class CpuMeter {
 public:
  // `root_path` is "" or where the host's files are mounted. The references must outlive this.
  CpuMeter(FileSystem& files, const Clock& clock, const std::string& root_path);
  // How busy the processors were since the last reading, 0 to 100; nothing at the first one.
  Result<std::optional<double>> read_percent();

 private:
  std::optional<double> percent_of_limit(double cores);

  const Clock& clock_;
  ProcFile stat_file_;
  Cgroup cgroup_;
  ProcStat stat_;
  std::optional<CpuTimes> last_times_;
  std::optional<uint64_t> last_usage_ns_;
  int64_t last_read_ns_ = 0;
};

struct MemoryUse {
  uint64_t used_bytes = 0;  // Without what could be given back at once.
  uint64_t total_bytes = 0;
  double percent() const { return total_bytes == 0 ? 0 : 100.0 * static_cast<double>(used_bytes) / static_cast<double>(total_bytes); }
};

class MemoryMeter {
 public:
  MemoryMeter(FileSystem& files, const std::string& root_path);
  Result<MemoryUse> read();

 private:
  ProcFile meminfo_file_;
  Cgroup cgroup_;
};

struct MountUse {
  std::string mount_point;
  std::string local_path;
  DiskSpace space;
  bool is_known = false;  // Else it could not be looked at this time.
  uint64_t used_bytes() const { return space.total_bytes - space.free_bytes; }
};

class DiskMeter {
 public:
  DiskMeter(FileSystem& files, const std::string& root_path);
  // The mounts that are on a disk, each device once, at its first mount point.
  Result<const std::vector<MountUse>*> read();

 private:
  void list_mounts();

  FileSystem& files_;
  MountTable table_;
  std::vector<MountUse> uses_;
};

struct NetworkUse {
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

class NetworkMeter {
 public:
  NetworkMeter(FileSystem& files, const std::string& root_path);
  // The interfaces, whose names stay valid until the next call.
  Result<const std::vector<NetworkInterface>*> read_interfaces();
  // What came and went in all, but for the loopback interface.
  Result<NetworkUse> read_sum();

 private:
  Result<std::string_view> read_text();

  const bool is_elsewhere_;
  ProcFile first_process_;  // The host's view, when this process sees another network than the host.
  ProcFile own_;
  std::vector<NetworkInterface> interfaces_;
};

}  // namespace vigia::host
