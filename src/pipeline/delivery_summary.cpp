#include "pipeline/delivery_summary.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace vigia::pipeline {

namespace {

// What is more than bad luck with one batch: so many sends were refused over so long a time, and none was taken. Sends of one moment, of
// all signals or of the parts of one batch, are not enough.
constexpr uint64_t fewest_refusals = 3;
constexpr int64_t shortest_refusal_ns = 10'000'000'000;

std::string_view label(const Labels& labels, std::string_view name) {
  for (const auto& [key, value] : labels)
    if (key == name) return value;
  return {};
}

bool is_of(const std::vector<std::string>& exporters, const Labels& labels) {
  return std::find(exporters.begin(), exporters.end(), label(labels, "exporter")) != exporters.end();
}

uint64_t total(const MetricRegistry& metrics, std::string_view name, const std::vector<std::string>& exporters,
               std::string_view data_type = {}) {
  double sum = 0;
  for (const auto& [labels, value] : metrics.values(name))
    if (is_of(exporters, labels) && (data_type.empty() || label(labels, "data_type") == data_type)) sum += value;
  return static_cast<uint64_t>(sum);
}

void add_buffer(DeliverySummary& summary, const std::vector<std::string>& exporters, const MetricRegistry& metrics) {
  auto sizes = metrics.values("otelcol_exporter_queue_size");
  for (const auto& [labels, capacity] : metrics.values("otelcol_exporter_queue_capacity")) {
    if (!is_of(exporters, labels) || capacity <= 0) continue;
    auto size = std::find_if(sizes.begin(), sizes.end(), [&, &wanted = labels](const auto& entry) { return entry.first == wanted; });
    double held = size == sizes.end() ? 0 : size->second;
    if (summary.buffer_capacity > 0 && held / capacity <= summary.buffer_size / summary.buffer_capacity) continue;
    summary.buffer_size = held;
    summary.buffer_capacity = capacity;
  }
}

void add_refusals(DeliverySummary& summary, const Delivery& delivery) {
  int64_t lasted_ns = delivery.last_refusal_wall_ns - delivery.first_refusal_wall_ns;
  if (delivery.refusals_in_a_row < fewest_refusals || lasted_ns < shortest_refusal_ns) return;
  summary.refuses_everything = true;
  if (!summary.is_reachable) return;  // then that is told
  summary.error =
      fmt::format("the last {} sends were all refused for good: {}", delivery.refusals_in_a_row, delivery.last_refusal.message());
}

void add_failures(DeliverySummary& summary, const Delivery& delivery) {
  if (delivery.failures_in_a_row <= summary.failures_in_a_row) return;
  summary.is_reachable = false;
  summary.failures_in_a_row = delivery.failures_in_a_row;
  summary.error = delivery.last_failure.message();
}

}  // namespace

DeliverySummary summarize(const DeliverySubject& subject, const DeliveryBoard& board, const MetricRegistry& metrics) {
  const std::vector<std::string>& exporters = subject.exporters;
  DeliverySummary summary;
  for (const std::string& exporter : exporters) {
    Delivery delivery = board.of(exporter);
    if (delivery.last_success_wall_ns > summary.last_success_wall_ns) {
      summary.last_success_wall_ns = delivery.last_success_wall_ns;
      summary.latency_ms = delivery.last_latency_ns / 1'000'000;
    }
    add_failures(summary, delivery);
    add_refusals(summary, delivery);
  }
  add_buffer(summary, exporters, metrics);
  if (subject.buffer_capacity > 0 && summary.buffer_capacity > 0) {
    auto capacity = static_cast<double>(subject.buffer_capacity);
    // What waits is never shown as nothing.
    summary.buffer_size = std::ceil(summary.buffer_size * capacity / summary.buffer_capacity);
    summary.buffer_capacity = capacity;
  }
  summary.spans_sent = total(metrics, "otelcol_exporter_sent_spans", exporters);
  summary.spans_dropped = total(metrics, "otelcol_exporter_send_failed_spans", exporters) +
                          total(metrics, "vigia_exporter_queue_dropped_items_total", exporters, "traces");
  return summary;
}

}  // namespace vigia::pipeline
