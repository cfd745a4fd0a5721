#pragma once

// What the health_check extension is configured with, and the extension.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "net/http_server.h"
#include "pipeline/component.h"
#include "pipeline/net_config.h"
#include "pipeline/page_service.h"

namespace vigia::extensions {

struct HealthCheckConfig {
  struct Bodies {
    std::string healthy;
    std::string unhealthy;
  };

  pipeline::HttpServerConfig server;
  std::string path = "/";  // "/" answers every path, as in the Collector
  std::optional<Bodies> response_body;
};

HealthCheckConfig decode_health_check(config::Section& section);

// Answers 200 while the program is ready, else 503; on its path and on /health. GET, HEAD and whatever else asks.
class HealthCheckExtension final : public pipeline::Extension, public pipeline::ReadinessListener, private pipeline::PageService {
 public:
  HealthCheckExtension(const pipeline::Context& context, HealthCheckConfig config);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  void on_ready(bool is_ready) override;

 private:
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override;
  net::Response health() const;

  pipeline::Context context_;
  HealthCheckConfig config_;
  const pipeline::ServerAuthenticator* authenticator_ = nullptr;
  // When the program became ready; 0 while it is not. The steady time is for the uptime.
  std::atomic<int64_t> ready_wall_ns_{0};
  std::atomic<int64_t> ready_steady_ns_{0};
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace vigia::extensions
