#pragma once

// The HTTP side of the agent_registry: see README.md for its paths. Any loop.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "extensions/agent_registry/agent_json.h"
#include "extensions/agent_registry/agent_writer.h"
#include "extensions/agent_registry/config.h"
#include "pipeline/component.h"
#include "pipeline/page_service.h"
#include "tenancy/agents.h"

namespace vigia::extensions {

class AgentApi final : public pipeline::PageService {
 public:
  static constexpr std::string_view agents_path = "/api/v1/agents";
  static constexpr std::string_view targets_path = "/api/v1/sd/agents";

  // The references outlive the service.
  AgentApi(const pipeline::Context& context, const AgentRegistryConfig& config, tenancy::Agents& agents, AgentWriter& writer,
           const RegistryClock& clock);

  // Whoever asks must show credentials. Before the service is served.
  void demand_credentials(const pipeline::ServerAuthenticator* authenticator) { authenticator_ = authenticator; }

  net::BodyPlan plan(const net::RequestHead& head) override;
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override;
  net::Response refusal(const net::RequestHead& head, int http_status, std::string_view reason) override;

 private:
  enum class Action : uint8_t { enroll, heartbeat, list, get, up, remove, targets };
  struct Route {
    Action action;
    std::string agent_id;
  };
  struct Refused {
    int http_status;
    std::string reason;
    std::string allow;  // of a 405
  };
  // What is asked for, or why it cannot be.
  static std::variant<Route, Refused> route_of(const net::RequestHead& head);
  static std::variant<Route, Refused> route_of_method(const net::RequestHead& head,
                                                      std::vector<std::pair<std::string_view, Action>> methods, std::string agent_id);
  static std::optional<Refused> check_body(const net::RequestHead& head, Action action);
  Result<Caller> caller_of(const net::RequestHead& head) const;
  // Refuses parameters that the action does not know.
  static Status narrow(Caller& caller, Action action, std::string_view query);

  void enroll(const Caller& caller, std::string_view body, std::unique_ptr<net::Responder> responder);
  net::Response heartbeat(const Caller& caller, const std::string& agent_id, std::string_view body);
  net::Response list(const Caller& caller, std::string_view query) const;
  net::Response get(const Caller& caller, const std::string& agent_id) const;
  void remove(const Caller& caller, const std::string& agent_id, std::unique_ptr<net::Responder> responder);
  net::Response up(const Caller& caller, const std::string& agent_id) const;
  net::Response targets(const Caller& caller, const net::RequestHead& head) const;
  Result<tenancy::AgentQuery> query_of(const Caller& caller, std::string_view query) const;

  int64_t offline_before_ms() const { return clock_.now_ms() - config_.offline_after_ms; }
  net::Response refuse(const Status& status) const;
  net::Response refuse(const Refused& refused) const;
  net::Response json(int status, std::string_view body) const { return page(status, "application/json", body); }

  const pipeline::Context& context_;
  const AgentRegistryConfig& config_;
  tenancy::Agents& agents_;
  AgentWriter& writer_;
  const RegistryClock& clock_;
  const pipeline::ServerAuthenticator* authenticator_ = nullptr;
  Counter& new_registrations_;
  Counter& known_registrations_;
  Counter& heartbeats_;
  Counter& refusals_;
};

}  // namespace vigia::extensions
