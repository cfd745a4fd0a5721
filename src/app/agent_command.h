#pragma once

// `vigia agent`: from its settings to a running collector.

#include <string>
#include <vector>

#include "app/agent_settings.h"
#include "app/collector.h"
#include "app/command_line.h"
#include "app/console.h"
#include "net/interfaces.h"

namespace vigia::app {

// All flags of `vigia agent`.
std::vector<Flag> agent_command_flags();

// The address by which others know this machine: the first that is not of the link or the loopback only, of IPv4 rather than IPv6. "" is none.
std::string address_for_others(const std::vector<net::NetworkInterface>& interfaces);

// What the settings come to. Mistakes go to the diagnostics. With `is_for_show` nothing is required and nothing on the machine is touched.
struct AgentRequest {
  AgentSettings settings;
  CollectorRequest collector;
};
std::optional<AgentRequest> agent_request(const Arguments& arguments, bool is_for_show, config::Diagnostics& diagnostics);

}  // namespace vigia::app
