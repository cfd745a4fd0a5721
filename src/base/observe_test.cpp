// What the program tells about itself: metrics in the text Prometheus reads, log lines with the fields that were promised.

#include <gtest/gtest.h>

#include "base/log.h"
#include "base/metrics.h"

namespace vigia {
namespace {

TEST(Metrics, TheTextIsPrometheusExposition) {
  MetricRegistry registry;
  registry.counter("otelcol_x", "Help.", {{"receiver", "otlp"}, {"path", "a\"b\\c\n"}}).add(3);
  registry.gauge("level", "Level.").set(1.5);
  Histogram& histogram = registry.histogram("size", "Size.", {}, {1, 10});
  histogram.observe(1);
  histogram.observe(5);
  histogram.observe(100);
  registry.set_common_labels({{"service_name", "vigia"}});
  EXPECT_EQ(
      registry.prometheus_text(),
      "# HELP level Level.\n# TYPE level gauge\nlevel{service_name=\"vigia\"} 1.5\n"
      "# HELP otelcol_x Help.\n# TYPE otelcol_x counter\n"
      "otelcol_x{receiver=\"otlp\",path=\"a\\\"b\\\\c\\n\",service_name=\"vigia\"} 3\n"
      "# HELP size Size.\n# TYPE size histogram\n"
      "size_bucket{service_name=\"vigia\",le=\"1\"} 1\nsize_bucket{service_name=\"vigia\",le=\"10\"} 2\n"
      "size_bucket{service_name=\"vigia\",le=\"+Inf\"} 3\nsize_sum{service_name=\"vigia\"} 106\nsize_count{service_name=\"vigia\"} 3\n");
}

TEST(Metrics, TheSameSeriesIsOneObjectAndObservationsEnd) {
  MetricRegistry registry;
  EXPECT_EQ(&registry.counter("a", "A.", {{"x", "1"}}), &registry.counter("a", "A.", {{"x", "1"}}));
  EXPECT_NE(&registry.counter("a", "A.", {{"x", "1"}}), &registry.counter("a", "A.", {{"x", "2"}}));
  {
    auto observation = registry.observe_gauge("seen", "Seen.", {}, [] { return 7.0; });
    EXPECT_NE(registry.prometheus_text().find("seen 7\n"), std::string::npos);
  }
  EXPECT_EQ(registry.prometheus_text().find("seen"), std::string::npos);
}

TEST(Metrics, ManyGaugesOfOneNameComeAndGo) {
  MetricRegistry registry;
  registry.set_common_labels({{"service_name", "vigia"}});
  std::vector<std::string> nodes = {"a", "b"};
  {
    auto observation = registry.observe_gauges("up", "Up.", [&](const MetricRegistry::TellGauge& tell) {
      for (const std::string& node : nodes) tell({{"node", node}}, 1);
    });
    EXPECT_EQ(registry.prometheus_text(),
              "# HELP up Up.\n# TYPE up gauge\nup{node=\"a\",service_name=\"vigia\"} 1\nup{node=\"b\",service_name=\"vigia\"} 1\n");
    nodes = {"c"};
    EXPECT_EQ(registry.prometheus_text(), "# HELP up Up.\n# TYPE up gauge\nup{node=\"c\",service_name=\"vigia\"} 1\n");
  }
  EXPECT_EQ(registry.prometheus_text(), "");
}

TEST(Log, JsonLinesHaveTheirFieldsInTheirPlaces) {
  LogSettings settings;
  settings.encoding = LogEncoding::json;
  settings.service = "vigia";
  EXPECT_EQ(format_log_line(settings, 1'749'000'000'123'000'000, LogLevel::warn, "a \"quoted\" message", {{"component", "otlp"}},
                            {{"tenant_id", "acme"}, {"count", 3}, {"ok", true}}),
            R"({"timestamp":"2025-06-04T01:20:00.123Z","level":"WARNING","service":"vigia","tenant_id":"acme",)"
            R"("message":"a \"quoted\" message","context":{"component":"otlp","count":3,"ok":true}})"
            "\n");
}

TEST(Log, ConsoleLinesAreForPeople) {
  EXPECT_EQ(format_log_line({}, 0, LogLevel::info, "ready", {}, {{"port", 4317}}),
            "1970-01-01T00:00:00.000Z\tinfo\tready\t{\"port\":4317}\n");
}

}  // namespace
}  // namespace vigia
