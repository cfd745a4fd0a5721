#pragma once

// /proc/stat: what the processors have been doing since the machine was started.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::host {

// The unit of the kernel's processor times towards programs, on every architecture.
constexpr uint64_t ticks_per_second = 100;

// In ticks. `guest` times are part of user and nice, and left out.
struct CpuTimes {
  uint64_t user = 0;
  uint64_t nice = 0;
  uint64_t system = 0;
  uint64_t idle = 0;
  uint64_t iowait = 0;
  uint64_t irq = 0;
  uint64_t softirq = 0;
  uint64_t steal = 0;

  uint64_t total() const { return user + nice + system + idle + iowait + irq + softirq + steal; }
  uint64_t busy() const { return user + nice + system + irq + softirq + steal; }
};

struct NumberedCpu {
  uint32_t number = 0;
  CpuTimes times;
};

struct ProcStat {
  CpuTimes all;
  std::vector<NumberedCpu> cpus;  // Those that are online, by number: there may be gaps.
  uint64_t boot_time_s = 0;       // Since 1970.
  uint64_t processes_created = 0;
  uint64_t processes_running = 0;
  uint64_t processes_blocked = 0;
};

// Fills `out`, whose memory is used again. Lines that are missing leave 0, lines that are broken are passed over; INTERNAL when no
// processor is left.
Status parse_proc_stat(std::string_view text, ProcStat& out);

// Which part of the time between two readings a processor was busy, in percent. Nothing when no time has passed, or when
// the counters went back.
std::optional<double> busy_percent(const CpuTimes& before, const CpuTimes& after);

}  // namespace vigia::host
