#include "extensions/agent_registry/agent_registry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "extensions/agent_registry/factory.h"
#include "pipeline/api_routes.h"

namespace vigia::extensions {

namespace {

AgentWriter::Settings writer_settings(const AgentRegistryConfig& config) {
  return {config.directory, config.max_agents, config.flush_interval_ms, config.remove_after_ms};
}

// Recognised agents have the capabilities that document 3's agents have.
const std::vector<std::string>& recognised_capabilities() {
  static const std::vector<std::string> capabilities = {"otlp_grpc", "otlp_http", "prometheus_scrape"};
  return capabilities;
}

tenancy::Agent agent_of(pipeline::RecognisedAgent recognised, int64_t now_ms) {
  tenancy::Agent agent;
  agent.key.customer = recognised.customer.empty() ? std::string(tenancy::default_customer) : std::move(recognised.customer);
  agent.key.agent_id = std::move(recognised.agent_id);
  if (agent.key.agent_id.empty()) agent.key.agent_id = recognised.hostname.empty() ? recognised.peer_ip : recognised.hostname;
  agent.workspace_id = std::move(recognised.workspace_id);
  agent.type = std::move(recognised.type);
  agent.version = std::move(recognised.version);
  agent.hostname = std::move(recognised.hostname);
  agent.node_id = std::move(recognised.node_id);
  if (agent.node_id.empty()) agent.node_id = agent.hostname.empty() ? agent.key.agent_id : agent.hostname;
  agent.ip_address = std::move(recognised.peer_ip);
  agent.capabilities = recognised_capabilities();
  agent.resource_attributes = std::move(recognised.resource_attributes);
  agent.is_recognised = true;
  agent.registered_ms = agent.last_seen_ms = now_ms;
  return agent;
}

}  // namespace

AgentRegistryExtension::AgentRegistryExtension(const pipeline::Context& context, AgentRegistryConfig config)
    : context_(context),
      config_(std::move(config)),
      clock_(context_.clock, agents_),
      writer_(context_, writer_settings(config_), agents_, clock_),
      api_(context_, config_, agents_, writer_, clock_),
      recognised_(context.metrics.counter("vigia_agent_registry_recognised_total", "Signs of life of agents by the telemetry they sent.")) {
}

Status AgentRegistryExtension::start() {
  RETURN_IF_ERROR(writer_.open());
  RETURN_IF_ERROR(serve());
  writer_.begin();
  observe();
  context_.log.info("The registry of agents is open",
                    {{"agents", agents_.size()}, {"directory", config_.directory.empty() ? "(in memory)" : config_.directory}});
  return {};
}

Status AgentRegistryExtension::serve() {
  if (config_.authenticator) {
    ASSIGN_OR_RETURN(const pipeline::ServerAuthenticator* authenticator,
                     pipeline::find_server_authenticator(context_, *config_.authenticator));
    api_.demand_credentials(authenticator);
  }
  if (!config_.server && !context_.api) {
    context_.log.warn("The registry of agents is served nowhere: there is no API port; give the extension an endpoint");
    return {};
  }
  if (!config_.server) {
    RETURN_IF_ERROR(context_.api->add(std::string(AgentApi::agents_path), api_));
    return context_.api->add(std::string(AgentApi::targets_path), api_);
  }
  ASSIGN_OR_RETURN(net::ServerSettings settings, pipeline::server_settings(*config_.server, context_.clock));
  ASSIGN_OR_RETURN(server_, net::HttpServer::start(settings, api_, context_.loops, context_.ledger, context_.log));
  context_.report_port(context_.id.to_string(), server_->port());
  return {};
}

void AgentRegistryExtension::observe() {
  MetricRegistry& metrics = context_.metrics;
  observations_.push_back(
      metrics.observe_gauges("vigia_agent_registry_agents", "Agents in the registry.", [this](const MetricRegistry::TellGauge& tell) {
        auto count = agents_.count(clock_.now_ms() - config_.offline_after_ms);
        tell({{"status", "offline"}}, static_cast<double>(count.offline));
        tell({{"status", "online"}}, static_cast<double>(count.online));
      }));
  observations_.push_back(metrics.observe_gauge("vigia_agent_registry_max_agents", "As many agents the registry takes.", {},
                                                [this] { return static_cast<double>(config_.max_agents); }));
  observations_.push_back(metrics.observe_gauges("vigia_agent_up",
                                                 "Whether the agent was heard of lately: up, for those that cannot be scraped.",
                                                 [this](const MetricRegistry::TellGauge& tell) { tell_up(tell); }));
}

// A node with several agents is up when one of them is.
void AgentRegistryExtension::tell_up(const MetricRegistry::TellGauge& tell) const {
  int64_t offline_before_ms = clock_.now_ms() - config_.offline_after_ms;
  std::map<std::pair<std::string_view, std::string_view>, bool> nodes;
  std::vector<tenancy::SeenAgent> agents = agents_.list({});
  for (const tenancy::SeenAgent& seen : agents) {
    bool& is_up = nodes[{seen.agent->key.customer, seen.agent->node_id}];
    is_up = is_up || seen.last_seen_ms >= offline_before_ms;
  }
  for (const auto& [node, is_up] : nodes)
    tell({{"customer_id", std::string(node.first)}, {"node_id", std::string(node.second)}}, is_up ? 1 : 0);
}

void AgentRegistryExtension::on_recognised(pipeline::RecognisedAgent recognised) {
  tenancy::Agent agent = agent_of(std::move(recognised), clock_.now_ms());
  std::optional<tenancy::SeenAgent> known = agents_.get(agent.key);
  // Whoever registered from that host bears the name that it gave itself.
  if (!known && !agent.hostname.empty()) known = agents_.on_host(agent.key.customer, agent.hostname);
  if (known) {
    recognised_.add();
    return agents_.touch(known->agent->key, agent.last_seen_ms);
  }
  if (Status usable = check_agent(agent); !usable.is_ok()) {
    context_.log.debug("A sender of telemetry cannot be taken into the registry", {{"error", usable}});
    return;
  }
  recognised_.add();
  writer_.put(std::move(agent), [this, key = agent.key](const Result<bool>& is_new) {
    if (!is_new.is_ok())
      context_.log.warn("A recognised agent could not be taken into the registry", {{"error", is_new.status()}});
    else if (*is_new)
      context_.log.info("An agent was recognised by its telemetry", {{"customer", key.customer}, {"agent", key.agent_id}});
  });
}

void AgentRegistryExtension::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  observations_.clear();
  if (context_.api) context_.api->remove(api_);
  auto close = [this, stopped = std::move(stopped)]() mutable { writer_.stop(std::move(stopped)); };
  if (!server_) return close();
  server_->drain(std::max<int64_t>(deadline_steady_ms - context_.clock.steady_ms(), 0), std::move(close));
}

pipeline::ExtensionFactory agent_registry_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "agent_registry";
  factory.decode = [](config::Section& section) -> std::any { return decode_agent_registry(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    return std::unique_ptr<pipeline::Extension>(
        std::make_unique<AgentRegistryExtension>(context, std::any_cast<const AgentRegistryConfig&>(config)));
  };
  return factory;
}

}  // namespace vigia::extensions
