#pragma once

// An agent as the control plane knows it: plain data, and what is allowed to stand in it.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace vigia::tenancy {

// Names and values in their order.
using TextPairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view default_customer = "default";

// Agents of different customers may bear the same id: they are different agents.
struct AgentKey {
  std::string customer;
  std::string agent_id;
  auto operator<=>(const AgentKey&) const = default;
};

struct Agent {
  AgentKey key;
  std::string workspace_id;
  std::string type;  // "vigia-agent", "tfo-otel-agent"
  std::string version;
  std::string hostname;
  std::string node_id;
  std::string ip_address;
  // Where its metrics can be scraped; port 0: nowhere.
  std::string metrics_scheme = "http";
  std::string metrics_path = "/metrics";
  uint16_t metrics_port = 0;
  std::vector<std::string> capabilities;
  TextPairs resource_attributes;
  TextPairs labels;
  // Nobody registered it: it was recognised by the telemetry it sends. A registration of the same host takes its place.
  bool is_recognised = false;
  int64_t registered_ms = 0;  // since 1970
  int64_t last_seen_ms = 0;

  bool has_capability(std::string_view name) const;
};

// How long and how many; together an agent takes no more than most_agent_bytes.
constexpr size_t most_hostname_bytes = 255;
constexpr size_t most_value_bytes = 1024;
constexpr size_t most_capabilities = 32;
constexpr size_t most_pairs = 64;
constexpr size_t most_agent_bytes = 8 * 1024;

bool is_ip_address(std::string_view text);

// Whether the agent may be stored: INVALID_ARGUMENT names the first field that is wrong, by its name in JSON, and what it should be.
Status check_agent(const Agent& agent);

}  // namespace vigia::tenancy
