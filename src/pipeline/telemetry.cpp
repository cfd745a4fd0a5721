#include "pipeline/telemetry.h"

#include <string>

#include "pipeline/component.h"
#include "pipeline/process_memory.h"

namespace vigia::pipeline {

namespace {

const std::vector<double> item_bounds = {10,   25,   50,   75,   100,  250,  500,   750,   1000,  2000,  3000,
                                         4000, 5000, 6000, 7000, 8000, 9000, 10000, 20000, 30000, 50000, 100000};
const std::vector<double> byte_bounds = {
    10,      25,      50,      75,      100,       250,       500,       750,       1000,      2000,      3000,      4000,      5000,
    6000,    7000,    8000,    9000,    10'000,    20'000,    30'000,    50'000,    100'000,   200'000,   300'000,   400'000,   500'000,
    600'000, 700'000, 800'000, 900'000, 1'000'000, 2'000'000, 3'000'000, 4'000'000, 5'000'000, 6'000'000, 7'000'000, 8'000'000, 9'000'000};
const std::vector<double> second_bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

std::array<Counter*, 3> item_counters(MetricRegistry& metrics, std::string_view name, std::string_view help, const ComponentId& id) {
  std::array<Counter*, 3> counters{};
  for (otlp::Signal signal : otlp::all_signals)
    counters[static_cast<size_t>(signal)] =
        &metrics.counter(name, help, {{"processor", id.to_string()}, {"otel_signal", std::string(otlp::signal_name(signal))}});
  return counters;
}

}  // namespace

SignalCounters::SignalCounters(MetricRegistry& metrics, std::string_view prefix, std::string_view help, const Labels& labels) {
  for (otlp::Signal signal : otlp::all_signals)
    counters_[static_cast<size_t>(signal)] = &metrics.counter(std::string(prefix) + std::string(otlp::item_name(signal)), help, labels);
}

ReceiverTelemetry::ReceiverTelemetry(MetricRegistry& metrics, const ComponentId& id, std::string_view transport)
    : accepted(metrics, "otelcol_receiver_accepted_", "Items taken into the pipeline.",
               {{"receiver", id.to_string()}, {"transport", std::string(transport)}}),
      refused(metrics, "otelcol_receiver_refused_", "Items the pipeline did not take; the sender was told.",
              {{"receiver", id.to_string()}, {"transport", std::string(transport)}}),
      failed(metrics, "otelcol_receiver_failed_", "Items that could not be received for an error of ours.",
             {{"receiver", id.to_string()}, {"transport", std::string(transport)}}) {}

ProcessorTelemetry::ProcessorTelemetry(MetricRegistry& metrics, const ComponentId& id)
    : accepted(metrics, "otelcol_processor_accepted_", "Items handed to the next component.", {{"processor", id.to_string()}}),
      refused(metrics, "otelcol_processor_refused_", "Items refused by the processor.", {{"processor", id.to_string()}}),
      dropped(metrics, "otelcol_processor_dropped_", "Items dropped by the processor.", {{"processor", id.to_string()}}),
      incoming_items(item_counters(metrics, "otelcol_processor_incoming_items", "Items given to the processor.", id)),
      outgoing_items(item_counters(metrics, "otelcol_processor_outgoing_items", "Items that left the processor.", id)) {}

MemoryLimiterTelemetry::MemoryLimiterTelemetry(MetricRegistry& metrics, const ComponentId& id)
    : accepted(metrics, "otelcol_processor_memory_limiter_accepted_", "Items handed to the next component.",
               {{"processor", id.to_string()}}),
      refused(metrics, "otelcol_processor_memory_limiter_refused_", "Items refused because memory was short.",
              {{"processor", id.to_string()}}) {}

ExporterTelemetry::ExporterTelemetry(MetricRegistry& metrics, const ComponentId& id)
    : sent(metrics, "otelcol_exporter_sent_", "Items delivered.", {{"exporter", id.to_string()}}),
      send_failed(metrics, "otelcol_exporter_send_failed_", "Items that could not be delivered and were given up.",
                  {{"exporter", id.to_string()}}),
      enqueue_failed(metrics, "otelcol_exporter_enqueue_failed_", "Items refused because the sending queue was full.",
                     {{"exporter", id.to_string()}}) {}

BatchTelemetry::BatchTelemetry(MetricRegistry& metrics, const ComponentId& id)
    : send_size(
          metrics.histogram("otelcol_processor_batch_batch_send_size", "Items in a batch.", {{"processor", id.to_string()}}, item_bounds)),
      send_size_bytes(metrics.histogram("otelcol_processor_batch_batch_send_size_bytes", "Bytes in a batch.",
                                        {{"processor", id.to_string()}}, byte_bounds)),
      send_duration(metrics.histogram("otelcol_processor_batch_batch_send_duration", "Seconds until the next component had answered.",
                                      {{"processor", id.to_string()}}, second_bounds)),
      size_trigger(metrics.counter("otelcol_processor_batch_batch_size_trigger_send", "Batches sent because they were full.",
                                   {{"processor", id.to_string()}})),
      timeout_trigger(metrics.counter("otelcol_processor_batch_timeout_trigger_send", "Batches sent because they were old.",
                                      {{"processor", id.to_string()}})),
      metadata_cardinality(
          metrics.gauge("otelcol_processor_batch_metadata_cardinality", "Kinds of senders kept apart.", {{"processor", id.to_string()}})) {}

ProcessTelemetry::ProcessTelemetry(MetricRegistry& metrics, const Clock& clock, FileSystem& files) {
  auto counter = [&](std::string_view name, std::string_view help, std::function<double()> read) {
    observations_.push_back(metrics.observe_counter(name, help, {}, std::move(read)));
  };
  auto gauge = [&](std::string_view name, std::string_view help, std::function<double()> read) {
    observations_.push_back(metrics.observe_gauge(name, help, {}, std::move(read)));
  };
  int64_t started_ns = clock.steady_ns();
  counter("otelcol_process_uptime", "Seconds since the start.",
          [&clock, started_ns] { return static_cast<double>(clock.steady_ns() - started_ns) / 1e9; });
  counter("otelcol_process_cpu_seconds", "Processor time, user and system.", [] { return cpu_seconds(); });
  gauge("otelcol_process_memory_rss", "Resident memory in bytes.", [&files] {
    Result<int64_t> bytes = resident_bytes(files);
    return bytes.is_ok() ? static_cast<double>(*bytes) : 0.0;
  });
  gauge("otelcol_process_runtime_heap_alloc_bytes", "Bytes of living allocations.",
        [] { return static_cast<double>(heap_use().allocated_bytes); });
  gauge("otelcol_process_runtime_total_sys_memory_bytes", "Bytes the allocator has from the system.",
        [] { return static_cast<double>(heap_use().mapped_bytes); });
  // The allocator does not count this. What is shown grows by what the heap has grown between two looks.
  struct Growth {
    double last = 0;
    double total = 0;
  };
  counter("otelcol_process_runtime_total_alloc_bytes", "Bytes allocated since the start, at least.", [growth = Growth{}]() mutable {
    auto now = static_cast<double>(heap_use().allocated_bytes);
    if (now > growth.last) growth.total += now - growth.last;
    growth.last = now;
    return growth.total;
  });
}

}  // namespace vigia::pipeline
