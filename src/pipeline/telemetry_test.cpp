// Dashboards made for the Collector find their series: the names are its names, and they are there from the start.

#include "pipeline/telemetry.h"

#include <gtest/gtest.h>

#include "pipeline/process_memory.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

TEST(Telemetry, SeriesAreThereWithZeroUnderTheCollectorsNames) {
  test::Kit kit;
  ComponentId id{"otlp", "x"};
  ReceiverTelemetry receiver(kit.metrics, id, "grpc");
  ExporterTelemetry exporter(kit.metrics, id);
  ProcessorTelemetry processor(kit.metrics, id);
  BatchTelemetry batch(kit.metrics, id);
  for (const char* series : {
           "otelcol_receiver_accepted_spans{receiver=\"otlp/x\",transport=\"grpc\"}",
           "otelcol_receiver_refused_metric_points{receiver=\"otlp/x\",transport=\"grpc\"}",
           "otelcol_receiver_failed_log_records{receiver=\"otlp/x\",transport=\"grpc\"}",
           "otelcol_exporter_sent_spans{exporter=\"otlp/x\"}",
           "otelcol_exporter_send_failed_metric_points{exporter=\"otlp/x\"}",
           "otelcol_exporter_enqueue_failed_log_records{exporter=\"otlp/x\"}",
           "otelcol_processor_accepted_spans{processor=\"otlp/x\"}",
           "otelcol_processor_refused_metric_points{processor=\"otlp/x\"}",
           "otelcol_processor_dropped_log_records{processor=\"otlp/x\"}",
           "otelcol_processor_incoming_items{processor=\"otlp/x\",otel_signal=\"traces\"}",
           "otelcol_processor_outgoing_items{processor=\"otlp/x\",otel_signal=\"logs\"}",
           "otelcol_processor_batch_batch_send_size_count{processor=\"otlp/x\"}",
           "otelcol_processor_batch_batch_send_size_bytes_sum{processor=\"otlp/x\"}",
           "otelcol_processor_batch_batch_send_duration_bucket{processor=\"otlp/x\",le=\"1\"}",
           "otelcol_processor_batch_batch_size_trigger_send{processor=\"otlp/x\"}",
           "otelcol_processor_batch_timeout_trigger_send{processor=\"otlp/x\"}",
           "otelcol_processor_batch_metadata_cardinality{processor=\"otlp/x\"}",
       })
    EXPECT_EQ(kit.metric(series), 0) << series;
}

TEST(Telemetry, AnInstanceThatIsMadeAnewGoesOnCounting) {
  test::Kit kit;
  ExporterTelemetry(kit.metrics, {"otlp", ""}).sent.add(otlp::Signal::logs, 3);
  ExporterTelemetry again(kit.metrics, {"otlp", ""});
  again.sent.add(otlp::Signal::logs, 4);
  EXPECT_EQ(again.sent.value(otlp::Signal::logs), 7u);
}

TEST(Telemetry, TheProcessIsObserved) {
  test::Kit kit;
  ProcessTelemetry process(kit.metrics, kit.clock, kit.files);
  kit.on_loop([&] {
    kit.clock.advance_ms(90'000);
    EXPECT_EQ(kit.metric("otelcol_process_uptime"), 90);
    EXPECT_GT(kit.metric("otelcol_process_memory_rss"), 1'000'000);
    EXPECT_GE(kit.metric("otelcol_process_cpu_seconds"), 0);
    for (const char* name : {"heap_alloc_bytes", "total_alloc_bytes", "total_sys_memory_bytes"})
      EXPECT_GE(kit.metric(std::string("otelcol_process_runtime_") + name), 0) << name;
  });
}

TEST(ProcessMemory, TheMachineHasMoreThanThisProcessUses) {
  SystemFiles files;
  auto resident = resident_bytes(files);
  auto available = available_memory_bytes(files);
  ASSERT_TRUE(resident.is_ok());
  ASSERT_TRUE(available.is_ok());
  EXPECT_GT(*available, 0);
  EXPECT_GT(*resident, 0);
}

}  // namespace
}  // namespace vigia::pipeline
