#include "tenancy/agent.h"

#include <arpa/inet.h>

#include <algorithm>

#include <fmt/core.h>

#include "base/ids.h"

namespace vigia::tenancy {

namespace {

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Status check_text(std::string_view field, std::string_view text, size_t most_bytes) {
  if (text.size() > most_bytes) return invalid_argument(fmt::format("{}: at most {} bytes, found {}", field, most_bytes, text.size()));
  if (has_control_character(text)) return invalid_argument(fmt::format("{}: control characters are not allowed", field));
  return {};
}

Status check_id(std::string_view field, std::string_view text) {
  if (is_id(text)) return {};
  return invalid_argument(fmt::format("{}: expected {}", field, id_rule));
}

Status check_pairs(std::string_view field, const TextPairs& pairs) {
  if (pairs.size() > most_pairs) return invalid_argument(fmt::format("{}: at most {} entries, found {}", field, most_pairs, pairs.size()));
  for (const auto& [name, value] : pairs) {
    if (name.empty()) return invalid_argument(fmt::format("{}: an entry has no name", field));
    RETURN_IF_ERROR(check_text(fmt::format("{}: the name of an entry", field), name, most_id_bytes));
    RETURN_IF_ERROR(check_text(fmt::format("{}: {}", field, name), value, most_value_bytes));
  }
  return {};
}

Status check_capabilities(const Agent& agent) {
  if (agent.capabilities.size() > most_capabilities)
    return invalid_argument(fmt::format("capabilities: at most {}, found {}", most_capabilities, agent.capabilities.size()));
  for (const std::string& capability : agent.capabilities) RETURN_IF_ERROR(check_id("capabilities", capability));
  return {};
}

Status check_scrape(const Agent& agent) {
  if (agent.metrics_scheme != "http" && agent.metrics_scheme != "https")
    return invalid_argument("metrics_scheme: expected \"http\" or \"https\"");
  RETURN_IF_ERROR(check_text("metrics_path", agent.metrics_path, most_hostname_bytes));
  if (!agent.metrics_path.starts_with('/')) return invalid_argument("metrics_path: a path begins with /");
  return {};
}

size_t size_of(const TextPairs& pairs) {
  size_t bytes = 0;
  for (const auto& [name, value] : pairs) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

bool Agent::has_capability(std::string_view name) const {
  return std::find(capabilities.begin(), capabilities.end(), name) != capabilities.end();
}

bool is_ip_address(std::string_view text) {
  in6_addr address;
  std::string copy(text);
  return copy.find('\0') == std::string::npos &&
         (inet_pton(AF_INET, copy.c_str(), &address) == 1 || inet_pton(AF_INET6, copy.c_str(), &address) == 1);
}

Status check_agent(const Agent& agent) {
  RETURN_IF_ERROR(check_id("customer_id", agent.key.customer));
  RETURN_IF_ERROR(check_id("agent_id", agent.key.agent_id));
  if (!agent.workspace_id.empty()) RETURN_IF_ERROR(check_id("workspace_id", agent.workspace_id));
  RETURN_IF_ERROR(check_text("agent_type", agent.type, most_id_bytes));
  RETURN_IF_ERROR(check_text("version", agent.version, most_id_bytes));
  RETURN_IF_ERROR(check_text("hostname", agent.hostname, most_hostname_bytes));
  // It may have come from the host's name.
  RETURN_IF_ERROR(check_text("node_id", agent.node_id, most_hostname_bytes));
  if (!agent.ip_address.empty() && !is_ip_address(agent.ip_address))
    return invalid_argument("ip_address: expected an IPv4 or IPv6 address such as \"10.0.1.15\"");
  RETURN_IF_ERROR(check_capabilities(agent));
  RETURN_IF_ERROR(check_scrape(agent));
  RETURN_IF_ERROR(check_pairs("resource_attributes", agent.resource_attributes));
  RETURN_IF_ERROR(check_pairs("labels", agent.labels));
  if (size_t bytes = size_of(agent.resource_attributes) + size_of(agent.labels); bytes > most_agent_bytes)
    return invalid_argument(fmt::format("resource_attributes and labels: at most {} bytes together, found {}", most_agent_bytes, bytes));
  return {};
}

}  // namespace vigia::tenancy
