#include "app/self_telemetry.h"

#include <map>
#include <utility>

#include <fmt/core.h>

#include "app/version.h"
#include "base/random.h"
#include "net/socket.h"

namespace vigia::app {

namespace {

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

std::string wanted_address(const pipeline::TelemetryConfig& telemetry) {
  return telemetry.metrics_level == pipeline::MetricsLevel::none ? std::string() : telemetry.metrics_address;
}

bool have_same_port(const std::string& one, const std::string& other) {
  Result<net::HostPort> a = net::parse_host_port(one);
  Result<net::HostPort> b = net::parse_host_port(other);
  return a.is_ok() && b.is_ok() && a->port == b->port;
}

}  // namespace

SelfTelemetry::SelfTelemetry(MetricRegistry& metrics, const Clock& clock, FileSystem& files, MemoryLedger& ledger)
    : metrics_(metrics),
      clock_(clock),
      ledger_(ledger),
      instance_id_(new_instance_id()),
      sink_(std::make_shared<SwitchingSink>(clock)),
      log_(sink_),
      process_telemetry_(metrics, clock, files),
      service_(metrics, ledger) {}

Status SelfTelemetry::open(const pipeline::TelemetryConfig& telemetry) {
  label_metrics(telemetry);
  return open_log(telemetry);
}

Status SelfTelemetry::open_log(const pipeline::TelemetryConfig& telemetry) {
  ASSIGN_OR_RETURN(std::shared_ptr<LogSink> sink, LogSink::open(telemetry.logs, clock_));
  LogFields fields;
  for (const auto& [name, value] : telemetry.log_fields) fields.emplace_back(name, value);
  sink_->switch_to(std::move(sink), std::move(fields));
  return {};
}

void SelfTelemetry::label_metrics(const pipeline::TelemetryConfig& telemetry) {
  std::map<std::string, std::string> labels = {
      {"service_name", "vigia"}, {"service_version", std::string(version())}, {"service_instance_id", instance_id_}};
  for (const auto& [attribute, value] : telemetry.resource) {
    if (value)
      labels[label_name(attribute)] = *value;
    else
      labels.erase(label_name(attribute));
  }
  metrics_.set_common_labels(Labels(labels.begin(), labels.end()));
}

Status SelfTelemetry::serve(const pipeline::TelemetryConfig& telemetry, net::LoopGroup& loops) {
  loops_ = &loops;
  std::string address = wanted_address(telemetry);
  if (address.empty()) return {};
  Status status = start_server(address);
  return status.is_ok() ? status : std::move(status).with_context("cannot serve the self-metrics (" + telemetry.metrics_path + ")");
}

std::vector<Status> SelfTelemetry::change(const pipeline::TelemetryConfig& telemetry) {
  std::vector<Status> failures;
  label_metrics(telemetry);
  // Also when nothing changed: the files may have been moved away, to begin new ones.
  if (Status status = open_log(telemetry); !status.is_ok())
    failures.push_back(std::move(status).with_context("the log stays as it was (service::telemetry::logs)"));
  if (Status status = move_server(wanted_address(telemetry)); !status.is_ok())
    failures.push_back(std::move(status).with_context("the self-metrics stay where they were (" + telemetry.metrics_path + ")"));
  return failures;
}

Status SelfTelemetry::move_server(const std::string& address) {
  if (address == address_) return {};
  if (address.empty()) {
    stop_serving();
    return {};
  }
  std::string old_address = address_;
  std::unique_ptr<RunningServer> old = std::move(server_);
  Status status = start_server(address);
  if (!status.is_ok() && old && have_same_port(old->address(), address)) {
    // It may be our own listener that is in the way, as with 127.0.0.1:8888 and 0.0.0.0:8888.
    std::string bound_address = old->address();
    old->drain();
    old = nullptr;
    status = start_server(address);
    if (status.is_ok()) return status;
    Status back = start_server(bound_address);
    address_ = back.is_ok() ? old_address : "";  // what serves nowhere is tried again by the next reload
    return back.is_ok() ? status : back;
  }
  if (!status.is_ok())
    server_ = std::move(old);
  else if (old)
    old->drain();
  return status;
}

Status SelfTelemetry::start_server(const std::string& address) {
  ASSIGN_OR_RETURN(server_, RunningServer::start(net::ServerSettings{.endpoint = address}, service_, {*loops_, ledger_, log_}));
  address_ = address;
  log_.info("Serving metrics", {{"address", server_->address()}});
  return {};
}

void SelfTelemetry::stop_serving() {
  if (server_) server_->drain();
  server_ = nullptr;
  address_.clear();
}

}  // namespace vigia::app
