// Scenario: configurations of every age, and scrapers that ask over a real socket. Guarantee: the keys mean what they mean in the Collector, mistakes
// are told, and the page is there in the format that was asked for.

#include <gtest/gtest.h>

#include "exporters/prometheus/config.h"
#include "exporters/prometheus/factory.h"
#include "net/test_raw_peer.h"
#include "pipeline/test_kit.h"
#include "prometheus/test_metrics.h"

namespace vigia::exporters {
namespace {

using pipeline::test::decode_text;
using prometheus::test::metric;
using prometheus::test::number_point;

auto decoded(const std::string& yaml) { return decode_text<PrometheusConfig>(yaml, decode); }

TEST(PrometheusConfig, of_the_collector) {
  auto one = decoded(R"(
endpoint: "1.2.3.4:1234"
namespace: test-space
const_labels: {label1: value1, "another label": spaced value}
send_timestamps: true
metric_expiration: 180m
enable_open_metrics: true
add_metric_suffixes: false
resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}
sending_queue: {enabled: true}
)");
  EXPECT_EQ(one->errors(), "");
  EXPECT_EQ(one->config.expiration_ms, 180 * 60'000);
  EXPECT_EQ(one->config.translate.strategy, prometheus::Strategy::underscores_without_suffixes);
  EXPECT_TRUE(one->config.translate.resource_labels.matches("anything"));
  EXPECT_FALSE(one->config.translate.resource_labels.matches("service.name"));
  EXPECT_TRUE(one->config.sends_timestamps && one->config.has_open_metrics);
}

TEST(PrometheusConfig, defaults_and_the_newer_keys) {
  auto one = decoded("endpoint: localhost:8889");
  EXPECT_EQ(one->errors(), "");
  EXPECT_EQ(one->config.expiration_ms, 300'000);
  EXPECT_TRUE(one->config.translate.resource_labels.matches("customer.id"));
  EXPECT_FALSE(one->config.translate.resource_labels.matches("host.name"));
  auto other = decoded(
      "endpoint: localhost:8889\ntranslation_strategy: NoTranslation\nadd_metric_suffixes: false\n"
      "resource_constant_labels: {included: [k8s.*], excluded: [k8s.pod.uid]}\nwithout_scope_info: true");
  EXPECT_EQ(other->errors(), "");
  EXPECT_EQ(other->config.translate.strategy, prometheus::Strategy::untranslated);
  EXPECT_TRUE(other->config.translate.resource_labels.matches("k8s.node.name"));
  EXPECT_FALSE(other->config.translate.resource_labels.matches("customer.id"));
  EXPECT_FALSE(other->config.translate.has_scope_labels);
}

TEST(PrometheusConfig, mistakes) {
  EXPECT_NE(decoded("namespace: x")->errors().find("an endpoint is required"), std::string::npos);
  EXPECT_NE(decoded("endpoint: a:1\ntranslation_strategy: Nothing")->errors().find("translation_strategy"), std::string::npos);
  EXPECT_NE(decoded("endpoint: a:1\nmetric_expiration: 0s")->errors().find("must be positive"), std::string::npos);
  EXPECT_NE(decoded("endpoint: a:1\nmax_series: 0")->errors().find("must be positive"), std::string::npos);
  EXPECT_NE(decoded("endpoint: a:1\nmetric_expiry: 1m")->errors().find("metric_expiration"), std::string::npos);
  EXPECT_NE(decoded("endpoint: a:1\nresource_constant_labels: {}\nresource_to_telemetry_conversion: {}")->errors().find("only one"),
            std::string::npos);
}

class PrometheusPage : public testing::Test {
 protected:
  std::unique_ptr<pipeline::Exporter> start(const std::string& yaml) {
    pipeline::ExporterFactory& factory = factory_;
    auto one = decode_text<PrometheusConfig>(yaml, decode);
    EXPECT_EQ(one->errors(), "");
    pipeline::Context context = kit_.context("prometheus");
    context.report_port = [this](const std::string&, int port) { port_ = port; };
    auto exporter = factory.create(context, std::any(one->config), otlp::Signal::metrics);
    EXPECT_TRUE(exporter.is_ok());
    started_ = (*exporter)->start();
    return std::move(*exporter);
  }
  void stop(pipeline::Exporter& exporter) {
    std::promise<void> stopped;
    exporter.stop(kit_.clock.steady_ms() + 1'000, [&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  void send(pipeline::Exporter& exporter, double value) {
    pipeline::Batch batch;
    batch.signal = otlp::Signal::metrics;
    batch.item_count = 1;
    batch.payload = Chain(Slice::copy_of(prometheus::test::request({metric({"g"}, {number_point(value)})}), kit_.ledger));
    pipeline::test::Answer answer;
    exporter.consume(std::move(batch), answer.done());
    EXPECT_TRUE(answer.get().is_ok());
  }
  std::string ask(const std::string& path, const std::string& headers = "", const std::string& method = "GET") {
    net::RawPeer peer = net::RawPeer::connect(port_);
    peer.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + headers + "\r\n");
    EXPECT_TRUE(peer.wait_for_end());
    return peer.received();
  }

  pipeline::test::Kit kit_;
  pipeline::ExporterFactory factory_ = prometheus_exporter();
  Status started_;
  int port_ = 0;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(PrometheusPage, is_served) {
  auto exporter = start("endpoint: 127.0.0.1:0\nresponse_headers: {X-Edge: here}");
  ASSERT_TRUE(started_.is_ok()) << started_.to_string();
  send(*exporter, 4);
  std::string answer = ask("/metrics");
  EXPECT_TRUE(contains(answer, "HTTP/1.1 200") && contains(answer, "\ng 4\n") && contains(answer, "x-edge: here")) << answer;
  EXPECT_TRUE(contains(answer, "content-type: text/plain; version=0.0.4; charset=utf-8")) << answer;
  EXPECT_TRUE(contains(ask("/"), "HTTP/1.1 404"));
  EXPECT_TRUE(contains(ask("/metrics", "Content-Length: 0\r\n", "POST"), "HTTP/1.1 405"));
  EXPECT_FALSE(contains(ask("/metrics", "", "HEAD"), "g 4"));
  EXPECT_TRUE(contains(ask("/metrics", "Accept-Encoding: gzip\r\n"), "content-encoding: gzip"));
  EXPECT_TRUE(contains(ask("/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n"), "text/plain")) << "it has to be enabled";
  stop(*exporter);
}

// In a reload the successor starts while the old one still serves.
TEST_F(PrometheusPage, changes_hands) {
  auto first = start("endpoint: 127.0.0.1:0");
  std::string fixed = "endpoint: 127.0.0.1:" + std::to_string(port_);
  stop(*first);
  auto old = start(fixed);
  ASSERT_TRUE(started_.is_ok()) << started_.to_string();
  send(*old, 1);
  auto young = start(fixed + "\nenable_open_metrics: true");
  ASSERT_TRUE(started_.is_ok()) << started_.to_string();
  send(*young, 2);
  EXPECT_TRUE(contains(ask("/metrics"), "\ng 2\n"));
  stop(*young);
  EXPECT_TRUE(contains(ask("/metrics"), "\ng 1\n")) << "the reload was taken back";
  auto again = start(fixed);
  send(*again, 3);
  stop(*old);
  EXPECT_TRUE(contains(ask("/metrics"), "\ng 3\n"));
  stop(*again);
}

TEST_F(PrometheusPage, a_port_in_use_is_a_clear_error) {
  auto first = start("endpoint: 127.0.0.1:0");
  factory_ = prometheus_exporter();  // Of another program.
  start("endpoint: 127.0.0.1:" + std::to_string(port_));
  ASSERT_FALSE(started_.is_ok());
  EXPECT_TRUE(contains(started_.message(), std::to_string(port_))) << started_.message();
  stop(*first);
}

}  // namespace
}  // namespace vigia::exporters
