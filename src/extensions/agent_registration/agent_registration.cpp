#include "extensions/agent_registration/agent_registration.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "extensions/agent_registration/factory.h"
#include "extensions/agent_registration/identity.h"
#include "net/rpc_status.h"
#include "pipeline/backoff.h"

namespace vigia::extensions {

namespace {

// As long as the other side's reason is worth reading.
constexpr size_t most_reason_bytes = 256;

}  // namespace

AgentRegistrationExtension::AgentRegistrationExtension(const pipeline::Context& context, AgentRegistrationConfig config)
    : context_(context),
      config_(std::move(config)),
      registered_(context.metrics.gauge("vigia_agent_registration_registered", "Whether the registry knows this agent.", {})),
      heartbeats_(context.metrics.counter("vigia_agent_registration_heartbeats_total", "Heartbeats that the registry took.", {})),
      failed_(context.metrics.counter("vigia_agent_registration_failures_total", "Registrations and heartbeats that failed.", {})) {}

Status AgentRegistrationExtension::start() {
  if (config_.client.authenticator) {
    ASSIGN_OR_RETURN(authenticator_, pipeline::find_client_authenticator(context_, *config_.client.authenticator));
  }
  ASSIGN_OR_RETURN(pipeline::HttpUrl url, pipeline::HttpUrl::parse(config_.client.endpoint));
  base_path_ = url.path;
  while (base_path_.ends_with('/')) base_path_.pop_back();
  tenancy::Agent agent = agent_of_this_machine(config_, context_.version, context_.files, random_, context_.log);
  agent_id_ = agent.key.agent_id;
  document_ = registration_document(agent, !config_.customer_id.empty());
  state_.with([&](pipeline::RegistrationState& state) { state.agent_id = agent_id_; });
  ASSIGN_OR_RETURN(net::ClientSettings settings, pipeline::client_settings(config_.client, url, context_));
  client_ = net::HttpClient::create(settings, context_.loops, context_.resolver, context_.ledger, context_.log);
  loop_ = &context_.loops.next();
  loop_->post([this] { enroll(); });
  return {};
}

pipeline::RegistrationState AgentRegistrationExtension::registration() const {
  return state_.with([](const pipeline::RegistrationState& state) { return state; });
}

// --- Registering ---

void AgentRegistrationExtension::enroll() {
  send("/api/v1/agents/register", document_, [this](const Status& status, int) { on_enrolled(status); });
}

void AgentRegistrationExtension::on_enrolled(const Status& status) {
  if (!status.is_ok()) {
    on_failure(status);
    return run_after_ms(wait_ms(status), &AgentRegistrationExtension::enroll);
  }
  failures_ = 0;
  is_failing_ = false;
  registered_.set(1);
  state_.with([&](pipeline::RegistrationState& state) {
    state.is_registered = true;
    state.registered_wall_ns = state.last_heartbeat_wall_ns = context_.clock.wall_ns();
    state.failed_attempts = 0;
    state.error.clear();
  });
  context_.log.info("This agent is registered", {{"agent", agent_id_}, {"registry", config_.client.endpoint}});
  // Agents that were started together do not beat together.
  auto first_ms = static_cast<int64_t>(static_cast<double>(config_.heartbeat_interval_ms) * (0.5 + random_.fraction() / 2));
  run_after_ms(first_ms, &AgentRegistrationExtension::beat);
}

// --- Heartbeats ---

void AgentRegistrationExtension::beat() {
  send("/api/v1/agents/" + agent_id_ + "/heartbeat", "{}",
       [this](const Status& status, int http_status) { on_beaten(status, http_status); });
}

void AgentRegistrationExtension::on_beaten(const Status& status, int http_status) {
  if (status.is_ok()) {
    heartbeats_.add();
    failures_ = 0;
    if (std::exchange(is_failing_, false))
      context_.log.info("The registry takes heartbeats again", {{"registry", config_.client.endpoint}});
    state_.with([&](pipeline::RegistrationState& state) {
      state.last_heartbeat_wall_ns = context_.clock.wall_ns();
      state.failed_attempts = 0;
      state.error.clear();
    });
    return run_after_ms(config_.heartbeat_interval_ms, &AgentRegistrationExtension::beat);
  }
  if (http_status == 404) {
    context_.log.info("The registry does not know this agent: it registers again", {{"agent", agent_id_}});
    registered_.set(0);
    state_.with([](pipeline::RegistrationState& state) { state.is_registered = false; });
    // A registry that lost its memory hears this from all of them.
    int64_t soon_ms = std::min<int64_t>(1'000, config_.heartbeat_interval_ms / 10);
    return run_after_ms(static_cast<int64_t>(random_.below(static_cast<uint64_t>(soon_ms) + 1)), &AgentRegistrationExtension::enroll);
  }
  on_failure(status);
  run_after_ms(std::min(wait_ms(status), config_.heartbeat_interval_ms), &AgentRegistrationExtension::beat);
}

// --- What both do ---

net::ClientRequest AgentRegistrationExtension::make_request(const std::string& path, const std::string& body) const {
  net::ClientRequest request;
  request.path = base_path_ + path;
  request.timeout_ms = config_.client.timeout_ms;
  request.headers.add("user-agent", "vigia/" + context_.version);
  request.headers.add("content-type", "application/json");
  if (!config_.customer_id.empty()) request.headers.add("x-tenant-id", config_.customer_id);
  if (!config_.workspace_id.empty()) request.headers.add("x-workspace-id", config_.workspace_id);
  for (const auto& [name, value] : config_.client.headers) request.headers.set(name, value);
  if (authenticator_) {
    auto [name, value] = authenticator_->credentials();
    request.headers.set(name, value);
  }
  request.body = Chain(Slice::copy_of(body, context_.ledger));
  return request;
}

void AgentRegistrationExtension::send(const std::string& path, const std::string& body, Answered answered) {
  client_->send(make_request(path, body), [this, answered = std::move(answered)](Result<net::ClientResponse> response) mutable {
    if (is_stopping_) return;
    if (response.is_ok())
      answered(status_of(*response), response->status);
    else
      answered(response.status(), 0);
  });
}

Status AgentRegistrationExtension::status_of(const net::ClientResponse& response) const {
  if (response.status / 100 == 2) return {};
  std::string reason = fmt::format("HTTP {}: {}", response.status, response.body.view().substr(0, most_reason_bytes));
  return net::status_of_http(response.status, response.headers.get("retry-after"), reason, context_.clock.wall_ns());
}

void AgentRegistrationExtension::on_failure(const Status& status) {
  failures_++;
  failed_.add();
  state_.with([&](pipeline::RegistrationState& state) {
    state.failed_attempts++;
    state.error = status.message();
  });
  // Told once; the state, the metrics and the debug log tell of the rest.
  if (!std::exchange(is_failing_, true))
    context_.log.warn("The registry of agents does not answer as it should; telemetry goes on, and so do the attempts",
                      {{"registry", config_.client.endpoint}, {"error", status}});
  else
    context_.log.debug("Another attempt at the registry failed", {{"error", status}});
}

// Who was refused for good is no nearer to being taken in a second.
int64_t AgentRegistrationExtension::wait_ms(const Status& status) {
  int failures = status.is_retryable() ? failures_ : 1'000;
  return pipeline::backoff_ms(config_.retry, failures, status.retry_delay_ms(), random_);
}

void AgentRegistrationExtension::run_after_ms(int64_t delay_ms, void (AgentRegistrationExtension::*step)()) {
  timer_ = loop_->run_after_ms(delay_ms, [this, step] {
    timer_ = 0;
    (this->*step)();
  });
}

void AgentRegistrationExtension::stop(int64_t, Function<void()> stopped) {
  loop_->post([this, stopped = std::move(stopped)]() mutable {
    is_stopping_ = true;
    loop_->cancel_timer(timer_);
    registered_.set(0);
    client_->close(std::move(stopped));
  });
}

pipeline::ExtensionFactory agent_registration_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "agent_registration";
  factory.decode = [](config::Section& section) -> std::any { return decode_agent_registration(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    return std::unique_ptr<pipeline::Extension>(
        std::make_unique<AgentRegistrationExtension>(context, std::any_cast<const AgentRegistrationConfig&>(config)));
  };
  return factory;
}

}  // namespace vigia::extensions
