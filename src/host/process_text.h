#pragma once

// What /proc/PID/* says of one process. All views are within the text they were read from.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vigia::host {

// /proc/PID/stat.
struct ProcessStat {
  std::string_view name;  // Its first 15 bytes; may hold blanks and parentheses.
  char state = '?';
  uint64_t parent_pid = 0;
  uint64_t minor_faults = 0;
  uint64_t major_faults = 0;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t disk_wait_ticks = 0;
  uint64_t threads = 0;
  uint64_t start_ticks = 0;  // Since the machine was started.
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};
// Nothing when the text is broken, as of a process that ended while it was read.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// /proc/PID/status.
struct ProcessStatus {
  std::optional<uint64_t> user_id;  // The real one.
  uint64_t voluntary_switches = 0;
  uint64_t involuntary_switches = 0;
  uint64_t pending_signals = 0;  // Of the whole process.
};
ProcessStatus parse_process_status(std::string_view text);

// /proc/PID/io: what came from and went to disks, and the calls made for reading and writing anything.
struct ProcessIo {
  uint64_t read_bytes = 0;
  uint64_t written_bytes = 0;
  uint64_t read_calls = 0;
  uint64_t write_calls = 0;
};
ProcessIo parse_process_io(std::string_view text);

// /proc/PID/cmdline: the first argument, and all of them joined by blanks (into `joined`).
std::string_view first_argument(std::string_view cmdline);
void join_arguments(std::string_view cmdline, std::string& joined);
// The process's whole name where the kernel's is cut off: the first argument tells the rest.
std::string_view whole_process_name(std::string_view name, std::string_view cmdline);

}  // namespace vigia::host
