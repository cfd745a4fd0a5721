#pragma once

// The Collector's self-metrics, under its names, for components to raise. Making one of these registers its series, so that
// they are all there with 0 from the start; making it again (after a reload) goes on counting.
//
// All counting calls may be made on any thread.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/metrics.h"
#include "otlp/signal.h"

namespace vigia::pipeline {

struct ComponentId;

// A counter for each of the three signals: prefix + "spans", "metric_points", "log_records".
class SignalCounters {
 public:
  SignalCounters(MetricRegistry& metrics, std::string_view prefix, std::string_view help, const Labels& labels);
  void add(otlp::Signal signal, size_t items) const { counters_[static_cast<size_t>(signal)]->add(items); }
  uint64_t value(otlp::Signal signal) const { return counters_[static_cast<size_t>(signal)]->value(); }

 private:
  std::array<Counter*, 3> counters_;
};

// otelcol_receiver_{accepted,refused,failed}_*.
struct ReceiverTelemetry {
  // `transport`: "grpc", "http".
  ReceiverTelemetry(MetricRegistry& metrics, const ComponentId& id, std::string_view transport);
  SignalCounters accepted;
  SignalCounters refused;  // The pipeline did not take them; the sender was told.
  SignalCounters failed;   // They could not be read.
};

// otelcol_processor_{accepted,refused,dropped}_* and {incoming,outgoing}_items. The graph counts what comes in and goes out of
// every processor; the rest is for the processor itself.
struct ProcessorTelemetry {
  ProcessorTelemetry(MetricRegistry& metrics, const ComponentId& id);
  SignalCounters accepted;
  SignalCounters refused;
  SignalCounters dropped;
  std::array<Counter*, 3> incoming_items;
  std::array<Counter*, 3> outgoing_items;
};

// otelcol_processor_memory_limiter_{accepted,refused}_*: the names of today's Collector for what ProcessorTelemetry counts under
// the older ones.
struct MemoryLimiterTelemetry {
  MemoryLimiterTelemetry(MetricRegistry& metrics, const ComponentId& id);
  SignalCounters accepted;
  SignalCounters refused;
};

// otelcol_exporter_{sent,send_failed,enqueue_failed}_*.
struct ExporterTelemetry {
  ExporterTelemetry(MetricRegistry& metrics, const ComponentId& id);
  SignalCounters sent;
  SignalCounters send_failed;
  SignalCounters enqueue_failed;
};

// otelcol_processor_batch_*.
struct BatchTelemetry {
  BatchTelemetry(MetricRegistry& metrics, const ComponentId& id);
  Histogram& send_size;
  Histogram& send_size_bytes;
  // Seconds until the next consumer had answered.
  Histogram& send_duration;
  Counter& size_trigger;
  Counter& timeout_trigger;
  Gauge& metadata_cardinality;
};

// otelcol_process_*: read when somebody looks.
class ProcessTelemetry {
 public:
  // The references outlive this.
  ProcessTelemetry(MetricRegistry& metrics, const Clock& clock, FileSystem& files);

 private:
  std::vector<MetricRegistry::Observation> observations_;
};

}  // namespace vigia::pipeline
