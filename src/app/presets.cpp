#include "app/presets.h"

#include <fmt/core.h>

#include "app/preset_texts.h"
#include "base/check.h"

namespace vigia::app {

namespace {

// A YAML scalar that is this text whatever is in it.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) result.append(c == '\'' ? 2 : 1, c);
  return result + "'";
}

}  // namespace

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

std::shared_ptr<const config::Source> edge_source(const EdgeSettings& settings) {
  // Logs are what nothing else can replace, so half is theirs.
  struct Share {
    std::string_view exporter;
    uint64_t quarters;
  };
  constexpr Share shares[] = {{"otlphttp/logs", 2}, {"otlphttp/traces", 1}, {"otlphttp/metrics", 1}};
  // Nothing is said about what was not asked for: a null would replace what the preset says.
  auto source = std::make_shared<config::Source>();
  source->name = "the command line of vigia edge";
  if (!settings.data_dir.empty())
    source->text += fmt::format("extensions: {{file_storage: {{directory: {}}}}}\n", quoted(settings.data_dir + "/queue"));
  if (settings.endpoint.empty() && settings.max_disk_mib == 0) return source;
  source->text += "exporters:\n";
  for (const Share& share : shares) {
    source->text += fmt::format("  {}:\n", share.exporter);
    if (!settings.endpoint.empty()) source->text += fmt::format("    endpoint: {}\n", quoted(settings.endpoint));
    if (settings.max_disk_mib > 0)
      source->text += fmt::format("    sending_queue: {{queue_size: {}}}\n", (settings.max_disk_mib << 20) / 4 * share.quarters);
  }
  return source;
}

std::shared_ptr<const config::Source> registry_source(std::string_view data_dir) {
  auto source = std::make_shared<config::Source>();
  source->name = "the command line (--data-dir)";
  source->text = fmt::format("extensions: {{agent_registry: {{directory: {}}}}}\n", quoted(data_dir));
  return source;
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
