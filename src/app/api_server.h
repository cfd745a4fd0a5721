#pragma once

// The small HTTP services of the program itself: self-metrics for scrapers, and the health paths of the API port.

#include <atomic>
#include <memory>
#include <string>

#include "app/agent_health.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/metrics.h"
#include "net/http_server.h"
#include "pipeline/api_routes.h"
#include "pipeline/page_service.h"

namespace vigia::app {

// What a small service needs to run; the references outlive it.
struct ServerEnvironment {
  net::LoopGroup& loops;
  MemoryLedger& ledger;
  Logger log;
};

// GET /metrics in the Prometheus text format.
class SelfMetricsService final : public pipeline::PageService {
 public:
  SelfMetricsService(const MetricRegistry& metrics, MemoryLedger& ledger) : PageService(ledger), metrics_(metrics) {}
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override;

 private:
  const MetricRegistry& metrics_;
};

// How the API is served.
struct ApiSettings {
  std::string endpoint;  // "host:port"; "" is nowhere.
  std::string health_path = "/health";
  // Whoever asks has to say "Authorization: Bearer …"; "" lets everybody ask.
  std::string token;
  // A certificate and its key; "" is plain text.
  std::string cert_file;
  std::string key_file;
  bool operator==(const ApiSettings&) const = default;
};

// /health, /health/live, /health/ready, /metrics and their other spellings, and the paths that extensions have added. Without an agent /health tells of the process alone.
class ApiService final : public pipeline::PageService {
 public:
  struct Parts {
    const MetricRegistry& metrics;
    const Clock& clock;
    FileSystem& files;
    MemoryLedger& ledger;
    const pipeline::ApiRoutes& routes;
    std::string version;
  };
  ApiService(const Parts& parts, ApiSettings settings, std::unique_ptr<const AgentHealth> agent);

  // Any thread.
  void set_ready(bool is_ready) { is_ready_.store(is_ready); }
  net::BodyPlan plan(const net::RequestHead& head) override;
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override;
  net::Response refusal(const net::RequestHead& head, int http_status, std::string_view reason) override;

 private:
  bool is_allowed(const net::RequestHead& head) const;
  net::Response index() const;
  net::Response answer(const net::RequestHead& head) const;
  net::Response health() const;
  net::Response readiness() const;
  net::Response state(bool is_good, std::string_view good, std::string_view bad) const;
  net::Response metrics_page() const;

  const Parts parts_;
  const ApiSettings settings_;
  const std::unique_ptr<const AgentHealth> agent_;
  const int64_t started_steady_ns_;
  std::atomic<bool> is_ready_{false};
};

// With its certificates, if it has any. The clock must outlive the server.
Result<net::ServerSettings> server_settings(const ApiSettings& settings, const Clock& clock);

// A service on its port. Destroyed only after drain() or when the loops have stopped.
class RunningServer {
 public:
  static Result<std::unique_ptr<RunningServer>> start(const net::ServerSettings& settings, net::HttpService& service,
                                                      const ServerEnvironment& environment);
  int port() const { return server_->port(); }
  std::string address() const { return server_->address(); }
  // Waits until the last connection has gone, for a second at most.
  void drain();

 private:
  explicit RunningServer(std::unique_ptr<net::HttpServer> server) : server_(std::move(server)) {}
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace vigia::app
