// Scenario: an agent is told what to do by a file, by variables and by flags, which say the same thing differently. Guarantee: a flag counts
// more than a variable, that more than the file, that more than the default; every key of the file reaches its setting; a mistake says where
// it was made.

#include "app/agent_settings.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "app/agent_command.h"
#include "app/agent_pipelines.h"
#include "app/agent_setting_sources.h"
#include "app/health_command.h"
#include "base/test_faulty_files.h"

namespace vigia::app {

namespace {

// The file of document 1, with values other than the defaults.
constexpr std::string_view whole_file = R"(collector:
  endpoint: "collector.example.com:4317"
  insecure: true
  timeout: 11s
  retry:
    enabled: false
    initial_interval: 2s
    max_interval: 31s
    max_elapsed_time: 6m
customer:
  id: "cliente-a"
  name: "Empresa XYZ"
node:
  id: "prod-web-01"
  region: "us-east-1"
  environment: "staging"
telemetry:
  metrics:
    interval: 16s
    enabled: false
  traces:
    enabled: false
    sample_rate: 0.5
  logs:
    enabled: false
    level: "warn"
buffer:
  max_size: 4096
  batch_size: 256
  flush_interval: 6s
health_check:
  port: 8081
  path: "/salud"
)";

class AgentSettingsTest : public testing::Test {
 protected:
  AgentSettings read(std::vector<std::string> words = {}) {
    if (!file_.empty()) {
      EXPECT_TRUE(files_.create_directories("/etc/vigia").is_ok());
      EXPECT_TRUE(files_.write_file_atomically(std::string(default_agent_file), file_).is_ok());
    }
    auto arguments = Arguments::parse(agent_flags(), words);
    EXPECT_TRUE(arguments.is_ok()) << arguments.status().message();
    auto environment = [this](const std::string& name) -> std::optional<std::string> {
      auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    return read_agent_settings(*arguments, environment, "this-host", files_, diagnostics_);
  }
  // What the settings come to, without mistakes.
  std::string configuration(std::vector<std::string> words = {}) {
    AgentSettings settings = read(std::move(words));
    EXPECT_FALSE(diagnostics_.has_errors()) << diagnostics_.render_errors();
    settings.data_dir = "/data";
    return agent_source(settings)->text;
  }
  bool complains_about(std::string_view text) const { return diagnostics_.render_errors().find(text) != std::string::npos; }

  std::string file_;
  std::map<std::string, std::string> environment_;
  test::FaultyFiles files_{1};
  config::Diagnostics diagnostics_;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(AgentSettingsTest, DefaultsAreThoseOfTheTable) {
  AgentSettings settings = read();
  EXPECT_FALSE(diagnostics_.has_errors());
  EXPECT_EQ(settings.node.id, "this-host");
  EXPECT_EQ(settings.node.environment, "production");
  EXPECT_EQ(settings.health_check.port, 8080);
  // Probes and the central scraper have to reach the page; applications of other machines are not to send here.
  EXPECT_EQ(settings.health_check.host, "0.0.0.0");
  EXPECT_EQ(settings.receiver.host, "127.0.0.1");
  EXPECT_EQ(settings.telemetry.metrics_interval_ms, 15'000);
  EXPECT_EQ(settings.buffer.max_size, 2048u);
  EXPECT_EQ(settings.telemetry.log_level, LogLevel::info);
  EXPECT_FALSE(settings.collector.insecure);
  EXPECT_TRUE(settings.telemetry.traces);
}

TEST_F(AgentSettingsTest, EveryKeyOfTheFileReachesItsSetting) {
  file_ = whole_file;
  AgentSettings settings = read();
  ASSERT_FALSE(diagnostics_.has_errors()) << diagnostics_.render_errors();
  EXPECT_EQ(settings.collector.endpoint, "collector.example.com:4317");
  EXPECT_TRUE(settings.collector.insecure);
  EXPECT_EQ(settings.collector.timeout_ms, 11'000);
  EXPECT_FALSE(settings.collector.retries);
  EXPECT_EQ(settings.collector.initial_interval_ms, 2'000);
  EXPECT_EQ(settings.collector.max_interval_ms, 31'000);
  EXPECT_EQ(settings.collector.max_elapsed_time_ms, 360'000);
  EXPECT_EQ(settings.customer.id, "cliente-a");
  EXPECT_EQ(settings.customer.name, "Empresa XYZ");
  EXPECT_EQ(settings.node.id, "prod-web-01");
  EXPECT_EQ(settings.node.region, "us-east-1");
  EXPECT_EQ(settings.node.environment, "staging");
  EXPECT_EQ(settings.telemetry.metrics_interval_ms, 16'000);
  EXPECT_FALSE(settings.telemetry.metrics);
  EXPECT_FALSE(settings.telemetry.traces);
  EXPECT_EQ(settings.telemetry.sample_rate, 0.5);
  EXPECT_FALSE(settings.telemetry.logs);
  EXPECT_EQ(settings.telemetry.log_level, LogLevel::warn);
  EXPECT_EQ(settings.buffer.max_size, 4096u);
  EXPECT_EQ(settings.buffer.batch_size, 256u);
  EXPECT_EQ(settings.buffer.flush_interval_ms, 6'000);
  EXPECT_EQ(settings.health_check.port, 8081);
  EXPECT_EQ(settings.health_check.path, "/salud");
}

TEST_F(AgentSettingsTest, EveryVariableOfTheTableReachesItsSetting) {
  environment_ = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"},
                  {"OTEL_EXPORTER_OTLP_INSECURE", "true"},
                  {"CUSTOMER_ID", "cliente-b"},
                  {"CUSTOMER_NAME", "Empresa B"},
                  {"NODE_ID", "db-01"},
                  {"NODE_REGION", "eu-west-1"},
                  {"ENVIRONMENT", "test"},
                  {"HEALTH_CHECK_PORT", "9090"},
                  {"METRICS_INTERVAL", "30s"},
                  {"BUFFER_MAX_SIZE", "100"},
                  {"LOG_LEVEL", "debug"},
                  {"TRACES_ENABLED", "false"}};
  AgentSettings settings = read();
  ASSERT_FALSE(diagnostics_.has_errors()) << diagnostics_.render_errors();
  EXPECT_EQ(settings.collector.endpoint, "http://collector:4317");
  EXPECT_TRUE(settings.collector.insecure);
  EXPECT_EQ(settings.customer.id, "cliente-b");
  EXPECT_EQ(settings.customer.name, "Empresa B");
  EXPECT_EQ(settings.node.id, "db-01");
  EXPECT_EQ(settings.node.region, "eu-west-1");
  EXPECT_EQ(settings.node.environment, "test");
  EXPECT_EQ(settings.health_check.port, 9090);
  EXPECT_EQ(settings.telemetry.metrics_interval_ms, 30'000);
  EXPECT_EQ(settings.buffer.max_size, 100u);
  EXPECT_EQ(settings.telemetry.log_level, LogLevel::debug);
  EXPECT_FALSE(settings.telemetry.traces);
}

TEST_F(AgentSettingsTest, FlagBeforeVariableBeforeFile) {
  file_ = whole_file;
  environment_ = {{"NODE_ID", "from-the-environment"}, {"CUSTOMER_ID", "from-the-environment"}, {"NODE_REGION", ""}};
  AgentSettings settings = read({"--node-id=from-the-flag", "--health-port", "8083", "--collector-endpoint=http://c:4317"});
  ASSERT_FALSE(diagnostics_.has_errors()) << diagnostics_.render_errors();
  EXPECT_EQ(settings.node.id, "from-the-flag");
  EXPECT_EQ(settings.customer.id, "from-the-environment");
  EXPECT_EQ(settings.node.region, "us-east-1");  // an empty variable is none
  EXPECT_EQ(settings.health_check.port, 8083);
  EXPECT_EQ(settings.collector.endpoint, "http://c:4317");
}

TEST_F(AgentSettingsTest, ABareNumberIsSecondsWhereSecondsAreMeant) {
  environment_ = {{"METRICS_INTERVAL", "30"}, {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"}};
  AgentSettings settings = read();
  EXPECT_EQ(settings.telemetry.metrics_interval_ms, 30'000);
  EXPECT_EQ(settings.collector.timeout_ms, 2'500);
}

TEST_F(AgentSettingsTest, PairsAreUnescaped) {
  environment_ = {{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc, x-a=1"}, {"OTEL_RESOURCE_ATTRIBUTES", "team=core"}};
  AgentSettings settings = read();
  ASSERT_FALSE(diagnostics_.has_errors()) << diagnostics_.render_errors();
  EXPECT_EQ(settings.collector.headers.at("authorization"), "Bearer abc");
  EXPECT_EQ(settings.collector.headers.at("x-a"), "1");
  EXPECT_EQ(settings.telemetry.resource_attributes.at("team"), "core");
}

TEST_F(AgentSettingsTest, AMistakeSaysWhereItWasMade) {
  file_ = "customer:\n  ide: x\n";
  environment_ = {{"METRICS_INTERVAL", "soon"}, {"OTEL_EXPORTER_OTLP_HEADERS", "broken"}};
  read({"--health-port=70000", "--collector-endpoint=ftp://x"});
  EXPECT_TRUE(complains_about("/etc/vigia/agent-config.yaml:2:3")) << diagnostics_.render_errors();
  EXPECT_TRUE(complains_about("the variable METRICS_INTERVAL"));
  EXPECT_TRUE(complains_about("the variable OTEL_EXPORTER_OTLP_HEADERS"));
  EXPECT_TRUE(complains_about("the flag --health-port"));
  EXPECT_TRUE(complains_about("the flag --collector-endpoint"));
}

TEST_F(AgentSettingsTest, EndpointsThatAreNone) {
  for (const char* endpoint :
       {"collector", "collector:", ":4317", "http://", "http://:4317", "collector:0", "collector:99999", "tcp://c:1"}) {
    diagnostics_ = {};
    read({std::string("--collector-endpoint=") + endpoint});
    EXPECT_TRUE(diagnostics_.has_errors()) << endpoint;
  }
  for (const char* endpoint :
       {"collector:4317", "http://collector", "https://c.example.com:4318/base", "[::1]:4317", "http://[::1]:4317"}) {
    diagnostics_ = {};
    read({std::string("--collector-endpoint=") + endpoint});
    EXPECT_FALSE(diagnostics_.has_errors()) << endpoint << diagnostics_.render_errors();
  }
}

TEST_F(AgentSettingsTest, TheSchemeSaysWhetherThereIsTls) {
  EXPECT_FALSE(read({"--collector-endpoint=collector:4317"}).collector.is_plain());
  EXPECT_TRUE(read({"--collector-endpoint=collector:4317", "--insecure"}).collector.is_plain());
  EXPECT_TRUE(read({"--collector-endpoint=http://collector:4317"}).collector.is_plain());
  EXPECT_FALSE(read({"--collector-endpoint=https://collector:4317", "--insecure"}).collector.is_plain());
}

TEST_F(AgentSettingsTest, ThePortStandsForTheProtocolUnlessItIsSaid) {
  EXPECT_EQ(read({"--collector-endpoint=http://c:4317"}).collector.protocol(), AgentProtocol::grpc);
  EXPECT_EQ(read({"--collector-endpoint=http://c:4318"}).collector.protocol(), AgentProtocol::http);
  EXPECT_EQ(read({"--collector-endpoint=http://c:4318", "--protocol=grpc"}).collector.protocol(), AgentProtocol::grpc);
}

TEST_F(AgentSettingsTest, ThePlatformsVariablesMakeATenant) {
  environment_ = {{"TELEMETRYFLOW_ENDPOINT", "http://tfo-collector:4318"},
                  {"TELEMETRYFLOW_TENANT_ID", "7f3f9a52-8a2f-4f0e-9f6a-2f6d1c0a1b2c"},
                  {"TELEMETRYFLOW_WORKSPACE_ID", "my-workspace"},
                  {"AGENT_HOSTNAME", "edge-1"},
                  {"AGENT_IP", "10.0.0.7"}};
  std::string text = configuration();
  EXPECT_TRUE(contains(text, "otlphttp:\n    endpoint: 'http://tfo-collector:4318'")) << text;
  EXPECT_TRUE(contains(text, "'X-Workspace-Id': 'my-workspace'"));
  EXPECT_TRUE(contains(text, "'X-Tenant-Id': '7f3f9a52-8a2f-4f0e-9f6a-2f6d1c0a1b2c'"));
  EXPECT_TRUE(contains(text, "{key: 'host.name', value: 'edge-1', action: insert}"));
  EXPECT_TRUE(contains(text, "{key: 'node.id', value: 'edge-1', action: upsert}")) << "not the container's name";
  EXPECT_TRUE(contains(text, "{key: 'host.ip', value: '10.0.0.7', action: insert}"));
  // Only a warning, and only about what is none.
  EXPECT_TRUE(contains(diagnostics_.render_warnings(), "workspace_id"));
  EXPECT_FALSE(contains(diagnostics_.render_warnings(), "customer::id"));
}

TEST_F(AgentSettingsTest, WhatTheSettingsComeTo) {
  file_ = whole_file;
  std::string text = configuration({"--collector-endpoint=https://it's.example.com:4317"});
  EXPECT_TRUE(contains(text, "endpoint: 'https://it''s.example.com:4317'")) << text;
  EXPECT_TRUE(contains(text, "timeout: 11000ms"));
  EXPECT_TRUE(contains(text, "{enabled: false, initial_interval: 2000ms, max_interval: 31000ms, max_elapsed_time: 360000ms}"));
  EXPECT_TRUE(contains(text, "sending_queue: {storage: file_storage, queue_size: 4096}"));
  EXPECT_TRUE(contains(text, "batch: {timeout: 6000ms, send_batch_size: 256, send_batch_max_size: 256}"));
  EXPECT_TRUE(contains(text, "{key: 'customer.id', value: 'cliente-a', action: upsert}"));
  EXPECT_TRUE(contains(text, "directory: '/data/queue'"));
  // Every signal was turned off.
  EXPECT_FALSE(contains(text, "exporters: [otlp]}"));
}

TEST_F(AgentSettingsTest, InAContainerBothReceiversReadTheHostsFiles) {
  auto count = [](const std::string& text) {
    std::string line = "    root_path: '/hostfs'\n";
    return std::pair(text.find(line), text.rfind(line));
  };
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}};
  EXPECT_FALSE(contains(configuration(), "root_path"));
  environment_["HOST_ROOT"] = "/hostfs";
  std::string text = configuration();
  auto [first, last] = count(text);
  EXPECT_LT(text.find("  hostmetrics:"), first) << text;
  EXPECT_LT(first, text.find("  agent:"));
  EXPECT_LT(text.find("  agent:"), last);
  EXPECT_EQ(read({"--host-root=/rootfs"}).node.host_root, "/rootfs") << "a flag counts more";
  read({"--host-root=hostfs"});
  EXPECT_TRUE(contains(diagnostics_.render_errors(), "must be an absolute path")) << diagnostics_.render_errors();
}

TEST_F(AgentSettingsTest, SamplingIsThereWhenItIsWanted) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}, {"TRACES_SAMPLE_RATE", "0.25"}};
  std::string text = configuration();
  EXPECT_TRUE(contains(text, "probabilistic_sampler: {sampling_percentage: 25}")) << text;
  EXPECT_TRUE(contains(text, "traces: {receivers: [otlp, agent], processors: [memory_limiter, resource, probabilistic_sampler, batch]"));
  EXPECT_TRUE(contains(text, "metrics: {receivers: [otlp, agent, hostmetrics], processors: [memory_limiter, resource, batch]"));
}

TEST_F(AgentSettingsTest, MemoryUsageIsLeftToTheShortNameUnlessAllIsWanted) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}};
  EXPECT_TRUE(contains(configuration(), "system.memory.usage: {enabled: false}"));
  file_ = "telemetry: {metrics: {all_host_metrics: true}}\n";
  EXPECT_FALSE(contains(configuration(), "system.memory.usage"));
}

TEST_F(AgentSettingsTest, VariablesThatDoNothingHereAreNamed) {
  environment_ = {{"OTEL_TRACES_SAMPLER", "always_on"}, {"OTEL_METRIC_EXPORT_INTERVAL", "30000"}, {"OTEL_LOGS_EXPORTER", ""}};
  read();
  std::string warnings = diagnostics_.render_warnings();
  EXPECT_TRUE(contains(warnings, "OTEL_TRACES_SAMPLER has no effect on the agent: set TRACES_SAMPLE_RATE")) << warnings;
  EXPECT_TRUE(contains(warnings, "OTEL_METRIC_EXPORT_INTERVAL has no effect on the agent: set METRICS_INTERVAL"));
  EXPECT_EQ(diagnostics_.warnings().size(), 2u) << "an empty variable is none";
}

TEST_F(AgentSettingsTest, APageThatNobodyReachesIsNotTold) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}};
  EXPECT_TRUE(contains(configuration(), "metrics_port: 8080"));
  EXPECT_FALSE(contains(configuration(), "scraped:"));
  EXPECT_TRUE(contains(configuration({"--health-host=127.0.0.1"}), "metrics_port: 0"));
  environment_["REGISTRATION_SCRAPED"] = "false";
  EXPECT_TRUE(contains(configuration(), "metrics_port: 0"));
  EXPECT_TRUE(contains(configuration(), "    scraped: false\n"));
  // Who is in no registry is not found either.
  environment_.erase("REGISTRATION_SCRAPED");
  environment_["REGISTRATION_ENABLED"] = "false";
  EXPECT_TRUE(contains(configuration(), "    scraped: false\n"));
}

TEST_F(AgentSettingsTest, TheNodeIsRegisteredAsItsTelemetrySays) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}};
  auto registered = [&] {
    std::string text = configuration();
    size_t begin = text.find("    resource_attributes:\n");
    return text.substr(begin, text.find("service:\n", begin) - begin);
  };
  EXPECT_TRUE(contains(registered(), "'service.name': 'vigia-agent'\n")) << registered();
  environment_["OTEL_SERVICE_NAME"] = "edge-of-shop";
  // Names that the agent has a setting for are there once.
  environment_["OTEL_RESOURCE_ATTRIBUTES"] = "environment=test,team=core";
  EXPECT_TRUE(contains(registered(), "'service.name': 'edge-of-shop'\n")) << registered();
  EXPECT_TRUE(contains(registered(), "'environment': 'production'\n")) << registered();
  EXPECT_FALSE(contains(registered(), "'test'")) << registered();
  EXPECT_TRUE(contains(registered(), "'team': 'core'\n")) << registered();
}

TEST_F(AgentSettingsTest, AnAddressThatWasToldCountsMoreThanOneThatWasFound) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}};
  AgentSettings settings = read();
  EXPECT_FALSE(contains(agent_source(settings)->text, "host.ip"));
  settings.node.found_ip = "10.0.0.7";
  EXPECT_TRUE(contains(agent_source(settings)->text, "{key: 'host.ip', value: '10.0.0.7', action: insert}"));
  EXPECT_FALSE(contains(agent_source(settings)->text, "ip_address")) << "the registry knows where the agent comes from";
  environment_["AGENT_IP"] = "192.0.2.1";
  settings = read();
  settings.node.found_ip = "10.0.0.7";
  EXPECT_TRUE(contains(agent_source(settings)->text, "{key: 'host.ip', value: '192.0.2.1', action: insert}"));
  EXPECT_FALSE(contains(agent_source(settings)->text, "10.0.0.7"));
}

TEST(NodeAddress, IsOneThatOthersCanUse) {
  net::NetworkInterface loopback{"lo", true, true, "", {"127.0.0.1", "::1"}};
  net::NetworkInterface down{"eth9", false, false, "", {"198.51.100.1"}};
  net::NetworkInterface of_link{"eth1", true, false, "", {"169.254.1.1", "fe80::1"}};
  net::NetworkInterface six{"eth2", true, false, "", {"2001:db8::1"}};
  net::NetworkInterface four{"eth3", true, false, "", {"192.0.2.1", "192.0.2.2"}};
  EXPECT_EQ(address_for_others({loopback, down, of_link, six, four}), "192.0.2.1");
  EXPECT_EQ(address_for_others({loopback, down, of_link, six}), "2001:db8::1");
  EXPECT_EQ(address_for_others({loopback, down, of_link}), "");
}

// Of a container with the host's network another collector may answer where collectors do.
TEST_F(AgentSettingsTest, TheHealthCommandAsksAnAgentFirstWhereOneIsSpokenOf) {
  auto asked = [&] {
    return usual_health_endpoints(
        [this](const std::string& name) {
          auto found = environment_.find(name);
          return found == environment_.end() ? std::nullopt : std::optional(found->second);
        },
        files_);
  };
  const std::string collector = "http://127.0.0.1:13133/health", agent = "http://127.0.0.1:8080/health";
  EXPECT_EQ(asked(), (std::vector<std::string>{collector, agent}));
  environment_ = {{"CUSTOMER_ID", "acme"}};
  EXPECT_EQ(asked(), (std::vector<std::string>{agent, collector}));
  environment_ = {{"HEALTH_CHECK_PORT", "9000"}};
  EXPECT_EQ(asked(), (std::vector<std::string>{"http://127.0.0.1:9000/health", collector}));
  environment_.clear();
  ASSERT_TRUE(files_.create_directories("/etc/vigia").is_ok());
  ASSERT_TRUE(files_.write_file_atomically(std::string(default_agent_file), "node: {region: eu}\n").is_ok());
  EXPECT_EQ(asked(), (std::vector<std::string>{agent, collector}));
}

TEST_F(AgentSettingsTest, LogFilesAndPagesToScrape) {
  environment_ = {{"CUSTOMER_ID", "c"},
                  {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"},
                  {"LOGS_INCLUDE", "/var/log/*.log, /srv/it's.log"},
                  {"METRICS_SCRAPE", "localhost:9100"}};
  std::string text = configuration();
  EXPECT_TRUE(contains(text, "filelog: {include: ['/var/log/*.log', '/srv/it''s.log']")) << text;
  EXPECT_TRUE(contains(text, "static_configs: [{targets: ['localhost:9100']}]"));
  EXPECT_TRUE(contains(text, "logs: {receivers: [otlp, agent, filelog]"));
  EXPECT_TRUE(contains(text, "metrics: {receivers: [otlp, agent, hostmetrics, prometheus]"));
}

TEST_F(AgentSettingsTest, SignalsWithEndpointsOfTheirOwn) {
  environment_ = {
      {"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:4317"}};
  std::string text = configuration();
  EXPECT_TRUE(contains(text, "otlp/traces:\n    endpoint: 'http://t:4317'")) << text;
  EXPECT_TRUE(contains(text, "otlp/logs:\n    endpoint: 'http://c:4317'"));
  EXPECT_TRUE(contains(text, "exporters: [otlp/traces, otlp/metrics, otlp/logs]"));
}

TEST_F(AgentSettingsTest, ASignalsVariableCountsMoreThanTheGeneralOne) {
  environment_ = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "c.example.com:4317"},
                  {"OTEL_EXPORTER_OTLP_HEADERS", "x-a=1,x-b=2"},
                  {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                  {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/all.crt"},
                  {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-a=3"},
                  {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "700"},
                  {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"},
                  {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"},
                  {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/metrics.crt"},
                  {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "/me.crt"},
                  {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/me.key"},
                  {"OTEL_EXPORTER_OTLP_LOGS_INSECURE", "true"}};
  AgentSettings settings = read();
  ASSERT_FALSE(diagnostics_.has_errors()) << diagnostics_.render_errors();
  EXPECT_TRUE(diagnostics_.warnings().empty()) << diagnostics_.render_warnings();
  const auto& [traces, metrics, logs] =
      std::tie(settings.collector.of("traces"), settings.collector.of("metrics"), settings.collector.of("logs"));
  using Headers = std::map<std::string, std::string>;
  EXPECT_EQ(traces.headers, (Headers{{"x-a", "3"}})) << "instead of the general ones";
  EXPECT_EQ(metrics.headers, (Headers{{"x-a", "1"}, {"x-b", "2"}}));
  EXPECT_EQ(traces.timeout_ms, 700);
  EXPECT_EQ(logs.timeout_ms, 2'500);
  EXPECT_EQ(traces.compression, "zstd");
  EXPECT_EQ(logs.compression, "gzip");
  EXPECT_EQ(metrics.protocol(), AgentProtocol::http);
  EXPECT_EQ(traces.protocol(), AgentProtocol::grpc);
  EXPECT_EQ(metrics.ca_file + metrics.cert_file + metrics.key_file, "/metrics.crt/me.crt/me.key");
  EXPECT_EQ(traces.ca_file + traces.cert_file, "/all.crt");
  EXPECT_TRUE(logs.is_plain());
  EXPECT_FALSE(traces.is_plain());
}

TEST_F(AgentSettingsTest, ASignalOfItsOwnHasAnExporterOfItsOwn) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}};
  file_ = "collector: {metrics: {endpoint: 'https://m:4318/v1/metrics', tls: {ca_file: /m.crt}}, logs: {timeout: 3s, headers: {x-a: b}}}\n";
  std::string text = configuration();
  EXPECT_TRUE(contains(text, "otlp/traces:\n    endpoint: 'http://c:4317'\n    tls: {insecure: true}")) << text;
  EXPECT_TRUE(contains(text,
                       "otlphttp/metrics:\n    endpoint: 'http://c:4317'\n    metrics_endpoint: 'https://m:4318/v1/metrics'\n"
                       "    tls: {ca_file: '/m.crt'}"));
  EXPECT_TRUE(
      contains(text, "otlp/logs:\n    endpoint: 'http://c:4317'\n    tls: {insecure: true}\n    compression: gzip\n    timeout: 3000ms"));
  EXPECT_TRUE(contains(text, "    headers:\n      'x-a': 'b'\n"));
  EXPECT_TRUE(contains(text, "exporters: [otlp/traces, otlphttp/metrics, otlp/logs]"));
}

TEST_F(AgentSettingsTest, EndpointsOfSignalsOverHttpShareAnExporter) {
  environment_ = {{"CUSTOMER_ID", "c"},
                  {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                  {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:8080/v1/traces"}};
  std::string text = configuration();
  EXPECT_TRUE(contains(text, "otlphttp:\n    endpoint: 'http://c:4318'\n    traces_endpoint: 'http://t:8080/v1/traces'\n")) << text;
  EXPECT_TRUE(contains(text, "exporters: [otlphttp]"));
}

TEST_F(AgentSettingsTest, NothingInAValueIsReplaced) {
  environment_ = {{"CUSTOMER_ID", "c"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}, {"CUSTOMER_NAME", "${env:SECRET} & 'co'"}};
  EXPECT_TRUE(contains(configuration(), "value: '$${env:SECRET} & ''co'''"));
}

// Every flag and every variable has one meaning.
TEST(AgentSettingNames, AreToldApart) {
  std::map<std::string_view, int> seen;
  for (const SettingName& name : setting_names()) {
    if (!name.flag.empty()) {
      EXPECT_EQ(seen[name.flag]++, 0) << name.flag;
    }
    for (const std::string& variable : name.variables) EXPECT_EQ(seen[variable]++, 0) << variable;
  }
}

}  // namespace

}  // namespace vigia::app
