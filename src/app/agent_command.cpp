#include "app/agent_command.h"

#include <unistd.h>

#include <array>

#include <fmt/core.h>

#include "app/agent_pipelines.h"
#include "app/configuration.h"
#include "app/presets.h"
#include "base/check.h"
#include "net/interfaces.h"
#include "net/socket.h"

namespace vigia::app {

namespace {

constexpr std::string_view usual_data_dir = "/var/lib/vigia";

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

std::string found_address() {
  Result<std::vector<net::NetworkInterface>> interfaces = net::network_interfaces();
  return interfaces.is_ok() ? address_for_others(*interfaces) : std::string();
}

// What was asked for, what systemd made for us, the usual place, or the user's own when that may not be written.
std::string data_dir(const AgentSettings& settings, bool is_for_show, FileSystem& files, std::vector<std::string>& notices) {
  if (!settings.data_dir.empty()) return settings.data_dir;
  if (auto state = environment_variable("STATE_DIRECTORY"); state && !state->empty()) return state->substr(0, state->find(':'));
  if (is_for_show || files.create_directories(std::string(usual_data_dir) + "/queue").is_ok()) return std::string(usual_data_dir);
  std::optional<std::string> state = environment_variable("XDG_STATE_HOME");
  std::optional<std::string> home = environment_variable("HOME");
  std::string base = state && !state->empty() ? *state : home && !home->empty() ? *home + "/.local/state" : "/tmp";
  notices.push_back(fmt::format("{} may not be written; what waits for the collector is kept in {}/vigia (--data-dir says another place)",
                                usual_data_dir, base));
  return base + "/vigia";
}

// Whether this port of ours is where the agent is to send. Then it is somebody else's port, if that somebody listens there already.
bool is_own_target(const AgentSettings& settings, uint16_t port) {
  std::string address = settings.address();
  Result<net::HostPort> target = net::parse_host_port(address);
  return target.is_ok() && target->port == port && (is_loopback(target->host) || target->host == settings.receiver.host);
}

// An agent that sends to itself would send in circles. Whoever listens there already is the collector: see without_taken_listeners.
void refuse_itself(const AgentSettings& settings, config::Diagnostics& diagnostics) {
  if (!settings.receiver.is_enabled || settings.collector.endpoint.empty()) return;
  for (auto [flag, port] :
       {std::pair{"--otlp-grpc-port", settings.receiver.grpc_port}, std::pair{"--otlp-http-port", settings.receiver.http_port}}) {
    if (!is_own_target(settings, port) || !net::listen_on(fmt::format("{}:{}", settings.receiver.host, port)).is_ok()) continue;
    diagnostics.error({}, "",
                      fmt::format("{} is where this agent itself listens for the node's applications, and nobody else is there: what it "
                                  "sends would go in circles. Name the collector's address, or start the collector first, or move the "
                                  "agent's own port ({} N)",
                                  settings.collector.endpoint, flag));
  }
}

// The layer that takes back listeners whose port belongs to the collector that the agent sends to.
std::shared_ptr<const config::Source> without_taken_listeners(AgentSettings& settings, std::vector<std::string>& notices) {
  auto source = std::make_shared<config::Source>(config::Source{"the ports of vigia agent", ""});
  size_t taken = 0;
  std::string protocols;
  for (auto [name, port] : {std::pair{"grpc", settings.receiver.grpc_port}, std::pair{"http", settings.receiver.http_port}}) {
    if (!is_own_target(settings, port) || net::listen_on(fmt::format("{}:{}", settings.receiver.host, port)).is_ok()) continue;
    taken++;
    protocols += fmt::format("{}{}: {{enabled: false}}", protocols.empty() ? "" : ", ", name);
    notices.push_back(fmt::format("The collector listens on port {} of this node; the agent does not listen there", port));
  }
  if (taken == 2) settings.receiver.is_enabled = false;
  if (taken == 1) source->text = fmt::format("receivers: {{otlp: {{protocols: {{{}}}}}}}\n", protocols);
  return source;
}

bool is_destination_known(const AgentSettings::Collector& collector) {
  for (const char* signal : {"traces", "metrics", "logs"})
    if (collector.of(signal).endpoint.empty()) return false;
  return true;
}

void require_settings(const AgentSettings& settings, config::Diagnostics& diagnostics) {
  if (settings.customer.id.empty())
    diagnostics.error({}, "",
                      "whose node this is is not known: set CUSTOMER_ID, or say --customer-id ID, or customer.id in the agent's "
                      "configuration file");
  if (!is_destination_known(settings.collector))
    diagnostics.error({}, "",
                      "where to send is not known: set OTEL_EXPORTER_OTLP_ENDPOINT, or say --collector-endpoint URL, or "
                      "collector.endpoint in the agent's configuration file");
  const AgentSettings::Telemetry& telemetry = settings.telemetry;
  if (!telemetry.traces && !telemetry.metrics && !telemetry.logs)
    diagnostics.error({}, "",
                      "there is nothing to send: traces, metrics and logs are all turned off (TRACES_ENABLED, METRICS_ENABLED, "
                      "LOGS_ENABLED, or telemetry.….enabled in the agent's configuration file)");
}

void fill_in_examples(AgentSettings& settings) {
  if (settings.customer.id.empty()) settings.customer.id = "CUSTOMER_ID-is-not-set";
  const std::string example = "http://collector:4317";
  if (settings.collector.endpoint.empty()) settings.collector.endpoint = example;
  for (auto& [signal, destination] : settings.collector.signals)
    if (destination.endpoint.empty()) destination.endpoint = example;
}

}  // namespace

std::string address_for_others(const std::vector<net::NetworkInterface>& interfaces) {
  std::string of_version_6;
  for (const net::NetworkInterface& one : interfaces) {
    if (!one.is_up || one.is_loopback) continue;
    for (const std::string& address : one.addresses) {
      if (address.starts_with("169.254.") || address.starts_with("fe80:")) continue;  // Of the link only.
      if (address.find(':') == std::string::npos) return address;
      if (of_version_6.empty()) of_version_6 = address;
    }
  }
  return of_version_6;
}

std::vector<Flag> agent_command_flags() {
  std::vector<Flag> flags = agent_flags();
  for (Flag flag : {Flag{"config", "FILE", 0, true}, Flag{"set", "KEY=VALUE", 0, true}, Flag{"feature-gates", "LIST", 0, true},
                    Flag{"ports-file", "FILE"}})
    flags.push_back(std::move(flag));
  return flags;
}

std::optional<AgentRequest> agent_request(const Arguments& arguments, bool is_for_show, config::Diagnostics& diagnostics) {
  SystemFiles files;
  AgentRequest request;
  request.settings = read_agent_settings(arguments, environment_variable, host_name(), files, diagnostics);
  AgentSettings& settings = request.settings;
  settings.node.found_ip = found_address();
  if (is_for_show)
    fill_in_examples(settings);
  else
    require_settings(settings, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  if (!is_for_show) refuse_itself(settings, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  CollectorRequest& collector = request.collector;
  settings.data_dir = data_dir(settings, is_for_show, files, collector.notices);
  std::optional<std::string_view> preset = preset_text("agent");
  CHECK(preset);
  collector.config.presets.push_back(std::make_shared<config::Source>(config::Source{"the preset agent", std::string(*preset)}));
  auto ports = is_for_show ? nullptr : without_taken_listeners(settings, collector.notices);
  collector.config.presets.push_back(agent_source(settings));
  if (ports) collector.config.presets.push_back(ports);
  collector.config.sources = arguments.values("config");
  collector.config.sets = arguments.values("set");
  collector.feature_gates = arguments.values("feature-gates");
  collector.ports_file = arguments.value("ports-file");
  const AgentSettings::HealthCheck& health = settings.health_check;
  collector.api = {endpoint_text(health.host, health.port), health.path, health.token, health.cert_file, health.key_file};
  collector.agent = AgentIdentity{settings.address(), {agent_exporters(settings), settings.buffer.max_size}};
  return request;
}

}  // namespace vigia::app
