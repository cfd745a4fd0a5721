#include "app/api_server.h"

#include <condition_variable>
#include <mutex>

#include <fmt/core.h>

#include "base/text.h"
#include "pipeline/process_memory.h"

namespace vigia::app {

namespace {

constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

bool is_reading(const net::RequestHead& head) { return head.method == "GET" || head.method == "HEAD"; }

// Prometheus asks so; browsers, probes and people do not.
bool wants_exposition(const net::RequestHead& head) {
  std::string_view accept = head.headers.get("accept");
  return accept.find("openmetrics-text") != std::string_view::npos || accept.find("version=0.0.4") != std::string_view::npos;
}

}  // namespace

void SelfMetricsService::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  if (!is_reading(request.head)) return responder->respond(plain_page(405, "only GET is served here\n"));
  if (request.head.path != "/metrics") return responder->respond(plain_page(404, "there is nothing here; see /metrics\n"));
  responder->respond(page(200, prometheus_content_type, metrics_.prometheus_text()));
}

ApiService::ApiService(const MetricRegistry& metrics, const Clock& clock, FileSystem& files, MemoryLedger& ledger, std::string version)
    : PageService(ledger),
      metrics_(metrics),
      clock_(clock),
      files_(files),
      version_(std::move(version)),
      started_steady_ns_(clock.steady_ns()) {}

void ApiService::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  responder->respond(is_reading(request.head) ? answer(request.head)
                                              : page(405, "application/json", R"({"error":"only GET is served here"})"));
}

net::Response ApiService::answer(const net::RequestHead& head) const {
  std::string_view path = head.path;
  if (path == "/health" || path == "/api/v1/health") return wants_exposition(head) ? metrics_page() : health();
  if (path == "/health/live" || path == "/health/liveness" || path == "/-/healthy") return state(true, "alive", "");
  if (path == "/health/ready" || path == "/health/readiness" || path == "/-/ready") return state(is_ready_.load(), "ready", "not ready");
  if (path == "/metrics") return metrics_page();
  if (path == "/") return plain_page(200, fmt::format("vigia {}\n\n/health\n/health/live\n/health/ready\n/metrics\n", version_));
  return page(404, "application/json", R"({"error":"there is nothing at this path"})");
}

net::Response ApiService::metrics_page() const { return page(200, prometheus_content_type, metrics_.prometheus_text()); }

net::Response ApiService::state(bool is_good, std::string_view good, std::string_view bad) const {
  return page(is_good ? 200 : 503, "application/json", fmt::format(R"({{"status":"{}"}})", is_good ? good : bad));
}

net::Response ApiService::health() const {
  bool is_ready = is_ready_.load();
  int64_t uptime_ns = clock_.steady_ns() - started_steady_ns_;
  Result<int64_t> resident = pipeline::resident_bytes(files_);
  double memory_mb = resident.is_ok() ? static_cast<double>(*resident) / 1e6 : 0;
  std::string body =
      fmt::format(R"({{"status":"{}","timestamp":"{}","uptime_seconds":{},"uptime":"{}","version":"{}","checks":{{)"
                  R"("application":{{"status":"{}","message":"{}"}},"system_resources":{{"status":"healthy","memory_mb":{:.1f}}}}}}})",
                  is_ready ? "healthy" : "unhealthy", format_rfc3339(clock_.wall_ns()), uptime_ns / 1'000'000'000,
                  format_duration_ns(uptime_ns / 1'000'000'000 * 1'000'000'000), version_, is_ready ? "healthy" : "unhealthy",
                  is_ready ? "Running normally" : "Not ready", memory_mb);
  return page(is_ready ? 200 : 503, "application/json", body);
}

Result<std::unique_ptr<RunningServer>> RunningServer::start(const std::string& endpoint, net::HttpService& service,
                                                            const ServerEnvironment& environment) {
  net::ServerSettings settings;
  settings.endpoint = endpoint;
  auto server = net::HttpServer::start(settings, service, environment.loops, environment.ledger, environment.log);
  if (!server.is_ok()) return std::move(server).status();
  return std::unique_ptr<RunningServer>(new RunningServer(std::move(server).value()));
}

void RunningServer::drain() {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_drained = false;
  server_->drain(1'000, [&] {
    std::lock_guard lock(mutex);
    is_drained = true;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return is_drained; });
}

}  // namespace vigia::app
