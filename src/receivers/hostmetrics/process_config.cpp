#include "receivers/hostmetrics/process_config.h"

namespace vigia::receivers {

using otlp::MetricKind;

namespace process {

constexpr Presence by_default = Presence::by_default;
constexpr Presence when_asked = Presence::when_asked;

const std::array<MetricFact, metric_count> facts = {{
    {"process.context_switches",
     "How often the process's threads gave up the processor, or lost it.",
     "{count}",
     MetricKind::sum,
     true,
     when_asked,
     {"type"}},
    {"process.cpu.time", "Seconds spent in each state.", "s", MetricKind::sum, true, by_default, {"state"}},
    {"process.cpu.utilization",
     "Share of all processors' time since the last reading that the process spent in each state, 0 to 1.",
     "1",
     MetricKind::gauge,
     false,
     when_asked,
     {"state"}},
    {"process.disk.io", "Bytes read from and written to disks.", "By", MetricKind::sum, true, by_default, {"direction"}},
    {"process.disk.operations", "Calls for reading and writing.", "{operations}", MetricKind::sum, true, when_asked, {"direction"}},
    {"process.memory.usage", "Resident memory.", "By", MetricKind::sum, false, by_default},
    {"process.memory.utilization", "Resident memory in percent of all memory.", "1", MetricKind::gauge, false, when_asked},
    {"process.memory.virtual", "Virtual memory.", "By", MetricKind::sum, false, by_default},
    {"process.open_file_descriptors", "Open file descriptors.", "{count}", MetricKind::sum, false, when_asked},
    {"process.paging.faults",
     "Page faults: those that had to wait for a disk are major.",
     "{faults}",
     MetricKind::sum,
     true,
     when_asked,
     {"type"}},
    {"process.signals_pending", "Signals that wait to be taken.", "{signals}", MetricKind::sum, false, when_asked},
    {"process.threads", "Threads.", "{threads}", MetricKind::sum, false, when_asked},
    {"process.uptime", "Seconds since the process was started.", "s", MetricKind::gauge, false, when_asked},
}};

const std::array<std::string_view, attribute_count> attribute_names = {
    "process.cgroup",          "process.command",         "process.command_line",
    "process.executable.name", "process.executable.path", "process.linux.cgroup",
    "process.owner",           "process.parent_pid",      "process.pid"};

}  // namespace process

namespace {

void decode_attributes(config::Section& in, ProcessConfig& out) {
  in.section("resource_attributes", [&](config::Section& attributes) {
    for (size_t i = 0; i < process::attribute_count; i++)
      attributes.section(process::attribute_names[i], [&](config::Section& one) {
        one.field("enabled", out.has_attribute[i]);
        one.refuse("metrics_include", "not in this build: use the filter processor");
        one.refuse("metrics_exclude", "not in this build: use the filter processor");
      });
  });
}

}  // namespace

void decode(config::Section& in, ProcessConfig& out) {
  out.has_attribute.fill(true);
  out.has_attribute[process::cgroup] = out.has_attribute[process::linux_cgroup] = false;
  decode_attributes(in, out);
  out.names.decode(in, "include", "exclude", "names");
  in.duration_ms("scrape_process_delay", out.delay_ms);
  in.require(out.delay_ms >= 0, "scrape_process_delay", "must not be negative");
  in.field("mute_process_all_errors", out.mutes_all);
  in.field("mute_process_name_error", out.mutes_name);
  in.field("mute_process_exe_error", out.mutes_executable);
  in.field("mute_process_io_error", out.mutes_io);
  in.field("mute_process_user_error", out.mutes_user);
  in.field("mute_process_cgroup_error", out.mutes_cgroup);
  // Handles are counted on Windows.
  out.choices = decode_metric_choices(in, process::facts, "process.handles");
}

}  // namespace vigia::receivers
