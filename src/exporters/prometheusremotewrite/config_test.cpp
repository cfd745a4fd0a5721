// Scenario: configurations of every age. Guarantee: the keys mean what they mean in the Collector, and a mistake says what to do.

#include "exporters/prometheusremotewrite/config.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::exporters {
namespace {

auto decoded(const std::string& yaml) {
  return pipeline::test::decode_text<RemoteWriteConfig>("endpoint: http://a:9090/api/v1/write\n" + yaml, decode);
}
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(RemoteWriteConfig, defaults) {
  auto one = decoded("");
  EXPECT_EQ(one->errors(), "");
  const RemoteWriteConfig& config = one->config;
  EXPECT_EQ(config.shards, 5u);
  EXPECT_EQ(config.write.max_bytes, 3'000'000u);
  EXPECT_EQ(config.sender.queue.size, 10'000u);
  EXPECT_EQ(config.sender.queue.consumers, 1u);
  EXPECT_TRUE(config.sender.queue.keeps_order);
  EXPECT_EQ(config.sender.retry.initial_interval_ms, 50);
  EXPECT_EQ(config.sender.retry.max_interval_ms, 200);
  EXPECT_EQ(config.sender.retry.max_elapsed_time_ms, 60'000);
  EXPECT_EQ(config.sender.timeout_ms, 5'000);
  EXPECT_TRUE(config.series.translate.has_target_info);
  EXPECT_FALSE(config.series.translate.has_scope_schema_url);
}

TEST(RemoteWriteConfig, of_the_collector) {
  auto one = decoded(R"(
tls: {insecure: true}
compression: snappy
headers: {X-Scope-OrgID: acme, Content-Type: text/plain}
external_labels: {region: eu}
namespace: ns
remote_write_queue: {enabled: true, queue_size: 77, num_consumers: 3}
retry_on_failure: {enabled: true, initial_interval: 1s}
resource_to_telemetry_conversion: {enabled: true}
target_info: {enabled: false}
disable_scope_info: true
max_batch_size_bytes: 100000
max_batch_request_parallelism: 7
send_metadata: true
include_metadata_keys: [X-Tenant]
wal: {directory: ./wal, buffer_size: 100, truncate_frequency: 45s}
export_created_metric: {enabled: true}
convert_explicit_histograms_to_nhcb: true
)");
  EXPECT_EQ(one->errors(), "");
  const RemoteWriteConfig& config = one->config;
  EXPECT_EQ(config.sender.queue.size, 77u);
  EXPECT_EQ(config.shards, 7u);
  EXPECT_EQ(config.write.max_bytes, 100'000u);
  EXPECT_TRUE(config.write.has_metadata);
  EXPECT_FALSE(config.series.translate.has_target_info || config.series.translate.has_scope_labels);
  EXPECT_TRUE(config.series.has_custom_bucket_histograms && !config.series.has_classic_histograms);
  EXPECT_EQ(config.client.headers, (pipeline::HeaderList{{"x-scope-orgid", "acme"}})) << "the protocol's are its own";
  EXPECT_EQ(config.metadata_keys, std::vector<std::string>{"x-tenant"});
  EXPECT_TRUE(contains(one->diagnostics.render_warnings(), "sending_queue: {storage: file_storage}")) << one->diagnostics.render_warnings();
}

TEST(RemoteWriteConfig, the_newer_keys) {
  auto one = pipeline::test::decode_text<RemoteWriteConfig>(
      "http: {endpoint: 'http://a:9/w', headers: {a: b}}\nprotobuf_message: io.prometheus.write.v2.Request\ntranslation_strategy: "
      "NoTranslation\n"
      "sending_queue: {storage: file_storage, num_consumers: 2, queue_size: 5}",
      decode);
  EXPECT_EQ(one->errors(), "");
  EXPECT_EQ(one->config.client.endpoint, "http://a:9/w");
  EXPECT_EQ(one->config.write.version, prometheus::WriteVersion::v2);
  EXPECT_EQ(one->config.shards, 2u);
  EXPECT_TRUE(one->config.sender.queue.is_durable());
}

TEST(RemoteWriteConfig, without_a_queue_the_result_is_waited_for) {
  for (std::string key : {"remote_write_queue", "sending_queue"}) {
    auto one = decoded(key + ": {enabled: false}");
    EXPECT_EQ(one->errors(), "");
    EXPECT_TRUE(one->config.sender.queue.is_enabled && one->config.sender.queue.waits_for_result) << "two batches never go side by side";
    EXPECT_TRUE(one->config.sender.queue.keeps_order);
    EXPECT_EQ(one->config.sender.queue.consumers, 1u);
  }
}

TEST(RemoteWriteConfig, mistakes) {
  EXPECT_TRUE(contains(pipeline::test::decode_text<RemoteWriteConfig>("namespace: x", decode)->errors(), "an endpoint is required"));
  EXPECT_TRUE(contains(decoded("compression: gzip")->errors(), "only snappy"));
  EXPECT_TRUE(contains(decoded("external_labels: {a: ''}")->errors(), "must not be empty"));
  EXPECT_TRUE(contains(decoded("translation_strategy: NoTranslation")->errors(), "io.prometheus.write.v2.Request"));
  EXPECT_TRUE(contains(decoded("max_batch_request_parallelism: 0")->errors(), "from 1 to 256"));
  EXPECT_TRUE(contains(decoded("remote_write_queue: {queue_size: 0}")->errors(), "must be positive"));
  EXPECT_TRUE(contains(decoded("remote_write_queue: {}\nsending_queue: {}")->errors(), "only one"));
  EXPECT_TRUE(contains(decoded("include_metadata_keys: [content-type]")->errors(), "cannot be changed"));
  EXPECT_TRUE(contains(decoded("sending_queue: {storage: s}\noverflow: {to: t}")->errors(), "out of order"));
  EXPECT_TRUE(contains(decoded("protobuf_message: nothing")->errors(), "prometheus.WriteRequest"));
}

}  // namespace
}  // namespace vigia::exporters
