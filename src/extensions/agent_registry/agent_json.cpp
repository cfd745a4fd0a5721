#include "extensions/agent_registry/agent_json.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "base/json_writer.h"

namespace vigia::extensions {

using tenancy::Agent;
using tenancy::SeenAgent;

namespace {

constexpr std::string_view scrape_capability = "prometheus_scrape";

std::string time_text(int64_t wall_ms) { return format_rfc3339(wall_ms * 1'000'000); }

std::string_view status_text(const SeenAgent& seen, int64_t offline_before_ms) {
  return seen.last_seen_ms < offline_before_ms ? "offline" : "online";
}

// The name as the end of a label's name.
std::string label_name(std::string_view prefix, std::string_view name) {
  std::string label(prefix);
  for (char c : name) {
    bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    label += is_plain ? c : '_';
  }
  return label;
}

}  // namespace

void append_agent(std::string& out, const SeenAgent& seen, int64_t offline_before_ms, const std::vector<std::string>& warnings) {
  const Agent& agent = *seen.agent;
  JsonObjectWriter object(out);
  object.text("agent_id", agent.key.agent_id);
  object.text("agent_type", agent.type);
  object.text("version", agent.version);
  object.text("hostname", agent.hostname);
  object.text("node_id", agent.node_id);
  object.text("ip_address", agent.ip_address);
  object.text("customer_id", agent.key.customer);
  object.text("tenant_id", agent.key.customer);
  object.text("workspace_id", agent.workspace_id);
  if (agent.metrics_port != 0) {
    object.number("metrics_port", agent.metrics_port);
    object.text("metrics_path", agent.metrics_path);
    object.text("metrics_scheme", agent.metrics_scheme);
  }
  object.texts("capabilities", agent.capabilities);
  object.pairs("resource_attributes", agent.resource_attributes);
  object.pairs("labels", agent.labels);
  object.text("status", status_text(seen, offline_before_ms));
  object.text("source", agent.is_recognised ? "recognised" : "registered");
  object.text("registered_at", time_text(agent.registered_ms));
  object.text("last_seen_at", time_text(seen.last_seen_ms));
  if (!warnings.empty()) object.texts("warnings", warnings);
  object.end();
}

std::string_view job_of(const Agent& agent) {
  if (agent.type == "tfo-otel-agent") return "tfo-otel-agent";
  bool is_collector = agent.type.find("collector") != std::string::npos || agent.type.find("gateway") != std::string::npos;
  return is_collector ? "otel-collector" : "customer-agents";
}

ScrapeTarget scrape_target(const Agent& agent, uint16_t default_port) {
  // Who was only recognised has not said that it can be reached where its data comes from.
  if (!agent.has_capability(scrape_capability) || agent.is_recognised) return {};
  uint16_t port = agent.metrics_port != 0 ? agent.metrics_port : default_port;
  const std::string& host = agent.ip_address.empty() ? agent.hostname : agent.ip_address;
  if (port == 0 || host.empty()) return {};
  std::string address = host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
  return {std::move(address), agent.metrics_scheme, agent.metrics_path, ""};
}

ScrapeTarget heartbeat_target(const Agent& agent, std::string_view host, bool is_tls) {
  return {std::string(host), is_tls ? "https" : "http", fmt::format("/api/v1/agents/{}/up", agent.key.agent_id), agent.key.customer};
}

void append_target(std::string& out, const SeenAgent& seen, const ScrapeTarget& target, int64_t offline_before_ms) {
  const Agent& agent = *seen.agent;
  JsonObjectWriter group(out);
  group.texts("targets", {target.address});
  group.key("labels");
  JsonObjectWriter labels(out);
  labels.text("customer_id", agent.key.customer);
  labels.text("node_id", agent.node_id);
  labels.text("node", agent.node_id);
  labels.text("__scheme__", target.scheme);
  labels.text("__metrics_path__", target.path);
  labels.text_if_any("__param_customer", target.customer);
  labels.text("__meta_vigia_agent_id", agent.key.agent_id);
  labels.text("__meta_vigia_status", status_text(seen, offline_before_ms));
  labels.text_if_any("__meta_vigia_agent_type", agent.type);
  labels.text_if_any("__meta_vigia_version", agent.version);
  labels.text_if_any("__meta_vigia_hostname", agent.hostname);
  labels.text_if_any("__meta_vigia_workspace_id", agent.workspace_id);
  for (const auto& [name, value] : agent.labels) labels.text(label_name("__meta_vigia_label_", name), value);
  labels.end();
  group.end();
}

}  // namespace vigia::extensions
