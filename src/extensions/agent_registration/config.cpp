#include "extensions/agent_registration/config.h"

#include <fmt/core.h>

#include "base/ids.h"
#include "tenancy/agent.h"

namespace vigia::extensions {

namespace {

void decode_retry(config::Section& in, pipeline::RetryConfig& out) {
  in.duration_ms("initial_interval", out.initial_interval_ms);
  in.duration_ms("max_interval", out.max_interval_ms);
  in.field("multiplier", out.multiplier);
  in.field("randomization_factor", out.randomization_factor);
  in.require(out.initial_interval_ms > 0, "initial_interval", "must be positive");
  in.require(out.max_interval_ms >= out.initial_interval_ms, "max_interval", "must not be shorter than initial_interval");
  in.require(out.multiplier >= 1, "multiplier", "must be at least 1");
  in.require(out.randomization_factor >= 0 && out.randomization_factor <= 1, "randomization_factor", "must be from 0 to 1");
}

void check_id(config::Section& in, std::string_view key, const std::string& value) {
  in.require(value.empty() || is_id(value), key, fmt::format("expected {}", id_rule));
}

// Only warned about: the agents of others may have names there.
void warn_unless_uuid(config::Section& in, std::string_view key, const std::string& value) {
  if (!value.empty() && !is_uuid(value)) in.warn(key, "this is not a UUID; it is sent as it is");
}

void decode_customer(config::Section& in, AgentRegistrationConfig& out) {
  std::string tenant;
  in.field("customer_id", out.customer_id);
  in.field("tenant_id", tenant);
  in.field("workspace_id", out.workspace_id);
  in.require(tenant.empty() || out.customer_id.empty() || tenant == out.customer_id, "tenant_id",
             "tenant_id and customer_id are two names of the same; set one of them");
  warn_unless_uuid(in, "tenant_id", tenant);
  warn_unless_uuid(in, "workspace_id", out.workspace_id);
  if (out.customer_id.empty()) out.customer_id = tenant;
  check_id(in, "customer_id", out.customer_id);
}

void decode_metrics(config::Section& in, AgentRegistrationConfig& out) {
  in.field("metrics_port", out.metrics_port);
  in.field("metrics_path", out.metrics_path);
  in.field("metrics_scheme", out.metrics_scheme);
  in.require(out.metrics_path.starts_with('/'), "metrics_path", "a path begins with /");
  in.require(out.metrics_scheme == "http" || out.metrics_scheme == "https", "metrics_scheme", "expected http or https");
}

}  // namespace

AgentRegistrationConfig decode_agent_registration(config::Section& section) {
  AgentRegistrationConfig config;
  config.client.timeout_ms = 10'000;
  pipeline::decode_http_client(section, config.client);
  section.require(!config.client.endpoint.empty(), "endpoint",
                  "an endpoint is required: the URL of the registry, such as http://gateway:8080");
  section.duration_ms("heartbeat_interval", config.heartbeat_interval_ms);
  section.require(config.heartbeat_interval_ms >= 100, "heartbeat_interval", "must be at least 100ms");
  section.section("retry", [&](config::Section& part) { decode_retry(part, config.retry); });
  decode_customer(section, config);
  section.field("agent_id", config.agent_id);
  check_id(section, "agent_id", config.agent_id);
  section.field("directory", config.directory);
  section.field("agent_type", config.agent_type);
  section.field("version", config.version);
  section.field("hostname", config.hostname);
  section.field("node_id", config.node_id);
  section.field("ip_address", config.ip_address);
  section.require(config.ip_address.empty() || tenancy::is_ip_address(config.ip_address), "ip_address", "expected an IPv4 or IPv6 address");
  section.field("capabilities", config.capabilities);
  decode_metrics(section, config);
  section.field("resource_attributes", config.resource_attributes);
  section.field("labels", config.labels);
  return config;
}

}  // namespace vigia::extensions
