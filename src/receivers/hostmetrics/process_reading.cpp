#include "receivers/hostmetrics/process_reading.h"

#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"
#include "otlp/attribute_write.h"

namespace vigia::receivers {

using enum process::Attribute;
using process::Attribute;
using process::attribute_names;

ProcessReading::ProcessReading(const ProcessConfig& config, host::ProcessList& processes, Failures& failures, FileSystem& files,
                               const std::string& root_path)
    : config_(config),
      processes_(processes),
      failures_(failures),
      users_(files, root_path),
      page_bytes_(static_cast<uint64_t>(::sysconf(_SC_PAGESIZE))) {}

Status ProcessReading::begin_round() {
  if (config_.has_attribute[owner]) users_.refresh();
  return processes_.begin();
}

bool ProcessReading::read_process(Round& round, uint64_t boot_time_ms) {
  Result<std::string_view> text = processes_.read("stat", stat_buffer_);
  if (!text.is_ok()) {
    fail(config_.mutes_name, "names of processes", text.status(), 1);
    return false;
  }
  std::optional<host::ProcessStat> stat = host::parse_process_stat(*text);
  if (!stat) return false;
  stat_ = *stat;
  Result<std::string_view> cmdline = processes_.read("cmdline", cmdline_buffer_);
  if (!cmdline.is_ok()) fail(false, "command lines of processes", cmdline.status(), 0);
  cmdline_ = cmdline.is_ok() ? *cmdline : std::string_view();
  std::string_view name = host::whole_process_name(stat_.name, cmdline_);
  if (!config_.names.lets_pass(name)) return false;
  round.look_at_the_clock();
  uint64_t start_ms = boot_time_ms + stat_.start_ticks * 10;
  if (round.now_ns() / 1'000'000 < start_ms + static_cast<uint64_t>(config_.delay_ms) && config_.delay_ms > 0) return false;
  start_ns_ = start_ms * 1'000'000;
  if (needs_status()) read_status();
  build_resource(name);
  return true;
}

bool ProcessReading::needs_status() const {
  return config_.has_attribute[owner] || config_.wants_any({process::pending_signals, process::context_switches});
}

void ProcessReading::read_status() {
  Result<std::string_view> text = processes_.read("status", other_buffer_);
  status_ = text.is_ok() ? host::parse_process_status(*text) : host::ProcessStatus();
  if (!text.is_ok()) fail(false, "status of processes", text.status(), 0);
}

void ProcessReading::build_resource(std::string_view name) {
  resource_.clear();
  if (config_.has_attribute[pid]) otlp::append_int_attribute(resource_, 1, attribute_names[pid], static_cast<int64_t>(processes_.pid()));
  if (config_.has_attribute[parent_pid])
    otlp::append_int_attribute(resource_, 1, attribute_names[parent_pid], static_cast<int64_t>(stat_.parent_pid));
  add_attribute(executable_name, name);
  add_executable();
  add_attribute(command, host::first_argument(cmdline_));
  if (config_.has_attribute[command_line]) {
    host::join_arguments(cmdline_, joined_);
    add_attribute(command_line, joined_);
  }
  add_owner();
  add_cgroup();
}

// Threads of the kernel, and processes that have ended and are not yet collected, have no memory and no executable.
void ProcessReading::add_executable() {
  if (!config_.has_attribute[executable_path]) return;
  Result<std::string_view> path = stat_.virtual_bytes > 0 ? processes_.read_link("exe", other_buffer_) : std::string_view();
  if (!path.is_ok()) fail(config_.mutes_executable, "executables of processes", path.status(), 1);
  add_attribute(executable_path, path.is_ok() ? *path : std::string_view());
}

// Processes may call themselves anything, also what is not UTF-8.
void ProcessReading::add_attribute(Attribute attribute, std::string_view value) {
  if (!config_.has_attribute[attribute]) return;
  if (is_valid_utf8(value))
    otlp::append_attribute(resource_, 1, attribute_names[attribute], value);
  else
    otlp::append_attribute(resource_, 1, attribute_names[attribute], repair_utf8(value));
}

void ProcessReading::add_owner() {
  if (!config_.has_attribute[owner] || !status_.user_id) return;
  std::string_view name = users_.name_of(*status_.user_id);
  if (name.empty())
    fail(config_.mutes_user, "owners of processes",
         Status(StatusCode::unknown, "user " + std::to_string(*status_.user_id) + " has no name"), 0);
  else
    add_attribute(owner, name);
}

void ProcessReading::add_cgroup() {
  if (!config_.has_attribute[cgroup] && !config_.has_attribute[linux_cgroup]) return;
  Result<std::string_view> text = processes_.read("cgroup", other_buffer_);
  if (!text.is_ok()) fail(config_.mutes_cgroup, "control groups of processes", text.status(), 0);
  std::string_view value = text.is_ok() ? trim(*text) : std::string_view();
  add_attribute(cgroup, value);
  add_attribute(linux_cgroup, value);
}

std::optional<host::ProcessIo> ProcessReading::io() {
  if (!config_.wants_any({process::disk_io, process::disk_operations})) return std::nullopt;
  Result<std::string_view> text = processes_.read("io", other_buffer_);
  if (text.is_ok()) return host::parse_process_io(*text);
  fail(config_.mutes_io, "disk traffic of processes", text.status(), 1);
  return std::nullopt;
}

std::optional<uint64_t> ProcessReading::open_descriptors() {
  if (!config_.wants(process::open_descriptors)) return std::nullopt;
  auto directory = processes_.open_directory("fd");
  if (!directory.is_ok()) {
    fail(false, "open files of processes", directory.status(), 1);
    return std::nullopt;
  }
  uint64_t count = 0;
  std::string_view name;
  for (Result<bool> more = (*directory)->next(name); more.is_ok() && *more; more = (*directory)->next(name)) count++;
  return count;
}

std::optional<host::ProcessStatus> ProcessReading::switches() {
  if (stat_.threads <= 1) return status_;
  auto tasks = processes_.open_directory("task");
  if (!tasks.is_ok()) {
    fail(false, "threads of processes", tasks.status(), 1);
    return std::nullopt;
  }
  host::ProcessStatus sum;
  std::string_view thread;
  std::string name;
  for (Result<bool> more = (*tasks)->next(thread); more.is_ok() && *more; more = (*tasks)->next(thread)) {
    name = "task/";
    name += thread;
    name += "/status";
    Result<std::string_view> text = processes_.read(name, other_buffer_);
    if (!text.is_ok()) continue;  // The thread has ended.
    host::ProcessStatus one = host::parse_process_status(*text);
    sum.voluntary_switches += one.voluntary_switches;
    sum.involuntary_switches += one.involuntary_switches;
  }
  return sum;
}

// That a process has ended meanwhile is no failure.
void ProcessReading::fail(bool is_muted, std::string_view what, const Status& why, size_t points) {
  if (is_muted || config_.mutes_all || host::has_ended(why)) return;
  failures_.add(what, why, points);
}

}  // namespace vigia::receivers
