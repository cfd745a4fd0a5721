#include <optional>

#include <fmt/core.h>

#include "net/socket.h"
#include "pipeline/service_rules_internal.h"

namespace vigia::pipeline {

namespace {

struct Listener {
  net::HostPort address;
  const config::Position& position;
  const std::string& path;
};

bool is_ipv6(const std::string& host) { return host.find(':') != std::string::npos; }

// Whether a socket bound to `one` keeps another one from being bound to `other`. "" is any address of both families, "::" of its own.
bool covers(const std::string& one, const std::string& other) {
  if (one.empty() || one == other) return true;
  if (one == "0.0.0.0") return !is_ipv6(other);
  return one == "::" && is_ipv6(other);
}

std::optional<net::HostPort> fixed_address(const std::string& endpoint) {
  if (endpoint.starts_with("unix:")) return net::HostPort{endpoint, 0};
  Result<net::HostPort> address = net::parse_host_port(endpoint);
  if (!address.is_ok() || address->port == 0) return std::nullopt;  // A bad one was reported, and 0 is any free port.
  if (address->host == "localhost") address->host = "127.0.0.1";
  return *address;
}

// Few enough to compare each with each: a file of thousands of listeners would not start anyway.
class Listeners {
 public:
  explicit Listeners(config::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void add(const std::string& endpoint, const config::Position& position, const std::string& path) {
    constexpr size_t most_compared = 1000;
    std::optional<net::HostPort> address = fixed_address(endpoint);
    if (!address || listeners_.size() >= most_compared) return;
    for (const Listener& other : listeners_)
      if (address->port == other.address.port && (covers(address->host, other.address.host) || covers(other.address.host, address->host))) {
        diagnostics_.error(position, path, fmt::format("{} is taken by {} ({})", endpoint, other.path, other.position.to_string()));
        return;
      }
    listeners_.push_back({std::move(*address), position, path});
  }

 private:
  config::Diagnostics& diagnostics_;
  std::vector<Listener> listeners_;
};

}  // namespace

void check_listeners(const ServiceConfig& config, config::Diagnostics& diagnostics) {
  Listeners listeners(diagnostics);
  for (const ComponentConfigs* list : {&config.receivers, &config.extensions})
    for (const auto& [id, component] : *list)
      for (const config::Claim& claim : component.claims)
        if (component.is_used && claim.topic == listener_topic) listeners.add(claim.value, claim.position, claim.path);
  const TelemetryConfig& telemetry = config.telemetry;
  if (!telemetry.metrics_address.empty()) listeners.add(telemetry.metrics_address, telemetry.metrics_position, telemetry.metrics_path);
}

}  // namespace vigia::pipeline
