#pragma once

// The agent_registry extension: keeps the agents, serves them over HTTP, and takes note of those that are recognised.

#include <memory>
#include <string>
#include <vector>

#include "extensions/agent_registry/agent_api.h"
#include "extensions/agent_registry/agent_writer.h"
#include "extensions/agent_registry/config.h"
#include "net/http_server.h"
#include "pipeline/agent_directory.h"
#include "pipeline/component.h"
#include "tenancy/agents.h"

namespace vigia::extensions {

class AgentRegistryExtension final : public pipeline::Extension, public pipeline::AgentDirectory {
 public:
  AgentRegistryExtension(const pipeline::Context& context, AgentRegistryConfig config);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  void on_recognised(pipeline::RecognisedAgent recognised) override;

 private:
  Status serve();
  void observe();
  void tell_up(const MetricRegistry::TellGauge& tell) const;

  pipeline::Context context_;
  AgentRegistryConfig config_;
  tenancy::Agents agents_;
  RegistryClock clock_;
  AgentWriter writer_;
  AgentApi api_;
  std::unique_ptr<net::HttpServer> server_;
  Counter& recognised_;
  std::vector<MetricRegistry::Observation> observations_;
};

}  // namespace vigia::extensions
