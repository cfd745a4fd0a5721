#pragma once

// The section of the scraper `process`.

#include <array>
#include <vector>

#include "receivers/hostmetrics/metric_choice.h"
#include "receivers/hostmetrics/name_filter.h"

namespace vigia::receivers {

namespace process {

enum Metric : size_t {
  context_switches,
  cpu_time,
  cpu_utilization,
  disk_io,
  disk_operations,
  memory_usage,
  memory_utilization,
  memory_virtual,
  open_descriptors,
  page_faults,
  pending_signals,
  threads,
  uptime,
  metric_count,
};
extern const std::array<MetricFact, metric_count> facts;

enum Attribute : size_t {
  cgroup,
  command,
  command_line,
  executable_name,
  executable_path,
  linux_cgroup,
  owner,
  parent_pid,
  pid,
  attribute_count
};
extern const std::array<std::string_view, attribute_count> attribute_names;

}  // namespace process

struct ProcessConfig {
  std::vector<MetricChoice> choices;
  std::array<bool, process::attribute_count> has_attribute{};
  NameFilter names;
  // Younger processes are left out.
  int64_t delay_ms = 0;
  bool mutes_all = false;
  bool mutes_name = false;
  bool mutes_executable = false;
  bool mutes_io = false;
  bool mutes_user = false;
  bool mutes_cgroup = false;

  bool wants(process::Metric metric) const { return choices[metric].is_wanted; }
  bool wants_any(std::initializer_list<process::Metric> metrics) const {
    for (process::Metric metric : metrics)
      if (wants(metric)) return true;
    return false;
  }
};

void decode(config::Section& in, ProcessConfig& out);

}  // namespace vigia::receivers
