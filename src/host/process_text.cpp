#include "host/process_text.h"

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "host/text_fields.h"

namespace vigia::host {

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  size_t open = text.find('(');
  size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  ProcessStat stat;
  stat.name = text.substr(open + 1, close - open - 1);
  Words words(trim(text.substr(close + 1)));
  std::string_view state;
  // The columns are numbered as in proc(5): the state is the third.
  bool is_whole = words.next(state) && words.next(stat.parent_pid) &&                                          //
                  words.skip(5) && words.next(stat.minor_faults) &&                                            // 10
                  words.skip(1) && words.next(stat.major_faults) &&                                            // 12
                  words.skip(1) && words.next_all(stat.user_ticks, stat.system_ticks) &&                       // 14, 15
                  words.skip(4) && words.next(stat.threads) &&                                                 // 20
                  words.skip(1) && words.next_all(stat.start_ticks, stat.virtual_bytes, stat.resident_pages);  // 22 to 24
  if (!is_whole) return std::nullopt;
  stat.state = state[0];
  if (words.skip(17)) words.next(stat.disk_wait_ticks);  // 42
  return stat;
}

ProcessStatus parse_process_status(std::string_view text) {
  ProcessStatus status;
  std::string_view line;
  while (next_line(text, line)) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view name = line.substr(0, colon);
    Words words(line.substr(colon + 1));
    uint64_t number = 0;
    if (name == "Uid" && words.next(number)) status.user_id = number;
    if (name == "voluntary_ctxt_switches") words.next(status.voluntary_switches);
    if (name == "nonvoluntary_ctxt_switches") words.next(status.involuntary_switches);
    if (name == "ShdPnd")
      status.pending_signals = static_cast<uint64_t>(std::popcount(parse_unsigned(trim(line.substr(colon + 1)), 16).value_or(0)));
  }
  return status;
}

ProcessIo parse_process_io(std::string_view text) {
  ProcessIo io;
  std::string_view line;
  while (next_line(text, line)) {
    Words words(line);
    std::string_view name;
    if (!words.next(name)) continue;
    if (name == "read_bytes:") words.next(io.read_bytes);
    if (name == "write_bytes:") words.next(io.written_bytes);
    if (name == "syscr:") words.next(io.read_calls);
    if (name == "syscw:") words.next(io.write_calls);
  }
  return io;
}

std::string_view first_argument(std::string_view cmdline) { return cmdline.substr(0, cmdline.find('\0')); }

void join_arguments(std::string_view cmdline, std::string& joined) {
  while (cmdline.ends_with('\0')) cmdline.remove_suffix(1);
  joined = cmdline;
  std::replace(joined.begin(), joined.end(), '\0', ' ');
}

std::string_view whole_process_name(std::string_view name, std::string_view cmdline) {
  constexpr size_t kernel_keeps = 15;
  if (name.size() < kernel_keeps) return name;
  std::string_view first = first_argument(cmdline);
  std::string_view last_part = first.substr(first.rfind('/') + 1);
  return last_part.starts_with(name) ? last_part : name;
}

}  // namespace vigia::host
