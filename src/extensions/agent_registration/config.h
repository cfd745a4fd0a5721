#pragma once

// What the agent_registration extension is configured with.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/section.h"
#include "pipeline/net_config.h"
#include "pipeline/sender_config.h"

namespace vigia::extensions {

struct AgentRegistrationConfig {
  pipeline::HttpClientConfig client;
  int64_t heartbeat_interval_ms = 60'000;
  // How long to wait between attempts; it tries for ever.
  pipeline::RetryConfig retry{true, 1'000, 0.5, 2, 60'000, 0};

  // Whose and which: what is "" is found out or left out.
  std::string customer_id;
  std::string workspace_id;
  std::string agent_id;
  std::string directory;  // Where the id that was made up is kept.
  std::string agent_type = "vigia-agent";
  std::string version;
  std::string hostname;
  std::string node_id;
  std::string ip_address;
  std::vector<std::string> capabilities = {"otlp_grpc", "otlp_http", "prometheus_scrape"};
  // Where this program's metrics can be scraped from outside; 0: nowhere.
  uint16_t metrics_port = 0;
  std::string metrics_path = "/metrics";
  std::string metrics_scheme = "http";
  std::map<std::string, std::string> resource_attributes;
  std::map<std::string, std::string> labels;
};

AgentRegistrationConfig decode_agent_registration(config::Section& section);

}  // namespace vigia::extensions
