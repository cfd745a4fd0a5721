#include "host/proc_stat.h"

#include <algorithm>

#include "host/text_fields.h"

namespace vigia::host {

namespace {

// Old kernels have no steal, and ancient ones end before it.
bool parse_times(Words& words, CpuTimes& times) {
  if (!words.next_all(times.user, times.nice, times.system, times.idle, times.iowait, times.irq, times.softirq)) return false;
  times.steal = 0;
  words.next(times.steal);
  return true;
}

void parse_line(std::string_view line, ProcStat& out) {
  Words words(line);
  std::string_view name;
  if (!words.next(name)) return;
  if (name == "btime") {
    words.next(out.boot_time_s);
  } else if (name == "processes") {
    words.next(out.processes_created);
  } else if (name == "procs_running") {
    words.next(out.processes_running);
  } else if (name == "procs_blocked") {
    words.next(out.processes_blocked);
  } else if (name == "cpu") {
    if (CpuTimes times; parse_times(words, times)) out.all = times;
  } else if (name.starts_with("cpu")) {
    std::optional<uint64_t> number = parse_unsigned(name.substr(3));
    NumberedCpu cpu;
    if (!number || *number > UINT32_MAX || !parse_times(words, cpu.times)) return;
    cpu.number = static_cast<uint32_t>(*number);
    out.cpus.push_back(cpu);
  }
}

}  // namespace

Status parse_proc_stat(std::string_view text, ProcStat& out) {
  out.all = CpuTimes();
  out.cpus.clear();
  out.boot_time_s = out.processes_created = out.processes_running = out.processes_blocked = 0;
  std::string_view line;
  while (next_line(text, line)) parse_line(line, out);
  if (out.cpus.empty()) return internal_error("cannot read the processors' times: /proc/stat: no line of a processor");
  return {};
}

std::optional<double> busy_percent(const CpuTimes& before, const CpuTimes& after) {
  if (after.total() <= before.total() || after.busy() < before.busy()) return std::nullopt;
  double share = static_cast<double>(after.busy() - before.busy()) / static_cast<double>(after.total() - before.total());
  return std::min(100.0 * share, 100.0);
}

}  // namespace vigia::host
