// What is asked of the registry, and by whom.

#include <fmt/core.h>

#include "base/ids.h"
#include "base/text.h"
#include "extensions/agent_registry/agent_api.h"
#include "extensions/agent_registry/query_parameter.h"
#include "net/socket.h"

namespace vigia::extensions {

namespace {

// "10.0.0.1:4711" to "10.0.0.1".
std::string host_of(const std::string& peer_address) {
  auto address = net::parse_host_port(peer_address);
  return address.is_ok() && tenancy::is_ip_address(address->host) ? address->host : std::string();
}

}  // namespace

std::variant<AgentApi::Route, AgentApi::Refused> AgentApi::route_of(const net::RequestHead& head) {
  std::string_view path = head.path;
  if (path == targets_path) return route_of_method(head, {{"GET", Action::targets}}, "");
  if (path == agents_path || path == std::string(agents_path) + "/") return route_of_method(head, {{"GET", Action::list}}, "");
  if (!path.starts_with(std::string(agents_path) + "/")) return Refused{404, "there is nothing at this path", ""};
  std::vector<std::string_view> parts = split(path.substr(agents_path.size() + 1), '/');
  if (parts.size() == 1 && parts[0] == "register") return route_of_method(head, {{"POST", Action::enroll}}, "");
  std::optional<std::string> agent_id = percent_decoded(parts[0]);
  if (!agent_id || !is_id(*agent_id)) return Refused{404, "no agent can have this id", ""};
  if (parts.size() == 2 && parts[1] == "heartbeat") return route_of_method(head, {{"POST", Action::heartbeat}}, *agent_id);
  if (parts.size() == 2 && parts[1] == "up") return route_of_method(head, {{"GET", Action::up}}, *agent_id);
  if (parts.size() == 1) return route_of_method(head, {{"GET", Action::get}, {"DELETE", Action::remove}}, *agent_id);
  return Refused{404, "there is nothing at this path", ""};
}

std::variant<AgentApi::Route, AgentApi::Refused> AgentApi::route_of_method(const net::RequestHead& head,
                                                                           std::vector<std::pair<std::string_view, Action>> methods,
                                                                           std::string agent_id) {
  std::string allow;
  std::string_view asked = head.method == "HEAD" ? "GET" : std::string_view(head.method);
  for (const auto& [method, action] : methods) {
    if (method == asked) return Route{action, std::move(agent_id)};
    allow += (allow.empty() ? "" : ", ") + std::string(method) + (method == "GET" ? ", HEAD" : "");
  }
  return Refused{405, fmt::format("only {} is served here", allow), allow};
}

std::optional<AgentApi::Refused> AgentApi::check_body(const net::RequestHead& head, Action action) {
  bool has_encoding = head.headers.has("content-encoding") && head.headers.get("content-encoding") != "identity";
  if (has_encoding) return Refused{415, "the body must not be compressed", ""};
  if (action != Action::enroll || net::is_media_type(head.headers.get("content-type"), "application/json")) return std::nullopt;
  return Refused{415, "the body must be JSON: send Content-Type: application/json", ""};
}

Result<Caller> AgentApi::caller_of(const net::RequestHead& head) const {
  std::string customer;
  if (authenticator_) {
    ASSIGN_OR_RETURN(customer, authenticator_->authenticate([&](std::string_view name) { return head.headers.get(name); }));
  }
  for (std::string_view header : {"x-tenant-id", "x-scope-orgid"}) {
    std::string_view named = head.headers.get(header);
    if (named.empty()) continue;
    if (!is_id(named)) return invalid_argument(fmt::format("{}: this cannot be a customer's name", header));
    if (!customer.empty() && customer != named)
      return Status(StatusCode::permission_denied, fmt::format("{}: the caller is another customer", header));
    customer = named;
  }
  Caller caller;
  if (!customer.empty()) caller.customers.only = customer;
  caller.workspace_id = head.headers.get("x-workspace-id");
  caller.ip_address = host_of(head.peer_address);
  return caller;
}

// A slip such as "?tenat=acme" must not be answered with the agents of all, so it is an error. Whoever registers or beats is not asked for
// parameters, and may have some of its own.
Status AgentApi::narrow(Caller& caller, Action action, std::string_view query) {
  std::vector<std::string> known = {"customer", "customer_id", "tenant", "tenant_id"};
  auto knows = [&](std::initializer_list<const char*> names) { known.insert(known.end(), names.begin(), names.end()); };
  if (action == Action::enroll || action == Action::heartbeat) return {};
  if (action == Action::list) knows({"workspace", "workspace_id", "status", "limit", "cursor"});
  if (action == Action::targets) knows({"workspace", "workspace_id", "status", "job"});
  RETURN_IF_ERROR(check_parameters(query, known));
  ASSIGN_OR_RETURN(std::optional<std::string> customer, query_parameter(query, {"customer", "customer_id", "tenant", "tenant_id"}));
  if (!customer) return {};
  // A parameter asks for one of the caller's customers.
  if (!caller.customers.contains(*customer)) return {StatusCode::permission_denied, "the customer asked for is not the caller"};
  caller.customers.only = *customer;
  return {};
}

Result<tenancy::AgentQuery> AgentApi::query_of(const Caller& caller, std::string_view query) const {
  tenancy::AgentQuery out;
  out.customers = caller.customers;
  out.offline_before_ms = offline_before_ms();
  ASSIGN_OR_RETURN(out.workspace_id, query_parameter(query, {"workspace", "workspace_id"}));
  ASSIGN_OR_RETURN(std::optional<std::string> status, query_parameter(query, {"status"}));
  if (status && *status != "online" && *status != "offline") return invalid_argument("status: expected \"online\" or \"offline\"");
  if (status) out.status = *status == "online" ? tenancy::AgentStatus::online : tenancy::AgentStatus::offline;
  return out;
}

}  // namespace vigia::extensions
