// The first half of agent_json.h: the document that an agent registers with.

#include <fmt/core.h>

#include "base/hash.h"
#include "base/ids.h"
#include "extensions/agent_registry/agent_json.h"
#include "otlp/json_value.h"

namespace vigia::extensions {

namespace {

using otlp::JsonValue;
using tenancy::Agent;
using Kind = JsonValue::Kind;

Status expected(std::string_view field, std::string_view what) { return invalid_argument(fmt::format("{}: expected {}", field, what)); }

Status read_text(const JsonValue& document, std::string_view field, std::string& out) {
  const JsonValue* value = document.find(field);
  if (!value) return {};
  if (!value->is(Kind::string)) return expected(field, "a text");
  out = value->string;
  return {};
}

Status read_port(const JsonValue& document, std::string_view field, uint16_t& out) {
  const JsonValue* value = document.find(field);
  if (!value) return {};
  if (!value->is(Kind::integer) || value->integer < 0 || value->integer > 65'535) return expected(field, "a port from 1 to 65535");
  out = static_cast<uint16_t>(value->integer);
  return {};
}

Status read_texts(const JsonValue& document, std::string_view field, std::vector<std::string>& out) {
  const JsonValue* value = document.find(field);
  if (!value) return {};
  if (!value->is(Kind::array)) return expected(field, "a list of texts");
  for (const JsonValue& item : value->items) {
    if (!item.is(Kind::string)) return expected(field, "a list of texts");
    out.push_back(item.string);
  }
  return {};
}

// Attributes may be numbers and truths, too: they are shown as text.
Status read_pairs(const JsonValue& document, std::string_view field, tenancy::TextPairs& out) {
  const JsonValue* value = document.find(field);
  if (!value) return {};
  if (!value->is(Kind::object)) return expected(field, "an object of texts");
  for (const auto& [name, member] : value->members) {
    if (member.is(Kind::null)) continue;
    if (member.is(Kind::array) || member.is(Kind::object)) return expected(fmt::format("{}: {}", field, name), "a text, number or boolean");
    std::string text = member.string;
    if (member.is(Kind::integer)) text = fmt::format("{}", member.integer);
    if (member.is(Kind::real)) text = fmt::format("{}", member.real);
    if (member.is(Kind::boolean)) text = member.boolean ? "true" : "false";
    out.emplace_back(name, std::move(text));
  }
  return {};
}

std::string_view value_of(const tenancy::TextPairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return {};
}

void fill_from(std::string& field, std::string_view value) {
  if (field.empty()) field = value;
}

// The customer goes by two names, and the caller may be one itself.
Status read_customer(const JsonValue& document, const Caller& caller, Registration& out) {
  std::string customer, tenant;
  RETURN_IF_ERROR(read_text(document, "customer_id", customer));
  RETURN_IF_ERROR(read_text(document, "tenant_id", tenant));
  if (!tenant.empty() && !is_uuid(tenant)) out.warnings.push_back("tenant_id is not a UUID");
  if (!customer.empty() && !tenant.empty() && customer != tenant)
    return invalid_argument("customer_id and tenant_id: two names of the same, with different values");
  fill_from(customer, tenant);
  if (!customer.empty() && !caller.customers.contains(customer))
    return {StatusCode::permission_denied,
            fmt::format("cannot register an agent of the customer \"{}\": the caller is \"{}\"", customer, *caller.customers.only)};
  if (caller.customers.only) fill_from(customer, *caller.customers.only);
  fill_from(customer, tenancy::default_customer);
  out.agent.key.customer = std::move(customer);
  return {};
}

Status read_workspace(const JsonValue& document, const Caller& caller, Registration& out) {
  RETURN_IF_ERROR(read_text(document, "workspace_id", out.agent.workspace_id));
  fill_from(out.agent.workspace_id, caller.workspace_id);
  if (!out.agent.workspace_id.empty() && !is_uuid(out.agent.workspace_id)) out.warnings.push_back("workspace_id is not a UUID");
  return {};
}

// What was not said follows from the rest.
Status complete(const Caller& caller, Agent& agent) {
  const tenancy::TextPairs& attributes = agent.resource_attributes;
  fill_from(agent.hostname, value_of(attributes, "host.name"));
  fill_from(agent.node_id, value_of(attributes, "node.id"));
  fill_from(agent.type, value_of(attributes, "agent.type"));
  fill_from(agent.type, value_of(attributes, "service.name"));
  fill_from(agent.version, value_of(attributes, "service.version"));
  fill_from(agent.ip_address, caller.ip_address);
  if (agent.key.agent_id.empty()) {
    if (agent.hostname.empty()) return invalid_argument("agent_id: expected a text; without it, a hostname");
    // The same host gets the same id each time.
    agent.key.agent_id = fmt::format("agent-{:016x}", hash64({agent.key.customer, "\n", agent.hostname}));
  }
  if (agent.key.agent_id == "register") return invalid_argument("agent_id: \"register\" is the name of a path");
  fill_from(agent.node_id, agent.hostname);
  fill_from(agent.node_id, agent.key.agent_id);
  return {};
}

}  // namespace

Result<Registration> read_registration(std::string_view body, const Caller& caller) {
  ASSIGN_OR_RETURN(JsonValue document, otlp::parse_json(body));
  if (!document.is(Kind::object)) return expected("the document", "an object");
  Registration out;
  Agent& agent = out.agent;
  RETURN_IF_ERROR(read_customer(document, caller, out));
  RETURN_IF_ERROR(read_workspace(document, caller, out));
  RETURN_IF_ERROR(read_text(document, "agent_id", agent.key.agent_id));
  RETURN_IF_ERROR(read_text(document, "agent_type", agent.type));
  RETURN_IF_ERROR(read_text(document, "version", agent.version));
  RETURN_IF_ERROR(read_text(document, "hostname", agent.hostname));
  RETURN_IF_ERROR(read_text(document, "node_id", agent.node_id));
  RETURN_IF_ERROR(read_text(document, "ip_address", agent.ip_address));
  RETURN_IF_ERROR(read_text(document, "metrics_scheme", agent.metrics_scheme));
  RETURN_IF_ERROR(read_text(document, "metrics_path", agent.metrics_path));
  RETURN_IF_ERROR(read_port(document, "metrics_port", agent.metrics_port));
  RETURN_IF_ERROR(read_texts(document, "capabilities", agent.capabilities));
  RETURN_IF_ERROR(read_pairs(document, "resource_attributes", agent.resource_attributes));
  RETURN_IF_ERROR(read_pairs(document, "labels", agent.labels));
  RETURN_IF_ERROR(complete(caller, agent));
  RETURN_IF_ERROR(check_agent(agent));
  return out;
}

}  // namespace vigia::extensions
