#include "app/agent_pipelines.h"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "app/presets.h"
#include "net/socket.h"

namespace vigia::app {

namespace {

constexpr std::string_view signals[] = {"traces", "metrics", "logs"};
// One page that is scraped must not take the memory that the agent has for all.
constexpr std::string_view most_page_size = "16MiB";

// A YAML scalar that is this text whatever is in it; `$` would be replaced otherwise.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) result.append(c == '\'' || c == '$' ? 2 : 1, c);
  return result + "'";
}

std::string milliseconds(int64_t ms) { return fmt::format("{}ms", ms); }

std::string_view level_name(LogLevel level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<size_t>(level)];
}

bool is_wanted(const AgentSettings& settings, std::string_view signal) {
  if (signal == "traces") return settings.telemetry.traces;
  return signal == "metrics" ? settings.telemetry.metrics : settings.telemetry.logs;
}

std::string_view exporter_type(const AgentSettings::Destination& destination) {
  return destination.protocol() == AgentProtocol::http ? "otlphttp" : "otlp";
}

// Whether the exporter of the other signals cannot serve this one. With HTTP one exporter has an endpoint for each signal.
bool stands_alone(const AgentSettings::Collector& collector, std::string_view signal) {
  AgentSettings::Destination own = collector.of(signal);
  if (own.protocol() != collector.protocol() || own.is_plain() != collector.is_plain()) return true;
  if (own.protocol() == AgentProtocol::grpc && collector.has_own_endpoint(signal)) return true;
  own.endpoint = collector.endpoint;
  own.said_protocol = collector.said_protocol;
  return own != collector;
}

bool is_split(const AgentSettings& settings) {
  return std::any_of(std::begin(signals), std::end(signals),
                     [&](std::string_view signal) { return stands_alone(settings.collector, signal); });
}

std::string exporter_of(const AgentSettings& settings, std::string_view signal) {
  if (!is_split(settings)) return std::string(exporter_type(settings.collector));
  return fmt::format("{}/{}", exporter_type(settings.collector.of(signal)), signal);
}

std::string with_scheme(const AgentSettings::Destination& destination) {
  if (destination.endpoint.find("://") != std::string::npos) return destination.endpoint;
  return (destination.is_plain() ? "http://" : "https://") + destination.endpoint;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(quoted(text));
  return "[" + joined(items) + "]";
}

void add_setting(std::string& text, std::string_view key, std::string_view value) {
  if (!value.empty()) text += fmt::format("    {}: {}\n", key, quoted(value));
}

// Where the agent registers: as it was said, else the collector's host. "" is nowhere, also when that would be the agent itself.
std::string registry_endpoint(const AgentSettings& settings) {
  constexpr int registry_port = 8'080;
  if (!settings.registration.is_enabled) return {};
  const std::string& said = settings.registration.endpoint;
  if (!said.empty()) return said.find("://") == std::string::npos ? "http://" + said : said;
  Result<net::HostPort> collector = net::parse_host_port(settings.address());
  if (!collector.is_ok() || collector->host.empty()) return {};
  if (settings.health_check.port == registry_port && is_loopback(collector->host)) return {};
  return "http://" + endpoint_text(collector->host, registry_port);
}

// Where Prometheus finds the agent's pages; 0 is nowhere.
uint16_t scraped_port(const AgentSettings& settings) {
  return is_loopback(settings.health_check.host) || !settings.registration.is_scraped ? 0 : settings.health_check.port;
}

// What only some agents have: pages to scrape, and log files.
std::string more_receivers(const AgentSettings& settings) {
  std::string text;
  if (!settings.telemetry.scrape_targets.empty())
    text += fmt::format(
        "  prometheus:\n"
        "    config:\n"
        "      scrape_configs:\n"
        "        - {{job_name: node, scrape_interval: {}, body_size_limit: {}, static_configs: [{{targets: {}}}]}}\n",
        milliseconds(settings.telemetry.metrics_interval_ms), most_page_size, quoted_list(settings.telemetry.scrape_targets));
  if (!settings.telemetry.log_files.empty())
    text += fmt::format("  filelog: {{include: {}, include_file_path: true, storage: file_storage}}\n",
                        quoted_list(settings.telemetry.log_files));
  return text;
}

std::string receivers(const AgentSettings& settings) {
  std::string text = fmt::format(
      "receivers:\n"
      "  otlp:\n"
      "    protocols:\n"
      "      grpc: {{endpoint: {}}}\n"
      "      http: {{endpoint: {}}}\n"
      "  hostmetrics:\n"
      "    collection_interval: {}\n",
      quoted(fmt::format("{}:{}", settings.receiver.host, settings.receiver.grpc_port)),
      quoted(fmt::format("{}:{}", settings.receiver.host, settings.receiver.http_port)),
      milliseconds(settings.telemetry.metrics_interval_ms));
  add_setting(text, "root_path", settings.node.host_root);
  // Its Prometheus name would be that of the agent's own system_memory_usage_bytes, which is a total and no state.
  if (!settings.telemetry.all_host_metrics) text += "    scrapers: {memory: {metrics: {system.memory.usage: {enabled: false}}}}\n";
  text += fmt::format(
      "  agent:\n"
      "    customer_id: {}\n"
      "    node_id: {}\n"
      "    interval: {}\n"
      "    log_level: {}\n"
      "    exporters: [{}]\n"
      "    buffer_size: {}\n",
      quoted(settings.customer.id), quoted(settings.node.id), milliseconds(settings.telemetry.metrics_interval_ms),
      level_name(settings.telemetry.log_level), joined(agent_exporters(settings)), settings.buffer.max_size);
  // Prometheus learns of agents from the registry.
  if (scraped_port(settings) == 0 || registry_endpoint(settings).empty()) text += "    scraped: false\n";
  add_setting(text, "root_path", settings.node.host_root);
  return text + more_receivers(settings);
}

void add_attribute(std::string& text, std::string_view key, std::string_view value, std::string_view action) {
  if (value.empty()) return;
  text += fmt::format("      - {{key: {}, value: {}, action: {}}}\n", quoted(key), quoted(value), action);
}

// Whose the node is, the agent knows best; what else an application says about itself stays.
std::string processors(const AgentSettings& settings) {
  std::string text = "processors:\n  resource:\n    attributes:\n";
  add_attribute(text, "customer.id", settings.customer.id, "upsert");
  add_attribute(text, "customer.name", settings.customer.name, "upsert");
  add_attribute(text, "node.id", settings.node.id, "upsert");
  add_attribute(text, "node.region", settings.node.region, "upsert");
  add_attribute(text, "environment", settings.node.environment, "insert");
  add_attribute(text, "telemetryflow.workspace.id", settings.customer.workspace_id, "upsert");
  if (!settings.customer.workspace_id.empty()) add_attribute(text, "telemetryflow.tenant.id", settings.customer.id, "upsert");
  for (const auto& [key, value] : settings.telemetry.resource_attributes) add_attribute(text, key, value, "insert");
  add_attribute(text, "host.name", settings.node.host_name, "insert");
  add_attribute(text, "host.ip", settings.node.host_ip.empty() ? settings.node.found_ip : settings.node.host_ip, "insert");
  add_attribute(text, "service.name", settings.telemetry.service_name, "insert");
  if (settings.telemetry.sample_rate < 1)
    text += fmt::format("  probabilistic_sampler: {{sampling_percentage: {}}}\n", settings.telemetry.sample_rate * 100);
  text += fmt::format("  batch: {{timeout: {}, send_batch_size: {}, send_batch_max_size: {}}}\n",
                      milliseconds(settings.buffer.flush_interval_ms), settings.buffer.batch_size, settings.buffer.batch_size);
  return text;
}

std::string tls(const AgentSettings::Destination& destination) {
  if (destination.is_plain()) return "insecure: true";
  std::string text;
  auto add = [&](std::string_view key, const std::string& file) {
    if (!file.empty()) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key, quoted(file));
  };
  add("ca_file", destination.ca_file);
  add("cert_file", destination.cert_file);
  add("key_file", destination.key_file);
  return text;
}

std::map<std::string, std::string> headers(const AgentSettings& settings, const AgentSettings::Destination& destination) {
  std::map<std::string, std::string> all = destination.headers;
  if (settings.customer.workspace_id.empty()) return all;
  all.emplace("X-Workspace-Id", settings.customer.workspace_id);
  all.emplace("X-Tenant-Id", settings.customer.id);
  return all;
}

// Where one exporter sends these signals.
std::string endpoints(const AgentSettings::Collector& collector, std::span<const std::string_view> served) {
  const AgentSettings::Destination& first = collector.of(served[0]);
  if (first.protocol() == AgentProtocol::grpc) return fmt::format("    endpoint: {}\n", quoted(first.endpoint));
  std::string text;
  if (!collector.endpoint.empty()) text += fmt::format("    endpoint: {}\n", quoted(with_scheme(collector)));
  for (std::string_view signal : served)
    if (collector.has_own_endpoint(signal)) text += fmt::format("    {}_endpoint: {}\n", signal, quoted(with_scheme(collector.of(signal))));
  return text;
}

std::string exporter(const AgentSettings& settings, std::span<const std::string_view> served) {
  const AgentSettings::Collector& collector = settings.collector;
  const AgentSettings::Destination& destination = collector.of(served[0]);
  std::string text = fmt::format("  {}:\n", exporter_of(settings, served[0])) + endpoints(collector, served);
  text += fmt::format(
      "    tls: {{{}}}\n"
      "    compression: {}\n"
      "    timeout: {}\n"
      "    retry_on_failure: {{enabled: {}, initial_interval: {}, max_interval: {}, max_elapsed_time: {}}}\n"
      "    sending_queue: {{storage: file_storage, queue_size: {}}}\n",
      tls(destination), destination.compression, milliseconds(destination.timeout_ms), collector.retries,
      milliseconds(collector.initial_interval_ms), milliseconds(collector.max_interval_ms), milliseconds(collector.max_elapsed_time_ms),
      settings.buffer.max_size);
  std::string lines;
  for (const auto& [name, value] : headers(settings, destination)) lines += fmt::format("      {}: {}\n", quoted(name), quoted(value));
  if (!lines.empty()) text += "    headers:\n" + lines;
  return text;
}

std::string exporters(const AgentSettings& settings) {
  std::string text = "exporters:\n";
  if (!is_split(settings)) return text + exporter(settings, signals);
  for (const std::string_view& signal : signals) text += exporter(settings, {&signal, 1});
  return text;
}

// As what it sends says, so that both are found under the same names.
std::map<std::string, std::string> registered_attributes(const AgentSettings& settings) {
  std::map<std::string, std::string> attributes = settings.telemetry.resource_attributes;
  auto set = [&](const char* key, const std::string& value) {
    if (!value.empty()) attributes[key] = value;
  };
  set("customer.name", settings.customer.name);
  set("node.region", settings.node.region);
  set("environment", settings.node.environment);
  attributes.emplace("service.name", settings.telemetry.service_name);
  return attributes;
}

std::string registration(const AgentSettings& settings) {
  std::string endpoint = registry_endpoint(settings);
  if (endpoint.empty()) return {};
  std::string text = "  agent_registration:\n";
  add_setting(text, "endpoint", endpoint);
  add_setting(text, "customer_id", settings.customer.id);
  add_setting(text, "workspace_id", settings.customer.workspace_id);
  add_setting(text, "node_id", settings.node.id);
  add_setting(text, "hostname", settings.node.host_name);
  add_setting(text, "ip_address", settings.node.host_ip);
  add_setting(text, "directory", settings.data_dir);
  add_setting(text, "metrics_scheme", settings.health_check.cert_file.empty() ? "http" : "https");
  text += fmt::format("    metrics_port: {}\n    heartbeat_interval: {}\n", scraped_port(settings),
                      milliseconds(settings.registration.heartbeat_interval_ms));
  bool is_https = endpoint.starts_with("https://");
  if (is_https) text += fmt::format("    tls: {{{}}}\n", tls(settings.collector));
  // Credentials that the collector gets under TLS are not told in plain text.
  std::string lines;
  if (is_https || settings.collector.is_plain())
    for (const auto& [name, value] : settings.collector.headers) add_setting(lines, "  " + quoted(name), value);
  if (!lines.empty()) text += "    headers:\n" + lines;
  std::string attributes;
  for (const auto& [key, value] : registered_attributes(settings)) add_setting(attributes, "  " + quoted(key), value);
  if (!attributes.empty()) text += "    resource_attributes:\n" + attributes;
  return text;
}

std::string pipeline(const AgentSettings& settings, std::string_view signal) {
  std::string sources = settings.receiver.is_enabled ? "otlp, agent" : "agent";
  if (signal == "metrics") sources += settings.telemetry.scrape_targets.empty() ? ", hostmetrics" : ", hostmetrics, prometheus";
  if (signal == "logs" && !settings.telemetry.log_files.empty()) sources += ", filelog";
  bool is_sampled = signal == "traces" && settings.telemetry.sample_rate < 1;
  return fmt::format("    {}: {{receivers: [{}], processors: [memory_limiter, resource, {}batch], exporters: [{}]}}\n", signal, sources,
                     is_sampled ? "probabilistic_sampler, " : "", exporter_of(settings, signal));
}

std::string service(const AgentSettings& settings) {
  std::string registered = registration(settings);
  std::string text = fmt::format(
      "extensions:\n"
      "  file_storage: {{directory: {}}}\n"
      "{}"
      "service:\n"
      "  extensions: [file_storage{}]\n"
      "  telemetry:\n"
      "    metrics: {{level: none}}\n"
      "    resource: {{service.name: {}, service.instance.id: {}}}\n"
      "    logs: {{level: {}}}\n"
      "  pipelines:\n",
      quoted(settings.data_dir + "/queue"), registered, registered.empty() ? "" : ", agent_registration",
      quoted(settings.telemetry.service_name), quoted(settings.node.id), level_name(settings.telemetry.log_level));
  for (std::string_view signal : signals)
    if (is_wanted(settings, signal)) text += pipeline(settings, signal);
  return text;
}

}  // namespace

std::vector<std::string> agent_exporters(const AgentSettings& settings) {
  if (!is_split(settings)) return {std::string(exporter_type(settings.collector))};
  std::vector<std::string> ids;
  for (std::string_view signal : signals) ids.push_back(exporter_of(settings, signal));
  return ids;
}

std::shared_ptr<const config::Source> agent_source(const AgentSettings& settings) {
  auto source = std::make_shared<config::Source>();
  source->name = "the settings of vigia agent";
  source->text = receivers(settings) + processors(settings) + exporters(settings) + service(settings);
  return source;
}

}  // namespace vigia::app
