#include "receivers/agent/node_reader.h"

#include <algorithm>

#include "pipeline/process_memory.h"

namespace vigia::receivers {

namespace {

// A machine with more mounts than this shows the first ones.
constexpr size_t most_mounts = 64;

}  // namespace

NodeReader::NodeReader(const pipeline::Context& context, const AgentReceiverConfig& config)
    : context_(context),
      subject_{config.exporters, config.buffer_size},
      cpu_(context.files, context.clock, config.root_path),
      memory_(context.files, config.root_path),
      disks_(context.files, config.root_path),
      network_(context.files, config.root_path) {}

template <typename T>
void NodeReader::note(const char* what, const Result<T>& result) {
  note(what, result.is_ok() ? Status() : result.status());
}

void NodeReader::read(Figures& figures) {
  read_cpu(figures);
  read_memory(figures);
  read_disks(figures);
  read_network(figures);
  read_agent(figures);
  figures.end_round();
}

void NodeReader::read_cpu(Figures& figures) {
  Result<std::optional<double>> percent = cpu_.read_percent();
  note("cpu", percent);
  if (percent.is_ok() && *percent) figures.set("system_cpu_usage", **percent);
}

void NodeReader::read_memory(Figures& figures) {
  Result<host::MemoryUse> use = memory_.read();
  note("memory", use);
  if (!use.is_ok()) return;
  figures.set("system_memory_usage_bytes", static_cast<double>(use->used_bytes));
  figures.set("system_memory_usage_percent", use->percent());
}

void NodeReader::read_disks(Figures& figures) {
  Result<const std::vector<host::MountUse>*> mounts = disks_.read();
  note("disks", mounts);
  if (!mounts.is_ok()) return;
  for (size_t i = 0; i < std::min((*mounts)->size(), most_mounts); i++) {
    const host::MountUse& mount = (**mounts)[i];
    figures.set("system_disk_usage_bytes", static_cast<double>(mount.used_bytes()), {{"mount_point", mount.mount_point}});
  }
}

void NodeReader::read_network(Figures& figures) {
  Result<host::NetworkUse> use = network_.read_sum();
  note("network", use);
  if (!use.is_ok()) return;
  figures.set("system_network_io_bytes", static_cast<double>(use->received_bytes), {{"direction", "rx"}});
  figures.set("system_network_io_bytes", static_cast<double>(use->sent_bytes), {{"direction", "tx"}});
}

void NodeReader::read_agent(Figures& figures) {
  Result<int64_t> resident = pipeline::resident_bytes(context_.files);
  note("agent", resident);
  if (resident.is_ok()) figures.set("agent_memory_usage_mb", static_cast<double>(*resident) / 1e6);
  if (!context_.deliveries) return;
  pipeline::DeliverySummary summary = pipeline::summarize(subject_, *context_.deliveries, context_.metrics);
  figures.set("agent_buffer_size", summary.buffer_size);
  figures.set("agent_buffer_usage_percent", summary.buffer_usage_percent());
  figures.set("agent_collector_reachable", summary.is_reachable ? 1 : 0);
  figures.set("agent_collector_latency_ms", static_cast<double>(summary.latency_ms));
  figures.set("agent_spans_sent_total", static_cast<double>(summary.spans_sent));
  figures.set("agent_spans_dropped_total", static_cast<double>(summary.spans_dropped));
}

void NodeReader::note(const char* what, const Status& status) {
  if (status.is_ok()) {
    failures_.erase(what);
    return;
  }
  std::string& known = failures_[what];
  if (known == status.message()) return;
  known = status.message();
  context_.log.warn("A part of the node cannot be looked at; its figures are missing", {{"part", what}, {"error", status}});
}

}  // namespace vigia::receivers
