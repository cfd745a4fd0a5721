#include "receivers/agent/figures.h"

#include "otlp/attribute_write.h"
#include "otlp/metric_writer.h"

namespace vigia::receivers {

namespace {

struct Description {
  std::string_view name;
  std::string_view text;
};

constexpr Description descriptions[] = {
    {"agent_buffer_size", "What waits in the agent's fullest sending queue."},
    {"agent_buffer_usage_percent", "How full the agent's fullest sending queue is."},
    {"agent_collector_latency_ms", "How long the collector took to answer the last time."},
    {"agent_collector_reachable", "1: the last tries to reach the collector did not fail."},
    {"agent_memory_usage_mb", "Resident memory of the agent, in units of 1,000,000 bytes."},
    {"agent_spans_dropped_total", "Spans that the agent had taken and lost."},
    {"agent_spans_sent_total", "Spans that the collector has taken."},
    {"system_cpu_usage", "How busy the node's processors are, in percent."},
    {"system_disk_usage_bytes", "Bytes in use on the file system at the mount point."},
    {"system_memory_usage_bytes", "Memory of the node in use."},
    {"system_memory_usage_percent", "Memory of the node in use, in percent."},
    {"system_network_io_bytes", "Bytes that came (rx) and went (tx) over all interfaces but loopback."},
};

std::string_view description_of(std::string_view name) {
  for (const Description& description : descriptions)
    if (description.name == name) return description.text;
  return {};
}

bool is_counter(std::string_view name) { return name.ends_with("_total"); }

}  // namespace

Figures::Series Figures::make_series(std::string_view name, const Labels& more_labels) {
  constexpr uint32_t point_attributes = 7;
  Labels labels = labels_;
  labels.insert(labels.end(), more_labels.begin(), more_labels.end());
  Series series;
  series.value = std::make_shared<std::atomic<double>>(0);
  for (const auto& [key, value] : labels) otlp::append_attribute(series.attributes, point_attributes, key, value);
  auto read = [value = series.value] { return value->load(std::memory_order_relaxed); };
  series.observation = is_counter(name) ? metrics_.observe_counter(name, description_of(name), labels, read)
                                        : metrics_.observe_gauge(name, description_of(name), labels, read);
  return series;
}

void Figures::set(std::string_view name, double value, const Labels& more_labels) {
  auto [entry, is_new] = series_.try_emplace(Key{name, more_labels});
  if (is_new) entry->second = make_series(name, more_labels);
  entry->second.value->store(value, std::memory_order_relaxed);
  entry->second.is_of_this_round = true;
}

void Figures::end_round() {
  std::erase_if(series_, [](const auto& entry) { return !entry.second.is_of_this_round; });
  for (auto& [key, series] : series_) series.is_of_this_round = false;
}

void Figures::write(otlp::RequestWriter& writer, int64_t start_ns, int64_t now_ns) const {
  for (auto entry = series_.begin(); entry != series_.end();) {
    const std::string& name = entry->first.first;
    bool is_sum = is_counter(name);
    otlp::MetricWriter metric(writer, {.name = name,
                                       .description = description_of(name),
                                       .kind = is_sum ? otlp::MetricKind::sum : otlp::MetricKind::gauge,
                                       .is_monotonic = is_sum});
    otlp::PointHead head;
    head.start_ns = is_sum ? static_cast<uint64_t>(start_ns) : 0;
    head.time_ns = static_cast<uint64_t>(now_ns);
    for (; entry != series_.end() && entry->first.first == name; ++entry) {
      head.attributes = entry->second.attributes;
      metric.point(entry->second.value->load(std::memory_order_relaxed), head);
    }
    metric.close();
  }
}

}  // namespace vigia::receivers
