#include "app/agent_settings.h"

#include <fmt/core.h>

#include "app/agent_setting_sources.h"
#include "base/ids.h"
#include "base/text.h"
#include "config/section.h"
#include "net/socket.h"

namespace vigia::app {

namespace {

using config::Section;

// "https://host:4317/path" → "https", "host:4317".
std::string_view scheme_of(std::string_view endpoint) {
  size_t end = endpoint.find("://");
  return end == std::string_view::npos ? std::string_view() : endpoint.substr(0, end);
}
std::string_view authority_of(std::string_view endpoint) {
  if (size_t end = endpoint.find("://"); end != std::string_view::npos) endpoint.remove_prefix(end + 3);
  return endpoint.substr(0, endpoint.find('/'));
}

std::optional<AgentProtocol> protocol_of_port(std::string_view endpoint) {
  std::string_view authority = authority_of(endpoint);
  if (authority.ends_with(":4318")) return AgentProtocol::http;
  if (authority.ends_with(":4317")) return AgentProtocol::grpc;
  return std::nullopt;
}

// Why the text is no endpoint; "" when it is one.
std::string endpoint_mistake(std::string_view endpoint) {
  constexpr std::string_view hint = "expected where the collector listens, such as http://collector:4317 or collector:4317";
  std::string_view scheme = scheme_of(endpoint);
  if (!scheme.empty() && scheme != "http" && scheme != "https") return fmt::format("{}, found the scheme \"{}\"", hint, scheme);
  std::string_view authority = authority_of(endpoint);
  if (authority.empty()) return fmt::format("{}, found \"{}\"", hint, endpoint);
  bool has_port = authority.rfind(':') != std::string_view::npos && authority.back() != ']';
  if (!has_port && !scheme.empty()) return "";
  Result<net::HostPort> address = net::parse_host_port(authority);
  if (!address.is_ok() || address->host.empty() || address->port == 0) return fmt::format("{}, found \"{}\"", hint, endpoint);
  return "";
}

void check_endpoint(Section& in, std::string_view key, const std::string& endpoint) {
  if (endpoint.empty()) return;
  std::string mistake = endpoint_mistake(endpoint);
  in.require(mistake.empty(), key, mistake);
}

void decode_retry(Section& in, AgentSettings::Collector& out) {
  in.field("enabled", out.retries);
  in.duration_ms("initial_interval", out.initial_interval_ms);
  in.duration_ms("max_interval", out.max_interval_ms);
  in.duration_ms("max_elapsed_time", out.max_elapsed_time_ms);
}

void decode_destination(Section& in, AgentSettings::Destination& out) {
  in.field("endpoint", out.endpoint);
  check_endpoint(in, "endpoint", out.endpoint);
  AgentProtocol protocol = AgentProtocol::grpc;
  if (in.choice("protocol", protocol,
                {{"grpc", AgentProtocol::grpc}, {"http/protobuf", AgentProtocol::http}, {"http", AgentProtocol::http}}))
    out.said_protocol = protocol;
  in.field("insecure", out.insecure);
  in.section("tls", [&](Section& tls) {
    tls.field("ca_file", out.ca_file);
    tls.field("cert_file", out.cert_file);
    tls.field("key_file", out.key_file);
  });
  in.choice("compression", out.compression, {{"gzip", "gzip"}, {"zstd", "zstd"}, {"none", "none"}});
  // Those of a signal are instead of the general ones, not besides them: so the variables of OpenTelemetry are meant.
  std::map<std::string, std::string> headers;
  if (in.secret("headers", headers)) out.headers = std::move(headers);
  in.duration_ms("timeout", out.timeout_ms);
  in.require(out.timeout_ms > 0, "timeout", "must be positive");
}

// What is said for one signal alone, over what holds for all.
void decode_signal(Section& in, const std::string& signal, AgentSettings::Collector& out) {
  AgentSettings::Destination own = out;
  bool is_said = in.section(signal, [&](Section& part) { decode_destination(part, own); });
  std::string key = signal + "_endpoint";
  if (in.field(key, own.endpoint)) {
    check_endpoint(in, key, own.endpoint);
    is_said = true;
  }
  // An endpoint without a port that stands for a protocol is spoken to as all others.
  if (!own.said_protocol && !protocol_of_port(own.endpoint)) own.said_protocol = out.protocol();
  if (is_said) out.signals.emplace(signal, std::move(own));
}

void decode_collector(Section& in, AgentSettings::Collector& out) {
  decode_destination(in, out);
  for (const char* signal : {"traces", "metrics", "logs"}) decode_signal(in, signal, out);
  in.section("retry", [&](Section& retry) { decode_retry(retry, out); });
}

void decode_customer(Section& in, AgentSettings::Customer& out) {
  in.field("id", out.id);
  in.field("name", out.name);
  in.field("workspace_id", out.workspace_id);
  if (!out.id.empty()) in.require(is_id(out.id), "id", fmt::format("expected {}, such as cliente-a or a UUID", id_rule));
  // A workspace goes with a tenant, and the platform that knows both has UUIDs for them.
  if (out.workspace_id.empty()) return;
  if (!is_uuid(out.workspace_id)) in.warn("workspace_id", "is not a UUID; the platform may refuse it");
  if (!is_uuid(out.id)) in.warn("id", "is not a UUID; the platform may refuse it");
}

void decode_node(Section& in, AgentSettings::Node& out) {
  in.field("host_name", out.host_name);
  // In a container the host's name that was told is the node's, not the container's own.
  out.id = out.host_name;
  in.field("id", out.id);
  in.require(is_id(out.id), "id", fmt::format("expected {}, such as prod-web-01", id_rule));
  in.field("region", out.region);
  in.field("environment", out.environment);
  in.field("host_ip", out.host_ip);
  in.field("host_root", out.host_root);
  in.require(out.host_root.empty() || out.host_root.starts_with('/'), "host_root",
             "must be an absolute path: where the host's \"/\" is mounted, such as /hostfs");
}

void decode_telemetry(Section& in, AgentSettings::Telemetry& out) {
  in.section("metrics", [&](Section& metrics) {
    metrics.field("enabled", out.metrics);
    metrics.duration_ms("interval", out.metrics_interval_ms);
    metrics.require(out.metrics_interval_ms >= 1'000, "interval", "must be a second at least");
    metrics.field("all_host_metrics", out.all_host_metrics);
    metrics.field("scrape", out.scrape_targets);
    for (const std::string& target : out.scrape_targets)
      metrics.require(net::parse_host_port(target).is_ok(), "scrape",
                      fmt::format("expected targets such as localhost:9100, found \"{}\"", target));
  });
  in.section("traces", [&](Section& traces) {
    traces.field("enabled", out.traces);
    traces.field("sample_rate", out.sample_rate);
    traces.require(out.sample_rate >= 0 && out.sample_rate <= 1, "sample_rate", "must be from 0 (nothing) to 1 (everything)");
  });
  in.section("logs", [&](Section& logs) {
    logs.field("enabled", out.logs);
    logs.choice("level", out.log_level,
                {{"debug", LogLevel::debug},
                 {"info", LogLevel::info},
                 {"warn", LogLevel::warn},
                 {"warning", LogLevel::warn},
                 {"error", LogLevel::error}});
    logs.field("include", out.log_files);
  });
  in.field("service_name", out.service_name);
  in.field("resource_attributes", out.resource_attributes);
}

void decode_buffer(Section& in, AgentSettings::Buffer& out) {
  constexpr uint64_t most = 1'000'000;
  in.field("max_size", out.max_size);
  in.require(out.max_size >= 1 && out.max_size <= most, "max_size", fmt::format("must be from 1 to {} batches", most));
  in.field("batch_size", out.batch_size);
  in.require(out.batch_size >= 1 && out.batch_size <= most, "batch_size", fmt::format("must be from 1 to {} items", most));
  in.duration_ms("flush_interval", out.flush_interval_ms);
  in.require(out.flush_interval_ms > 0, "flush_interval", "must be positive");
}

void decode_health_check(Section& in, AgentSettings::HealthCheck& out) {
  in.field("host", out.host);
  in.field("port", out.port);
  in.field("path", out.path);
  in.require(!out.path.empty() && out.path[0] == '/', "path", "must begin with a slash");
  in.secret("token", out.token);
  in.section("tls", [&](Section& tls) {
    tls.field("cert_file", out.cert_file);
    tls.field("key_file", out.key_file);
    tls.require(out.cert_file.empty() == out.key_file.empty(), "", "cert_file and key_file go together");
  });
}

void decode_receiver(Section& in, AgentSettings::Receiver& out) {
  in.field("enabled", out.is_enabled);
  in.field("host", out.host);
  in.field("grpc_port", out.grpc_port);
  in.field("http_port", out.http_port);
}

void decode_registration(Section& in, AgentSettings::Registration& out) {
  in.field("enabled", out.is_enabled);
  in.field("endpoint", out.endpoint);
  check_endpoint(in, "endpoint", out.endpoint);
  in.field("scraped", out.is_scraped);
  in.duration_ms("heartbeat_interval", out.heartbeat_interval_ms);
  in.require(out.heartbeat_interval_ms >= 1'000, "heartbeat_interval", "must be a second at least");
}

void decode(Section& in, AgentSettings& out) {
  in.section("collector", [&](Section& part) { decode_collector(part, out.collector); });
  in.section("customer", [&](Section& part) { decode_customer(part, out.customer); });
  in.section("node", [&](Section& part) { decode_node(part, out.node); });
  in.section("telemetry", [&](Section& part) { decode_telemetry(part, out.telemetry); });
  in.section("buffer", [&](Section& part) { decode_buffer(part, out.buffer); });
  in.section("health_check", [&](Section& part) { decode_health_check(part, out.health_check); });
  in.section("receiver", [&](Section& part) { decode_receiver(part, out.receiver); });
  in.section("registration", [&](Section& part) { decode_registration(part, out.registration); });
  in.field("data_dir", out.data_dir);
}

}  // namespace

AgentProtocol AgentSettings::Destination::protocol() const {
  if (said_protocol) return *said_protocol;
  return protocol_of_port(endpoint).value_or(AgentProtocol::grpc);
}

bool AgentSettings::Destination::is_plain() const {
  std::string_view scheme = scheme_of(endpoint);
  return scheme.empty() ? insecure : scheme == "http";
}

const AgentSettings::Destination& AgentSettings::Collector::of(std::string_view signal) const {
  auto found = signals.find(signal);
  return found == signals.end() ? *this : found->second;
}

std::string AgentSettings::address() const { return std::string(authority_of(collector.endpoint)); }

std::vector<Flag> agent_flags() {
  std::vector<Flag> flags = {{"agent-config", "FILE"}};
  for (const SettingName& name : setting_names())
    if (!name.flag.empty()) flags.push_back({std::string(name.flag), std::string(name.value_name)});
  return flags;
}

std::vector<AgentVariable> agent_variables() {
  std::vector<AgentVariable> variables;
  for (const SettingName& name : setting_names())
    for (std::string_view variable : name.variables) variables.push_back({variable, name.key});
  return variables;
}

AgentSettings read_agent_settings(const Arguments& arguments, const config::EnvironmentReader& environment, const std::string& host_name,
                                  FileSystem& files, config::Diagnostics& diagnostics) {
  AgentSettings settings;
  settings.node.id = settings.node.host_name = host_name;
  std::optional<config::Node> tree = read_setting_sources(arguments, environment, files, diagnostics);
  if (!tree) return settings;
  {
    Section root(*tree, "", diagnostics);
    decode(root, settings);
  }
  return settings;
}

}  // namespace vigia::app
