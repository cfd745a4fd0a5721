#pragma once

// The running collector: everything that lives from start to stop, in the order in which it is made.

#include <memory>
#include <optional>
#include <string>

#include "app/api_server.h"
#include "app/configuration.h"
#include "app/console.h"
#include "app/ports_file.h"
#include "app/self_telemetry.h"
#include "app/signals.h"
#include "base/clock.h"
#include "base/function.h"
#include "net/dns.h"
#include "net/event_loop.h"
#include "pipeline/graph.h"

namespace vigia::app {

// What an agent's health is about.
struct AgentIdentity {
  std::string collector;  // "collector:4317".
  pipeline::DeliverySubject subject;
  bool operator==(const AgentIdentity&) const = default;
};

// The part of a request that settings outside of the configuration files decide.
struct RoleSettings {
  config::LoadRequest config;
  ApiSettings api;
  std::optional<AgentIdentity> agent;
};

struct CollectorRequest {
  config::LoadRequest config;
  // Where the ports are written once they are known; "" is nowhere.
  std::string ports_file;
  ApiSettings api;
  // Whose health the API shows, when this is an agent.
  std::optional<AgentIdentity> agent;
  std::vector<std::string> feature_gates;
  // Said once in the log, right after the start.
  std::vector<std::string> notices;
  // For a reload, of a role whose settings can change while it runs. Mistakes go to the diagnostics, and then there is no answer.
  Function<std::optional<RoleSettings>(config::Diagnostics&)> read_again = nullptr;
};

class Collector {
 public:
  // `inbox` was begun before any thread, and outlives the collector.
  Collector(CollectorRequest request, SignalInbox& inbox, Console console);
  ~Collector();

  // Starts, runs until it is told to stop, and stops. Returns the exit code; when the start fails, one line on `err` says why.
  int run();

 private:
  Status start();
  Status serve_api();
  std::unique_ptr<const AgentHealth> agent_health() const;
  Status start_graph(pipeline::ServiceConfig service);
  Status write_ports();
  void serve_until_stopped();
  void reload();
  bool read_settings_again(config::Diagnostics& diagnostics);
  void stop();
  void log_warnings(const config::Diagnostics& diagnostics) const;
  const Logger& log() const { return self_telemetry_.log(); }

  CollectorRequest request_;
  SignalInbox& inbox_;
  Console console_;

  SystemClock clock_;
  mutable SystemFiles files_;
  MemoryLedger ledger_;
  MetricRegistry metrics_;
  SelfTelemetry self_telemetry_;
  pipeline::Components components_;
  BoundPorts ports_;
  std::unique_ptr<net::LoopGroup> loops_;
  net::BackgroundLoop background_{clock_};
  const std::shared_ptr<pipeline::DeliveryBoard> deliveries_ = std::make_shared<pipeline::DeliveryBoard>();
  std::unique_ptr<net::Resolver> resolver_;
  pipeline::ApiRoutes api_routes_;
  std::unique_ptr<ApiService> api_;
  std::unique_ptr<RunningServer> api_server_;
  std::unique_ptr<pipeline::Graph> graph_;
  bool is_started_ = false;
  std::optional<int64_t> stop_asked_ms_;
};

}  // namespace vigia::app
