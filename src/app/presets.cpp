#include "app/presets.h"

#include <fmt/core.h>

#include "app/preset_texts.h"
#include "base/check.h"

namespace vigia::app {

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const PresetText& preset : preset_texts()) names.emplace_back(preset.name);
  return names;
}

std::optional<std::string_view> preset_text(std::string_view name) {
  for (const PresetText& preset : preset_texts())
    if (preset.name == name) return preset.yaml;
  return std::nullopt;
}

std::vector<std::shared_ptr<const config::Source>> preset_sources(std::string_view name, const RoleAddresses& addresses) {
  std::optional<std::string_view> text = preset_text(name);
  CHECK(text);
  auto preset = std::make_shared<config::Source>(config::Source{fmt::format("the preset {}", name), std::string(*text)});
  auto layer = std::make_shared<config::Source>();
  layer->name = fmt::format("the command line of vigia {}", name);
  layer->text = fmt::format(
      "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{}'}}, http: {{endpoint: '{}'}}}}}}}}\n"
      "extensions: {{health_check: {{endpoint: '{}'}}}}\n"
      "service: {{telemetry: {{metrics: {{address: '{}'}}}}}}\n",
      endpoint_text(addresses.host, addresses.otlp_grpc_port), endpoint_text(addresses.host, addresses.otlp_http_port),
      endpoint_text(addresses.host, addresses.health_check_port), endpoint_text(addresses.host, addresses.metrics_port));
  return {preset, layer};
}

std::string endpoint_text(std::string_view host, int port) {
  bool is_ipv6 = host.find(':') != std::string_view::npos && host.substr(0, 1) != "[";
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host == "[::1]" || host.substr(0, 4) == "127."; }

bool demands_credentials(const config::Node& root) {
  const config::Node* at = &root;
  for (std::string_view key : {"receivers", "otlp", "protocols"}) {
    const config::MapEntry* entry = at->find(key);
    if (!entry) return false;
    at = &entry->value;
  }
  for (const config::MapEntry& protocol : at->entries) {
    const config::MapEntry* auth = protocol.value.find("auth");
    if (!auth || !auth->value.find("authenticator")) return false;
  }
  return !at->entries.empty();
}

}  // namespace vigia::app
