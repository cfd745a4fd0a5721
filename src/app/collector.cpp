#include "app/collector.h"

#include <sched.h>
#include <string.h>

#include <utility>

#include <fmt/core.h>

#include "app/components.h"
#include "app/version.h"
#include "base/random.h"

namespace vigia::app {

namespace {

// Shorter than what Kubernetes gives a program to end (30 s).
constexpr int64_t stop_timeout_ms = 25'000;

int usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

// A random UUID (version 4).
std::string new_instance_id() {
  Random random = Random::from_system();
  uint64_t words[2] = {random.next(), random.next()};
  words[0] = (words[0] & 0xFFFFFFFFFFFF0FFFULL) | 0x4000;
  words[1] = (words[1] & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
  std::string digits = fmt::format("{:016x}{:016x}", words[0], words[1]);
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) + "-" +
         digits.substr(20);
}

// "service.name" → "service_name", as Prometheus wants labels.
std::string label_name(std::string_view attribute) {
  std::string name;
  for (char c : attribute) name += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) name.insert(0, "_");
  return name;
}

}  // namespace

Collector::Collector(CollectorRequest request, SignalInbox& inbox, Console console)
    : request_(std::move(request)), inbox_(inbox), console_(console), components_(all_components()) {}

Collector::~Collector() {
  if (loops_) loops_->stop();
}

int Collector::run() {
  Status started = start();
  if (!started.is_ok()) {
    console_.err << "Error: " << started.message() << std::endl;
    stop();
    return 1;
  }
  log_.info("Everything is ready. Begin running and processing data.");
  serve_until_stopped();
  stop();
  log_.info("Shutdown complete.");
  return 0;
}

Status Collector::start() {
  config::Diagnostics diagnostics;
  std::optional<Configuration> configuration = read_configuration(request_.config, components_, files_, diagnostics);
  if (!configuration) return invalid_argument("cannot use the configuration:\n" + diagnostics.render_errors());
  const pipeline::TelemetryConfig telemetry = configuration->service.telemetry;
  RETURN_IF_ERROR(open_log(telemetry));
  log_warnings(diagnostics);
  log_.info("Starting vigia...", {{"Version", version()}, {"NumCPU", usable_cores()}});
  for (const std::string& notice : request_.notices) log_.warn(notice);
  if (!request_.feature_gates.empty()) log_.info("Feature gates have no effect here", {{"gates", request_.feature_gates.front()}});
  prepare_metrics(telemetry);
  loops_ = std::make_unique<net::LoopGroup>(clock_, 0);
  loops_->start();
  resolver_ = net::Resolver::create(*loops_);
  RETURN_IF_ERROR(start_servers(telemetry));
  return start_graph(std::move(configuration->service));
}

Status Collector::open_log(const pipeline::TelemetryConfig& telemetry) {
  ASSIGN_OR_RETURN(std::shared_ptr<LogSink> sink, LogSink::open(telemetry.logs, clock_));
  LogFields fields;
  for (const auto& [name, value] : telemetry.log_fields) fields.emplace_back(name, value);
  log_ = Logger(std::move(sink)).with(fields);
  return {};
}

void Collector::log_warnings(const config::Diagnostics& diagnostics) const {
  for (const config::Diagnostic& warning : diagnostics.warnings()) log_.warn(config::one_line(warning));
}

void Collector::prepare_metrics(const pipeline::TelemetryConfig& telemetry) {
  std::map<std::string, std::string> labels = {
      {"service_name", "vigia"}, {"service_version", std::string(version())}, {"service_instance_id", new_instance_id()}};
  for (const auto& [attribute, value] : telemetry.resource) {
    if (value)
      labels[label_name(attribute)] = *value;
    else
      labels.erase(label_name(attribute));
  }
  metrics_.set_common_labels(Labels(labels.begin(), labels.end()));
  process_telemetry_ = std::make_unique<pipeline::ProcessTelemetry>(metrics_, clock_, files_);
}

Status Collector::start_servers(const pipeline::TelemetryConfig& telemetry) {
  ServerEnvironment environment{*loops_, ledger_, log_};
  bool wants_metrics = telemetry.metrics_level != pipeline::MetricsLevel::none && !telemetry.metrics_address.empty();
  if (wants_metrics) {
    self_metrics_ = std::make_unique<SelfMetricsService>(metrics_, ledger_);
    auto server = RunningServer::start(telemetry.metrics_address, *self_metrics_, environment);
    if (!server.is_ok()) return std::move(server).status().with_context("cannot serve the self-metrics (service::telemetry::metrics)");
    self_metrics_server_ = std::move(server).value();
    ports_.metrics = self_metrics_server_->port();
    log_.info("Serving metrics", {{"address", self_metrics_server_->address()}});
  }
  if (!request_.api_endpoint.empty()) {
    api_ = std::make_unique<ApiService>(metrics_, clock_, files_, ledger_, std::string(version()));
    auto server = RunningServer::start(request_.api_endpoint, *api_, environment);
    if (!server.is_ok()) return std::move(server).status().with_context("cannot serve the API (--http-port)");
    api_server_ = std::move(server).value();
    ports_.http = api_server_->port();
    log_.info("Serving the API", {{"address", api_server_->address()}});
  }
  return {};
}

Status Collector::start_graph(pipeline::ServiceConfig service) {
  auto report_port = [this](const std::string& name, int port) { ports_.components[name] = port; };
  graph_ = std::make_unique<pipeline::Graph>(
      pipeline::GraphEnvironment{log_, metrics_, clock_, files_, ledger_, *loops_, *resolver_, report_port, std::string(version())});
  RETURN_IF_ERROR(graph_->start(std::move(service)));
  is_started_ = true;
  if (api_) api_->set_ready(true);
  return write_ports();
}

Status Collector::write_ports() {
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
    log_.info("Received signal from OS", {{"signal", strsignal(message.signal_number)}});
    return;
  }
}

void Collector::reload() {
  log_.info("Reloading the configuration");
  config::Diagnostics diagnostics;
  std::optional<Configuration> configuration = read_configuration(request_.config, components_, files_, diagnostics);
  if (!configuration) {
    log_.error("The new configuration has errors; the old one stays", {{"errors", diagnostics.render_errors()}});
    return;
  }
  log_warnings(diagnostics);
  if (!graph_->reload(std::move(configuration->service)).is_ok()) return;
  if (Status written = write_ports(); !written.is_ok()) log_.error("cannot write the ports file", {{"error", written}});
  log_.info("The new configuration is in force");
}

void Collector::stop() {
  if (api_) api_->set_ready(false);
  if (is_started_) {
    log_.info("Starting shutdown...");
    if (!graph_->stop(stop_timeout_ms)) log_.warn("Some components did not stop in time");
  }
  if (api_server_) api_server_->drain();
  if (self_metrics_server_) self_metrics_server_->drain();
  if (loops_) loops_->stop();
}

}  // namespace vigia::app
