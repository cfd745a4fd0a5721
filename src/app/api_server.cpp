#include "app/api_server.h"

#include <condition_variable>
#include <mutex>

#include <fmt/core.h>

#include "base/text.h"
#include "pipeline/process_memory.h"

namespace vigia::app {

namespace {

constexpr std::string_view json_type = "application/json";
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

ApiService::ApiService(const Parts& parts, ApiSettings settings, std::unique_ptr<const AgentHealth> agent)
    : PageService(parts.ledger),
      parts_(parts),
      settings_(std::move(settings)),
      agent_(std::move(agent)),
      started_steady_ns_(parts.clock.steady_ns()) {}

net::BodyPlan ApiService::plan(const net::RequestHead& head) {
  net::HttpService* service = parts_.routes.find(head.path);
  return service ? service->plan(head) : PageService::plan(head);
}

net::Response ApiService::refusal(const net::RequestHead& head, int http_status, std::string_view reason) {
  net::HttpService* service = parts_.routes.find(head.path);
  return service ? service->refusal(head, http_status, reason) : PageService::refusal(head, http_status, reason);
}

void ApiService::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  if (!is_allowed(request.head)) {
    net::Response refused = page(401, json_type, R"({"error":"a bearer token is needed"})");
    refused.headers.add("www-authenticate", "Bearer");
    return responder->respond(std::move(refused));
  }
  if (net::HttpService* service = parts_.routes.find(request.head.path)) return service->serve(std::move(request), std::move(responder));
  if (!is_reading(request.head)) return responder->respond(page(405, json_type, R"({"error":"only GET is served here"})"));
  responder->respond(answer(request.head));
}

bool ApiService::is_allowed(const net::RequestHead& head) const {
  if (settings_.token.empty()) return true;
  constexpr std::string_view scheme = "Bearer ";
  std::string_view given = head.headers.get("authorization");
  if (!given.starts_with(scheme)) return false;
  return equals_in_constant_time(settings_.token, given.substr(scheme.size()));
}

net::Response ApiService::answer(const net::RequestHead& head) const {
  std::string_view path = head.path;
  if (path == settings_.health_path || path == "/health" || path == "/api/v1/health")
    return wants_exposition(head) ? metrics_page() : health();
  if (path == "/health/live" || path == "/health/liveness" || path == "/-/healthy") return state(true, "alive", "");
  if (path == "/health/ready" || path == "/health/readiness" || path == "/-/ready") return readiness();
  if (path == "/metrics") return metrics_page();
  if (path == "/") return index();
  return page(404, json_type, R"({"error":"there is nothing at this path"})");
}

net::Response ApiService::index() const {
  std::string text = fmt::format("vigia {}\n\n/health\n/health/live\n/health/ready\n/metrics\n", parts_.version);
  for (const std::string& prefix : parts_.routes.prefixes()) text += prefix + "\n";
  return plain_page(200, text);
}

net::Response ApiService::metrics_page() const { return page(200, prometheus_content_type, parts_.metrics.prometheus_text()); }

net::Response ApiService::state(bool is_good, std::string_view good, std::string_view bad) const {
  return page(is_good ? 200 : 503, json_type, fmt::format(R"({{"status":"{}"}})", is_good ? good : bad));
}

net::Response ApiService::readiness() const {
  if (agent_ && is_ready_.load() && !agent_->takes_data()) return state(false, "", "the buffer is full");
  return state(is_ready_.load(), "ready", "not ready");
}

net::Response ApiService::health() const {
  bool is_ready = is_ready_.load();
  if (agent_) return page(is_ready ? 200 : 503, json_type, agent_->json(is_ready));
  int64_t uptime_ns = parts_.clock.steady_ns() - started_steady_ns_;
  Result<int64_t> resident = pipeline::resident_bytes(parts_.files);
  double memory_mb = resident.is_ok() ? static_cast<double>(*resident) / 1e6 : 0;
  std::string body =
      fmt::format(R"({{"status":"{}","timestamp":"{}","uptime_seconds":{},"uptime":"{}","version":"{}","checks":{{)"
                  R"("application":{{"status":"{}","message":"{}"}},"system_resources":{{"status":"healthy","memory_mb":{:.1f}}}}}}})",
                  is_ready ? "healthy" : "unhealthy", format_rfc3339(parts_.clock.wall_ns()), uptime_ns / 1'000'000'000,
                  format_duration_ns(uptime_ns / 1'000'000'000 * 1'000'000'000), parts_.version, is_ready ? "healthy" : "unhealthy",
                  is_ready ? "Running normally" : "Not ready", memory_mb);
  return page(is_ready ? 200 : 503, json_type, body);
}

Result<net::ServerSettings> server_settings(const ApiSettings& settings, const Clock& clock) {
  net::ServerSettings server;
  server.endpoint = settings.endpoint;
  // Agents keep their connections between heartbeats, which are a minute apart.
  server.idle_timeout_ms = 150'000;
  if (settings.cert_file.empty()) return server;
  net::TlsSettings tls;
  tls.cert_file = settings.cert_file;
  tls.key_file = settings.key_file;
  tls.reload_interval_ms = 60'000;
  ASSIGN_OR_RETURN(server.tls, net::TlsServerContext::create(tls, clock));
  return server;
}

Result<std::unique_ptr<RunningServer>> RunningServer::start(const net::ServerSettings& settings, net::HttpService& service,
                                                            const ServerEnvironment& environment) {
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
