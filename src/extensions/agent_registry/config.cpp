#include "extensions/agent_registry/config.h"

namespace vigia::extensions {

AgentRegistryConfig decode_agent_registry(config::Section& section) {
  AgentRegistryConfig config;
  section.field("directory", config.directory);
  section.duration_ms("offline_after", config.offline_after_ms);
  section.require(config.offline_after_ms > 0, "offline_after", "must be positive");
  section.duration_ms("remove_after", config.remove_after_ms);
  section.require(config.remove_after_ms == 0 || config.remove_after_ms >= config.offline_after_ms, "remove_after",
                  "must not be shorter than offline_after; 0 keeps agents for ever");
  section.duration_ms("heartbeat_interval", config.heartbeat_interval_ms);
  section.require(config.heartbeat_interval_ms >= 1'000, "heartbeat_interval", "must be at least 1s");
  section.duration_ms("flush_interval", config.flush_interval_ms);
  section.require(config.flush_interval_ms >= 100 && config.flush_interval_ms <= 60'000, "flush_interval", "must be from 100ms to 1m");
  section.field("max_agents", config.max_agents);
  section.require(config.max_agents >= 1 && config.max_agents <= 1'000'000, "max_agents", "must be from 1 to 1000000");
  section.size_bytes("max_body_size", config.max_body_bytes);
  section.require(config.max_body_bytes >= 1024 && config.max_body_bytes <= 1 << 20, "max_body_size", "must be from 1KiB to 1MiB");
  section.field("default_metrics_port", config.default_metrics_port);
  if (section.has("endpoint")) {
    // Longer than agents wait between heartbeats: a new connection costs twice as much as the heartbeat itself.
    config.server.emplace().idle_timeout_ms = 150'000;
    pipeline::decode_http_server(section, *config.server);
    config.authenticator = config.server->authenticator;
  } else {
    pipeline::decode_authenticator(section, config.authenticator);
  }
  return config;
}

}  // namespace vigia::extensions
