#pragma once

// What the agent_registry extension is configured with.

#include <cstdint>
#include <optional>
#include <string>

#include "config/section.h"
#include "pipeline/net_config.h"

namespace vigia::extensions {

struct AgentRegistryConfig {
  // Where the database lies; "": in memory only, and agents register again after a restart.
  std::string directory = "/var/lib/vigia";
  int64_t offline_after_ms = 15 * 60'000;
  int64_t remove_after_ms = int64_t{30} * 24 * 3'600'000;  // 0: never
  int64_t heartbeat_interval_ms = 60'000;                  // What agents are told.
  int64_t flush_interval_ms = 5'000;
  uint64_t max_agents = 20'000;
  uint64_t max_body_bytes = 64 * 1024;
  // For agents that offer prometheus_scrape and do not say where; 0: those are not scraped.
  uint16_t default_metrics_port = 0;
  // Who asks on the API port has to show credentials.
  std::optional<pipeline::ComponentId> authenticator;
  // A listener of its own, instead of the API port.
  std::optional<pipeline::HttpServerConfig> server;
};

AgentRegistryConfig decode_agent_registry(config::Section& section);

}  // namespace vigia::extensions
