// A whole file is decoded, and every mistake in it is told at once, with its line and what was meant.

#include "pipeline/service_config.h"

#include <gtest/gtest.h>

#include "pipeline/fake_components.h"
#include "pipeline/plan.h"
#include "pipeline/sender_config.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

struct Decoding {
  std::shared_ptr<test::FakeWorld> world = std::make_shared<test::FakeWorld>();
  Components components = test::fake_components(world);
  config::Diagnostics diagnostics;
  config::Node root;
  ServiceConfig config;

  explicit Decoding(const std::string& yaml) {
    auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"c.yaml", yaml}), diagnostics);
    if (node) root = std::move(*node);
    config = decode_service(root, components, diagnostics);
  }
  bool has_error(const std::string& place, const std::string& part) const {
    for (const config::Diagnostic& error : diagnostics.errors()) {
      std::string line = config::one_line(error);
      if (line.starts_with(place + ":") && line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  bool has_warning(const std::string& part) const {
    for (const config::Diagnostic& warning : diagnostics.warnings())
      if (config::one_line(warning).find(part) != std::string::npos) return true;
    return false;
  }
};

const std::string minimal = R"(receivers:
  source:
exporters:
  sink:
service:
  pipelines:
    traces:
      receivers: [source]
      exporters: [sink]
)";

TEST(ServiceConfig, TheSmallestFile) {
  Decoding decoding(minimal);
  EXPECT_FALSE(decoding.diagnostics.has_errors()) << decoding.diagnostics.render_errors();
  EXPECT_TRUE(decoding.diagnostics.warnings().empty()) << decoding.diagnostics.render_warnings();
  ASSERT_EQ(decoding.config.pipelines.size(), 1u);
  EXPECT_EQ(decoding.config.pipelines[0].signal, otlp::Signal::traces);
  EXPECT_EQ(decoding.config.telemetry.metrics_address, "localhost:8888");
}

TEST(ServiceConfig, AFullFile) {
  Decoding decoding(R"(
receivers: {source/a: {value: x}, source/b: , logsource: }
processors: {pass: , pass/2: }
exporters: {sink: , sink/b: {value: y}}
connectors: {join: }
extensions: {helper: , helper/2: }
service:
  extensions: [helper/2, helper]
  pipelines:
    traces/in: {receivers: [source/a, source/b], processors: [pass, pass/2], exporters: [sink, join]}
    traces/out: {receivers: join, exporters: sink/b}
    logs: {receivers: [logsource], exporters: [sink]}
  telemetry:
    logs: {level: debug, development: true, encoding: json, output_paths: [stdout, /tmp/agent.log], initial_fields: {a: b},
           sampling: {enabled: true, tick: 5s, initial: 3, thereafter: 7}}
    metrics: {level: detailed, address: ":9999"}
    resource: {team: blue, service.version: null}
)");
  EXPECT_FALSE(decoding.diagnostics.has_errors()) << decoding.diagnostics.render_errors();
  const ServiceConfig& config = decoding.config;
  EXPECT_EQ(config.started_extensions, (std::vector<ComponentId>{{"helper", "2"}, {"helper", ""}}));
  ASSERT_EQ(config.pipelines.size(), 3u);
  EXPECT_EQ(config.pipelines[1].receivers, (std::vector<ComponentId>{{"join", ""}}));
  EXPECT_EQ(std::any_cast<test::FakeConfig>(config.exporters.at({"sink", "b"}).config).value, "y");
  const TelemetryConfig& telemetry = config.telemetry;
  EXPECT_EQ(telemetry.logs.level, LogLevel::debug);
  EXPECT_EQ(telemetry.logs.encoding, LogEncoding::json);
  EXPECT_EQ(telemetry.logs.output_paths.size(), 2u);
  EXPECT_EQ(telemetry.logs.sampling_period_ms, 5000);
  EXPECT_EQ(telemetry.logs.sampling_thereafter, 7);
  EXPECT_TRUE(telemetry.is_development);
  EXPECT_EQ(telemetry.metrics_address, "0.0.0.0:9999");
  EXPECT_EQ(telemetry.resource.at("team"), "blue");
  EXPECT_EQ(telemetry.resource.at("service.version"), std::nullopt);
}

TEST(ServiceConfig, MetricsReadersOfTheCurrentForm) {
  Decoding decoding(minimal + R"(  telemetry:
    metrics:
      readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 7777}}}}]
)");
  EXPECT_FALSE(decoding.diagnostics.has_errors()) << decoding.diagnostics.render_errors();
  EXPECT_EQ(decoding.config.telemetry.metrics_address, "0.0.0.0:7777");
  Decoding none(minimal + "  telemetry: {metrics: {level: none}}\n");
  EXPECT_EQ(none.config.telemetry.metrics_address, "");
  Decoding not_sampled(minimal + "  telemetry: {logs: {sampling: {enabled: false}}}\n");
  EXPECT_EQ(not_sampled.config.telemetry.logs.sampling_initial, 0);
}

TEST(ServiceConfig, AllMistakesAreToldAtOnceWithTheirPlaces) {
  Decoding decoding(R"(receivers:
  sauce:
  kafka:
  source: {valu: 1}
exporters:
  sink:
  tracesink:
service:
  extensions: [helpr]
  pipelines:
    traces:
      receivers: [source, kafka]
      processors: [pas, pass, pass]
      exporters: [sinc]
    metrics:
      receivers: [source]
      exporters: [tracesink]
    logs:
      receivers: []
      exporters: []
    trace: {receivers: [source], exporters: [sink]}
processors:
  pass:
)");
  EXPECT_TRUE(decoding.has_error("c.yaml:2:3", "unknown receiver type \"sauce\"; did you mean \"source\"?"));
  EXPECT_TRUE(decoding.has_error("c.yaml:3:3", "kafka receiver: not in this build"));
  EXPECT_TRUE(decoding.has_error("c.yaml:4:12", "value"));
  EXPECT_TRUE(decoding.has_error("c.yaml:9:16", "the extension \"helpr\" is not defined"));
  EXPECT_TRUE(decoding.has_error("c.yaml:13:20", "the processor \"pas\" is not defined; did you mean \"pass\"?"));
  EXPECT_TRUE(decoding.has_error("c.yaml:13:31", "\"pass\" is listed twice"));
  EXPECT_TRUE(decoding.has_error("c.yaml:14:19", "the exporter \"sinc\" is not defined; did you mean \"sink\"?"));
  EXPECT_TRUE(decoding.has_error("c.yaml:17:19", "the exporter \"tracesink\" does not do metrics"));
  EXPECT_TRUE(decoding.has_error("c.yaml:18:5", "the pipeline has no receivers"));
  EXPECT_TRUE(decoding.has_error("c.yaml:18:5", "the pipeline has no exporters"));
  EXPECT_TRUE(decoding.has_error("c.yaml:21:5", "\"trace\" is no pipeline"));
  EXPECT_EQ(decoding.diagnostics.error_count(), 11u) << decoding.diagnostics.render_errors();
}

TEST(ServiceConfig, AFileWithoutPipelines) {
  EXPECT_TRUE(Decoding("receivers: {source: }\n").has_error("c.yaml:1:1", "there is no pipeline"));
  EXPECT_TRUE(Decoding("service: {pipelines: {}}\n").diagnostics.has_errors());
  EXPECT_TRUE(Decoding("").diagnostics.has_errors());
}

TEST(ServiceConfig, UnusedAndOldSpellingsAreWarnings) {
  Decoding decoding(R"(receivers: {source: , source/unused: }
exporters: {drain: , oldsink: }
extensions: {helper: }
service: {pipelines: {traces: {receivers: [source], exporters: [drain, oldsink]}}}
)");
  EXPECT_FALSE(decoding.diagnostics.has_errors()) << decoding.diagnostics.render_errors();
  EXPECT_TRUE(decoding.has_warning("c.yaml:1:23: receivers::source/unused"));
  EXPECT_TRUE(decoding.has_warning("extensions::helper: the extension is defined but not used"));
  EXPECT_TRUE(decoding.has_warning("\"drain\" is read as \"sink\""));
  EXPECT_TRUE(decoding.has_warning("\"oldsink\" is deprecated"));
  EXPECT_EQ(decoding.diagnostics.warnings().size(), 4u) << decoding.diagnostics.render_warnings();
}

TEST(ServiceConfig, AReceiverIsUnusedAlsoWhenAnExporterHasItsName) {
  Decoding decoding(R"(receivers: {source: , logsource: }
exporters: {sink: }
connectors: {join: }
service: {pipelines: {traces: {receivers: [source], exporters: [sink]}}}
)");
  EXPECT_TRUE(decoding.has_warning("receivers::logsource"));
  EXPECT_TRUE(decoding.has_warning("connectors::join"));
}

TEST(ServiceConfig, ConnectorsNeedBothEnds) {
  Decoding decoding(R"(receivers: {source: }
exporters: {sink: }
connectors: {join: , join/2: , count: }
service:
  pipelines:
    traces: {receivers: [source, join/2], exporters: [sink, join]}
    logs: {receivers: [source], exporters: [count]}
    metrics: {receivers: [count], exporters: [sink]}
)");
  EXPECT_TRUE(decoding.has_error("c.yaml:6:61", "the connector \"join\" is used as exporter, but in no pipeline as receiver"));
  EXPECT_TRUE(decoding.has_error("c.yaml:6:34", "the connector \"join/2\" is used as receiver, but in no pipeline as exporter"));
  EXPECT_TRUE(decoding.has_error("c.yaml:7:45", "the connector \"count\" cannot lead logs to any pipeline"));
  EXPECT_TRUE(decoding.has_error("c.yaml:8:27", "the connector \"count\" cannot give metrics from any pipeline"));
  EXPECT_EQ(decoding.diagnostics.error_count(), 4u) << decoding.diagnostics.render_errors();
}

TEST(ServiceConfig, ACycleIsNamed) {
  Decoding decoding(R"(receivers: {source: }
exporters: {sink: }
connectors: {join/1: , join/2: }
service:
  pipelines:
    traces/in: {receivers: [source], exporters: [join/1]}
    traces/a: {receivers: [join/1, join/2], exporters: [join/2, sink]}
)");
  EXPECT_TRUE(decoding.has_error("c.yaml:7:57", "the pipelines form a cycle: traces/a → join/2 → traces/a"))
      << decoding.diagnostics.render_errors();
  EXPECT_EQ(decoding.diagnostics.error_count(), 1u) << decoding.diagnostics.render_errors();
}

TEST(ServiceConfig, FingerprintsIgnoreOrderAndPlaceButNotValues) {
  auto fingerprint = [](const std::string& section) {
    Decoding decoding("exporters:\n  sink: " + section + "\n");
    return decoding.config.exporters.at({"sink", ""}).fingerprint;
  };
  EXPECT_EQ(fingerprint("{value: a, fails: b}"), fingerprint("{fails: b,   value: a}"));
  EXPECT_NE(fingerprint("{value: a}"), fingerprint("{value: b}"));
}

TEST(Plan, InstancesAndTheirTargets) {
  Decoding decoding(R"(
receivers: {source: }
processors: {pass: }
exporters: {sink: }
connectors: {join: }
service:
  pipelines:
    traces/a: {receivers: [source], processors: [pass], exporters: [sink, join]}
    traces/b: {receivers: [source, join], processors: [pass], exporters: [sink]}
    logs: {receivers: [source], exporters: [sink]}
)");
  ASSERT_FALSE(decoding.diagnostics.has_errors()) << decoding.diagnostics.render_errors();
  Plan plan = make_plan(decoding.config);
  using otlp::Signal;
  NodeKey source{ComponentKind::receiver, {"source", ""}, "", {}, {}};
  NodeKey pass_a{ComponentKind::processor, {"pass", ""}, "traces/a", Signal::traces, Signal::traces};
  NodeKey pass_b{ComponentKind::processor, {"pass", ""}, "traces/b", Signal::traces, Signal::traces};
  NodeKey sink_traces{ComponentKind::exporter, {"sink", ""}, "", Signal::traces, Signal::traces};
  NodeKey sink_logs{ComponentKind::exporter, {"sink", ""}, "", Signal::logs, Signal::logs};
  NodeKey join{ComponentKind::connector, {"join", ""}, "", Signal::traces, Signal::traces};
  EXPECT_EQ(plan.size(), 6u);
  EXPECT_EQ(plan.at(source).targets_of(Signal::traces), (std::vector<NodeKey>{pass_a, pass_b}));
  EXPECT_EQ(plan.at(source).targets_of(Signal::logs), (std::vector<NodeKey>{sink_logs}));
  EXPECT_EQ(plan.at(pass_a).targets_of(Signal::traces), (std::vector<NodeKey>{sink_traces, join}));
  EXPECT_EQ(plan.at(join).targets_of(Signal::traces), (std::vector<NodeKey>{pass_b}));
  EXPECT_LT(plan.at(join).depth, plan.at(pass_b).depth) << "upstream stops first, also through connectors";
}

TEST(ServiceConfig, ThePipelinesExportersShareOneStorage) {
  Components components = test::fake_components(std::make_shared<test::FakeWorld>());
  ExporterFactory queued;
  queued.type = "queued";
  queued.signals = {otlp::Signal::traces};
  queued.decode = [](config::Section& in) -> std::any {
    SenderConfig config;
    decode_sender(in, config);
    return config;
  };
  queued.sender = [](const std::any& config) { return &std::any_cast<const SenderConfig&>(config); };
  components.exporters.push_back(queued);
  config::Diagnostics diagnostics;
  auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"c.yaml", R"(
receivers: {source: }
exporters:
  queued/1: {sending_queue: {storage: helper}}
  queued/2: {sending_queue: {storage: helper/2}}
  queued/3: {sending_queue: {}}
extensions: {helper: , helper/2: }
service:
  extensions: [helper, helper/2]
  pipelines:
    traces: {receivers: [source], exporters: [queued/1, queued/3, queued/2]}
    traces/good: {receivers: [source], exporters: [queued/2, queued/3]}
)"}),
                                diagnostics);
  decode_service(*node, components, diagnostics);
  ASSERT_EQ(diagnostics.error_count(), 1u) << diagnostics.render_errors();
  EXPECT_NE(diagnostics.render_errors().find("\"queued/2\" has \"helper/2\", one before it \"helper\""), std::string::npos);
}

}  // namespace
}  // namespace vigia::pipeline
