#pragma once

// The limits of the system that is looked at: the root of its tree of control groups, of the first or of the second version.
//
// On a machine that root has no limit, whatever service the agent itself runs in. In a container it is the container's own group, so
// percentages there are of what the container may use. With root_path it is the host's root again.
//
// One thread at a time; a reading that succeeds allocates nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/proc_file.h"

namespace vigia::host {

struct CgroupMemory {
  uint64_t limit_bytes = 0;
  uint64_t used_bytes = 0;  // Caches included, as the kernel counts against the limit.
  uint64_t cached_bytes = 0;
  uint64_t inactive_file_bytes = 0;  // The part of the caches that is given back first.
  uint64_t slab_reclaimable_bytes = 0;
  uint64_t slab_unreclaimable_bytes = 0;

  // What could not be given back at once: what `docker stats` and the kubelet call in use.
  uint64_t working_set_bytes() const { return used_bytes > inactive_file_bytes ? used_bytes - inactive_file_bytes : 0; }
};

class Cgroup {
 public:
  // `files` must outlive this.
  Cgroup(FileSystem& files, const std::string& root_path);

  // Nothing when memory is not limited, or to no less than `machine_bytes`.
  std::optional<CgroupMemory> memory(uint64_t machine_bytes);
  // How many processors' time may be used; nothing when that is not limited.
  std::optional<double> cpu_limit_cores();
  // Processor time used so far.
  std::optional<uint64_t> cpu_usage_ns();

 private:
  const bool is_second_version_;
  ProcFile memory_limit_;
  ProcFile memory_usage_;
  ProcFile memory_statistics_;
  ProcFile cpu_limit_;
  ProcFile cpu_period_;  // Of the first version.
  ProcFile cpu_usage_;
};

// "max 100000" of cpu.max: cores, or nothing without a limit.
std::optional<double> parse_cpu_max(std::string_view text);
// memory.stat of either version.
void parse_memory_stat(std::string_view text, CgroupMemory& out);

}  // namespace vigia::host
