#pragma once

// The roles that come with the program: configurations in presets/*.yaml, built into the binary, with the addresses that the command
// line asks for.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.h"

namespace vigia::app {

// "edge", "gateway", "up".
std::vector<std::string> preset_names();
// The text of presets/<name>.yaml, or nothing when there is no such role.
std::optional<std::string_view> preset_text(std::string_view name);

// Where a role listens.
struct RoleAddresses {
  std::string host = "127.0.0.1";
  int otlp_grpc_port = 4317;
  int otlp_http_port = 4318;
  int health_check_port = 13133;
  int metrics_port = 8888;
};
// The sources of a role, to be laid below everything that the user gives. REQUIRES: preset_text(name).
std::vector<std::shared_ptr<const config::Source>> preset_sources(std::string_view name, const RoleAddresses& addresses);

// What `vigia edge` is told on the command line; absent is what the preset says.
struct EdgeSettings {
  std::string endpoint;
  std::string data_dir;
  uint64_t max_disk_mib = 0;  // Of all queues together.
};
// To be laid over the sources of "edge".
std::shared_ptr<const config::Source> edge_source(const EdgeSettings& settings);

// Where the registry of agents keeps them.
std::shared_ptr<const config::Source> registry_source(std::string_view data_dir);

// "127.0.0.1:80", "[::1]:80".
std::string endpoint_text(std::string_view host, int port);
bool is_loopback(std::string_view host);

// Whether every protocol of the otlp receiver in this configuration demands credentials.
bool demands_credentials(const config::Node& root);

}  // namespace vigia::app
