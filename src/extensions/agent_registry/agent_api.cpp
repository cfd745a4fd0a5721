#include "extensions/agent_registry/agent_api.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "extensions/agent_registry/query_parameter.h"
#include "net/rpc_status.h"
#include "otlp/json_value.h"

namespace vigia::extensions {

namespace {

// A registry that is full will not be emptier in a moment.
int http_status_of(const Status& status) {
  if (status.code() == StatusCode::failed_precondition) return 409;
  if (status.code() == StatusCode::resource_exhausted) return 507;
  return net::http_status_of(status);
}

std::string error_body(std::string_view reason) {
  std::string body = R"({"error":")";
  append_json_escaped(body, reason);
  return body + "\"}";
}

std::string cursor_of(const tenancy::AgentKey& key) { return to_hex(key.customer + "\n" + key.agent_id); }

Result<tenancy::AgentKey> key_of(const std::string& cursor) {
  std::optional<std::string> text = from_hex(cursor);
  size_t end = text ? text->find('\n') : std::string::npos;
  if (end == std::string::npos) return invalid_argument("cursor: expected the next_cursor of the page before");
  return tenancy::AgentKey{text->substr(0, end), text->substr(end + 1)};
}

}  // namespace

AgentApi::AgentApi(const pipeline::Context& context, const AgentRegistryConfig& config, tenancy::Agents& agents, AgentWriter& writer,
                   const RegistryClock& clock)
    : PageService(context.ledger),
      context_(context),
      config_(config),
      agents_(agents),
      writer_(writer),
      clock_(clock),
      new_registrations_(
          context.metrics.counter("vigia_agent_registry_registrations_total", "Registrations that were accepted.", {{"result", "new"}})),
      known_registrations_(
          context.metrics.counter("vigia_agent_registry_registrations_total", "Registrations that were accepted.", {{"result", "known"}})),
      heartbeats_(context.metrics.counter("vigia_agent_registry_heartbeats_total", "Heartbeats of known agents.")),
      refusals_(context.metrics.counter("vigia_agent_registry_refusals_total", "Requests that were answered with an error.")) {}

net::BodyPlan AgentApi::plan(const net::RequestHead& head) {
  net::BodyPlan plan;
  plan.max_size_bytes = config_.max_body_bytes;
  auto route = route_of(head);
  std::optional<Refused> refused;
  if (auto* found = std::get_if<Route>(&route))
    refused = check_body(head, found->action);
  else
    refused = std::get<Refused>(std::move(route));
  if (refused) plan.refusal = refuse(*refused);
  return plan;
}

void AgentApi::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  auto route = route_of(request.head);
  if (auto* refused = std::get_if<Refused>(&route)) return responder->respond(refuse(*refused));
  auto caller = caller_of(request.head);
  if (!caller.is_ok()) return responder->respond(refuse(caller.status()));
  const auto& [action, agent_id] = std::get<Route>(route);
  if (Status narrowed = narrow(*caller, action, request.head.query); !narrowed.is_ok()) return responder->respond(refuse(narrowed));
  switch (action) {
    case Action::enroll:
      return enroll(*caller, request.body.view(), std::move(responder));
    case Action::heartbeat:
      return responder->respond(heartbeat(*caller, agent_id, request.body.view()));
    case Action::list:
      return responder->respond(list(*caller, request.head.query));
    case Action::get:
      return responder->respond(get(*caller, agent_id));
    case Action::up:
      return responder->respond(up(*caller, agent_id));
    case Action::remove:
      return remove(*caller, agent_id, std::move(responder));
    case Action::targets:
      return responder->respond(targets(*caller, request.head));
  }
}

net::Response AgentApi::refusal(const net::RequestHead&, int http_status, std::string_view reason) {
  return refuse(Refused{http_status, std::string(reason), ""});
}

net::Response AgentApi::refuse(const Status& status) const {
  net::Response response = json(http_status_of(status), error_body(status.message()));
  if (status.retry_delay_ms() > 0) response.headers.add("retry-after", std::to_string((status.retry_delay_ms() + 999) / 1000));
  refusals_.add();
  return response;
}

net::Response AgentApi::refuse(const Refused& refused) const {
  net::Response response = json(refused.http_status, error_body(refused.reason));
  if (!refused.allow.empty()) response.headers.add("allow", refused.allow);
  refusals_.add();
  return response;
}

// The record is on the disk before the answer.
void AgentApi::enroll(const Caller& caller, std::string_view body, std::unique_ptr<net::Responder> responder) {
  Result<Registration> registration = read_registration(body, caller);
  if (!registration.is_ok()) return responder->respond(refuse(registration.status()));
  tenancy::Agent agent = std::move(registration->agent);
  agent.registered_ms = agent.last_seen_ms = clock_.now_ms();
  tenancy::AgentKey key = agent.key;
  auto changed = [this, key, warnings = std::move(registration->warnings), responder = std::move(responder)](Result<bool> is_new) {
    if (!is_new.is_ok()) return responder->respond(refuse(is_new.status()));
    (*is_new ? new_registrations_ : known_registrations_).add();
    if (*is_new) context_.log.info("An agent registered", {{"customer", key.customer}, {"agent", key.agent_id}});
    for (const std::string& warning : warnings)
      if (*is_new) context_.log.warn("An agent's registration is odd", {{"agent", key.agent_id}, {"what", warning}});
    std::optional<tenancy::SeenAgent> seen = agents_.get(key);
    // Somebody may have removed it in this moment.
    if (!seen) return responder->respond(refuse(not_found("the agent was removed again")));
    std::string text;
    append_agent(text, *seen, offline_before_ms(), warnings);
    // Also of a known agent, since whoever registers at each start need not know whether it is the first.
    responder->respond(json(201, text));
  };
  writer_.put(std::move(agent), std::move(changed));
}

net::Response AgentApi::heartbeat(const Caller& caller, const std::string& agent_id, std::string_view body) {
  if (!body.empty() && body != "{}") {
    auto document = otlp::parse_json(body);
    if (!document.is_ok()) return refuse(document.status());
    if (!document->is(otlp::JsonValue::Kind::object)) return refuse(invalid_argument("the document: expected an object, or nothing"));
  }
  int64_t now = clock_.now_ms();
  if (Status touched = agents_.touch(caller.customers, agent_id, now); !touched.is_ok()) return refuse(touched);
  heartbeats_.add();
  return json(200, fmt::format(R"({{"agent_id":"{}","status":"online","last_seen_at":"{}","heartbeat_interval_seconds":{}}})", agent_id,
                               format_rfc3339(now * 1'000'000), config_.heartbeat_interval_ms / 1000));
}

net::Response AgentApi::list(const Caller& caller, std::string_view query) const {
  constexpr size_t default_limit = 100, most = 1'000;
  auto wanted = query_of(caller, query);
  if (!wanted.is_ok()) return refuse(wanted.status());
  auto limit_text = query_parameter(query, {"limit"});
  auto cursor = query_parameter(query, {"cursor"});
  if (!limit_text.is_ok() || !cursor.is_ok()) return refuse(limit_text.is_ok() ? cursor.status() : limit_text.status());
  std::optional<int64_t> limit = *limit_text ? parse_int(**limit_text) : std::optional<int64_t>(default_limit);
  if (!limit || *limit < 1 || *limit > static_cast<int64_t>(most))
    return refuse(invalid_argument("limit: expected a number from 1 to 1000"));
  if (*cursor) {
    auto after = key_of(**cursor);
    if (!after.is_ok()) return refuse(after.status());
    wanted->after = *after;
  }
  // One more says whether there is another page.
  wanted->limit = static_cast<size_t>(*limit) + 1;
  std::vector<tenancy::SeenAgent> found = agents_.list(*wanted);
  bool is_more = found.size() == wanted->limit;
  if (is_more) found.pop_back();
  std::string text = R"({"agents":[)";
  for (size_t i = 0; i < found.size(); i++) {
    if (i > 0) text += ',';
    append_agent(text, found[i], wanted->offline_before_ms);
  }
  text += is_more ? fmt::format(R"(],"next_cursor":"{}"}})", cursor_of(found.back().agent->key)) : R"(],"next_cursor":null})";
  return json(200, text);
}

net::Response AgentApi::get(const Caller& caller, const std::string& agent_id) const {
  auto found = agents_.find(caller.customers, agent_id);
  if (!found.is_ok()) return refuse(found.status());
  std::string text;
  append_agent(text, *found, offline_before_ms());
  return json(200, text);
}

void AgentApi::remove(const Caller& caller, const std::string& agent_id, std::unique_ptr<net::Responder> responder) {
  auto found = agents_.find(caller.customers, agent_id);
  if (!found.is_ok()) return responder->respond(refuse(found.status()));
  writer_.remove(found->agent->key, [this, responder = std::move(responder)](const Result<bool>& removed) {
    if (!removed.is_ok()) return responder->respond(refuse(removed.status()));
    net::Response response;
    response.status = 204;
    responder->respond(std::move(response));
  });
}

// A page for Prometheus without a sample on it: that it is there is `up`.
net::Response AgentApi::up(const Caller& caller, const std::string& agent_id) const {
  auto found = agents_.find(caller.customers, agent_id);
  if (!found.is_ok()) return refuse(found.status());
  if (found->last_seen_ms < offline_before_ms()) return refuse(Refused{503, "the agent is offline", ""});
  return page(200, "text/plain; version=0.0.4; charset=utf-8", "");
}

// Agents that are offline stay among the targets: "up" has to become 0, not to end. For one that nobody can scrape it is we who answer, by its
// heartbeats, where whoever asks has reached us.
net::Response AgentApi::targets(const Caller& caller, const net::RequestHead& head) const {
  std::string_view query = head.query;
  auto wanted = query_of(caller, query);
  auto job = query_parameter(query, {"job"});
  if (!wanted.is_ok() || !job.is_ok()) return refuse(wanted.is_ok() ? job.status() : wanted.status());
  std::string text = "[";
  for (const tenancy::SeenAgent& seen : agents_.list(*wanted)) {
    ScrapeTarget target = scrape_target(*seen.agent, config_.default_metrics_port);
    if (target.address.empty()) target = heartbeat_target(*seen.agent, head.headers.get("host"), head.is_tls);
    if (target.address.empty() || (*job && **job != job_of(*seen.agent))) continue;
    if (text.size() > 1) text += ',';
    append_target(text, seen, target, wanted->offline_before_ms);
  }
  return json(200, text + "]");
}

}  // namespace vigia::extensions
