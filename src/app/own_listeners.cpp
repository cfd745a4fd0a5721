#include "app/own_listeners.h"

#include <optional>

#include "app/presets.h"
#include "net/socket.h"

namespace vigia::app {

namespace {

const config::Node* child(const config::Node* node, std::string_view key) {
  const config::MapEntry* entry = node ? node->find(key) : nullptr;
  return entry ? &entry->value : nullptr;
}

// "http://localhost:4318/v1" → localhost and 4318.
std::optional<net::HostPort> address_of(std::string_view endpoint) {
  if (size_t scheme = endpoint.find("://"); scheme != std::string_view::npos) endpoint.remove_prefix(scheme + 3);
  Result<net::HostPort> address = net::parse_host_port(endpoint.substr(0, endpoint.find('/')));
  if (!address.is_ok() || address->port == 0) return std::nullopt;
  if (address->host == "localhost" || address->host == "::1") address->host = "127.0.0.1";
  return *address;
}

bool leads_to(const net::HostPort& target, const net::HostPort& listener) {
  bool is_any = listener.host.empty() || listener.host == "0.0.0.0" || listener.host == "::";
  return target.port == listener.port &&
         (target.host == listener.host || (is_any && (is_loopback(target.host) || target.host == "0.0.0.0")));
}

std::vector<net::HostPort> listeners_of(const pipeline::ServiceConfig& service, const pipeline::ComponentId& receiver) {
  std::vector<net::HostPort> listeners;
  auto found = service.receivers.find(receiver);
  if (found == service.receivers.end()) return listeners;
  for (const config::Claim& claim : found->second.claims)
    if (claim.topic == pipeline::listener_topic)
      if (auto address = address_of(claim.value)) listeners.push_back(std::move(*address));
  return listeners;
}

void check_exporter(const config::Node& root, const pipeline::PipelineConfig& pipeline, const pipeline::ComponentId& exporter,
                    const std::vector<net::HostPort>& listeners, config::Diagnostics& diagnostics) {
  if (exporter.type.substr(0, 4) != "otlp") return;
  const config::Node* settings = child(child(&root, "exporters"), exporter.to_string());
  for (std::string key : {std::string("endpoint"), std::string(otlp::signal_name(pipeline.signal)) + "_endpoint"}) {
    const config::Node* endpoint = child(settings, key);
    const std::string* text = endpoint ? endpoint->string_value() : nullptr;
    std::optional<net::HostPort> target = text ? address_of(*text) : std::nullopt;
    if (!target) continue;
    for (const net::HostPort& listener : listeners)
      if (leads_to(*target, listener)) {
        std::string path = "exporters::" + exporter.to_string() + "::" + key;
        diagnostics.error(endpoint->position, path,
                          *text + " is where the pipeline \"" + pipeline.name + "\" takes its data from; it would go in circles");
        return;
      }
  }
}

}  // namespace

void refuse_own_listeners(const config::Node& root, const pipeline::ServiceConfig& service, config::Diagnostics& diagnostics) {
  for (const pipeline::PipelineConfig& pipeline : service.pipelines) {
    std::vector<net::HostPort> listeners;
    for (const pipeline::ComponentId& receiver : pipeline.receivers)
      for (net::HostPort& listener : listeners_of(service, receiver)) listeners.push_back(std::move(listener));
    for (const pipeline::ComponentId& exporter : pipeline.exporters) check_exporter(root, pipeline, exporter, listeners, diagnostics);
  }
}

}  // namespace vigia::app
