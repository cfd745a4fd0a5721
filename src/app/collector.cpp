#include "app/collector.h"

#include <sched.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "app/components.h"
#include "app/version.h"

namespace vigia::app {

namespace {

// Counted from the signal. Shorter than what Kubernetes gives a program to end (30 s).
constexpr int64_t stop_timeout_ms = 25'000;
// When a reload was under way and took its time.
constexpr int64_t least_stop_timeout_ms = 5'000;

int usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

}  // namespace

Collector::Collector(CollectorRequest request, SignalInbox& inbox, Console console)
    : request_(std::move(request)),
      inbox_(inbox),
      console_(console),
      self_telemetry_(metrics_, clock_, files_, ledger_),
      components_(all_components()) {}

Collector::~Collector() {
  background_.stop();
  if (loops_) loops_->stop();
}

int Collector::run() {
  Status started = start();
  if (!started.is_ok()) {
    std::string_view message = started.message();
    if (message.ends_with('\n')) message.remove_suffix(1);
    console_.err << "Error: " << message << std::endl;
    stop();
    return 1;
  }
  log().info("Everything is ready. Begin running and processing data.");
  serve_until_stopped();
  stop();
  log().info("Shutdown complete.");
  return 0;
}

Status Collector::start() {
  config::Diagnostics diagnostics;
  std::optional<Configuration> configuration = read_configuration(request_.config, components_, Depth::machine, files_, diagnostics);
  if (!configuration) return invalid_argument("cannot use the configuration:\n" + diagnostics.render_errors());
  const pipeline::TelemetryConfig telemetry = configuration->service.telemetry;
  RETURN_IF_ERROR(self_telemetry_.open(telemetry));
  log_warnings(diagnostics);
  log().info("Starting vigia...", {{"Version", version()}, {"NumCPU", usable_cores()}});
  for (const std::string& notice : request_.notices) log().warn(notice);
  if (!request_.feature_gates.empty()) log().info("Feature gates have no effect here", {{"gates", request_.feature_gates.front()}});
  loops_ = std::make_unique<net::LoopGroup>(clock_, 0);
  loops_->start();
  resolver_ = net::Resolver::create(*loops_);
  RETURN_IF_ERROR(self_telemetry_.serve(telemetry, *loops_));
  RETURN_IF_ERROR(serve_api());
  return start_graph(std::move(configuration->service));
}

void Collector::log_warnings(const config::Diagnostics& diagnostics) const {
  for (const config::Diagnostic& warning : diagnostics.warnings()) log().warn(config::one_line(warning));
}

Status Collector::serve_api() {
  if (request_.api.endpoint.empty()) return {};
  api_ = std::make_unique<ApiService>(ApiService::Parts{metrics_, clock_, files_, ledger_, api_routes_, std::string(version())},
                                      request_.api, agent_health());
  ASSIGN_OR_RETURN(net::ServerSettings settings, server_settings(request_.api, clock_));
  auto server = RunningServer::start(settings, *api_, {*loops_, ledger_, log()});
  if (!server.is_ok()) return std::move(server).status().with_context("cannot serve the API");
  api_server_ = std::move(server).value();
  ports_.http = api_server_->port();
  log().info("Serving the API", {{"address", api_server_->address()}});
  return {};
}

std::unique_ptr<const AgentHealth> Collector::agent_health() const {
  if (!request_.agent) return nullptr;
  return std::make_unique<const AgentHealth>(AgentHealth::Parts{request_.agent->collector, request_.agent->subject, metrics_, clock_,
                                                                files_, deliveries_, std::string(version())});
}

Status Collector::start_graph(pipeline::ServiceConfig service) {
  auto report_port = [this](const std::string& name, int port) { ports_.components[name] = port; };
  graph_ = std::make_unique<pipeline::Graph>(pipeline::GraphEnvironment{
      log(), metrics_, clock_, files_, ledger_, *loops_, background_, *resolver_, report_port, std::string(version()),
      proxies_of_environment(), deliveries_, self_telemetry_.tap(), api_ ? &api_routes_ : nullptr, environment_variable});
  RETURN_IF_ERROR(graph_->start(std::move(service)));
  is_started_ = true;
  if (api_) api_->set_ready(true);
  return write_ports();
}

Status Collector::write_ports() {
  ports_.metrics = self_telemetry_.metrics_port();
  if (request_.ports_file.empty()) return {};
  return write_ports_file(request_.ports_file, ports_, files_);
}

void Collector::serve_until_stopped() {
  for (;;) {
    SignalInbox::Message message = inbox_.wait();
    if (message.wish == Wish::reload) {
      reload();
      continue;
    }
    log().info("Received signal from OS", {{"signal", strsignal(message.signal_number)}});
    stop_asked_ms_ = message.arrived_steady_ms;
    return;
  }
}

void Collector::reload() {
  log().info("Reloading the configuration");
  config::Diagnostics diagnostics;
  std::optional<Configuration> configuration;
  if (read_settings_again(diagnostics))
    configuration = read_configuration(request_.config, components_, Depth::machine, files_, diagnostics);
  if (!configuration) {
    log().error("The new configuration has errors; the old one stays", {{"errors", diagnostics.render_errors()}});
    return;
  }
  log_warnings(diagnostics);
  const pipeline::TelemetryConfig telemetry = configuration->service.telemetry;
  if (!graph_->reload(std::move(configuration->service)).is_ok()) return;
  std::vector<Status> failures = self_telemetry_.change(telemetry);
  for (const Status& failure : failures) log().error("A part of the new configuration cannot be used", {{"error", failure}});
  if (Status written = write_ports(); !written.is_ok()) log().error("cannot write the ports file", {{"error", written}});
  log().info(failures.empty() ? "The new configuration is in force" : "The rest of the new configuration is in force");
}

// What the pages of the API tell of, and how they are served, was decided at the start.
bool Collector::read_settings_again(config::Diagnostics& diagnostics) {
  if (!request_.read_again) return true;
  std::optional<RoleSettings> settings = request_.read_again(diagnostics);
  if (!settings) return false;
  if (settings->api != request_.api || settings->agent != request_.agent) {
    diagnostics.error({}, "", "the collector's endpoint, the size of the buffer and the health page cannot change without a restart");
    return false;
  }
  request_.config = std::move(settings->config);
  return true;
}

void Collector::stop() {
  if (api_) api_->set_ready(false);
  if (is_started_) {
    log().info("Starting shutdown...");
    int64_t spent_ms = stop_asked_ms_ ? clock_.steady_ms() - *stop_asked_ms_ : 0;
    if (!graph_->stop(std::max(stop_timeout_ms - spent_ms, least_stop_timeout_ms))) log().warn("Some components did not stop in time");
  }
  if (api_server_) api_server_->drain();
  self_telemetry_.stop_serving();
  background_.stop();
  if (loops_) loops_->stop();
}

}  // namespace vigia::app
