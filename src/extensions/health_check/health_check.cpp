#include "extensions/health_check/health_check.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "extensions/health_check/factory.h"

namespace vigia::extensions {

HealthCheckConfig decode_health_check(config::Section& section) {
  HealthCheckConfig config;
  config.server.endpoint = "localhost:13133";
  uint16_t port = 0;
  if (section.field("port", port)) {
    config.server.endpoint = fmt::format("0.0.0.0:{}", port);
    section.warn("port", "port is an old spelling; write endpoint: 0.0.0.0:PORT");
  }
  pipeline::decode_http_server(section, config.server);
  if (section.field("path", config.path)) section.require(config.path.substr(0, 1) == "/", "path", "a path begins with /");
  section.section("response_body", [&](config::Section& part) {
    if (part.is_null()) return;
    HealthCheckConfig::Bodies& bodies = config.response_body.emplace();
    part.field("healthy", bodies.healthy);
    part.field("unhealthy", bodies.unhealthy);
  });
  section.accept_deprecated("check_collector_pipeline", "it never worked in the Collector and has no effect");
  return config;
}

HealthCheckExtension::HealthCheckExtension(const pipeline::Context& context, HealthCheckConfig config)
    : PageService(context.ledger), context_(context), config_(std::move(config)) {}

Status HealthCheckExtension::start() {
  if (config_.server.authenticator) {
    ASSIGN_OR_RETURN(authenticator_, pipeline::find_server_authenticator(context_, *config_.server.authenticator));
  }
  ASSIGN_OR_RETURN(net::ServerSettings settings, pipeline::server_settings(config_.server, context_.clock));
  ASSIGN_OR_RETURN(server_, net::HttpServer::start(settings, *this, context_.loops, context_.ledger, context_.log));
  context_.report_port(context_.id.to_string(), server_->port());
  context_.log.info("Health check is served", {{"endpoint", server_->address()}});
  return {};
}

void HealthCheckExtension::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  if (!server_) return stopped();
  server_->drain(std::max<int64_t>(deadline_steady_ms - context_.clock.steady_ms(), 0), std::move(stopped));
}

void HealthCheckExtension::on_ready(bool is_ready) {
  ready_steady_ns_.store(context_.clock.steady_ns());
  ready_wall_ns_.store(is_ready ? context_.clock.wall_ns() : 0);
}

void HealthCheckExtension::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  if (authenticator_) {
    auto caller = authenticator_->authenticate([&](std::string_view name) { return request.head.headers.get(name); });
    if (!caller.is_ok()) return responder->respond(plain_page(401, caller.status().message() + "\n"));
  }
  bool is_asked = config_.path == "/" || request.head.path == config_.path || request.head.path == "/health";
  net::Response response = is_asked ? health() : plain_page(404, "there is nothing here; the health is at " + config_.path + "\n");
  for (const auto& [name, value] : config_.server.response_headers) response.headers.set(name, value);
  responder->respond(std::move(response));
}

net::Response HealthCheckExtension::health() const {
  int64_t since_ns = ready_wall_ns_.load();
  bool is_ready = since_ns != 0;
  int status = is_ready ? 200 : 503;
  if (config_.response_body) return plain_page(status, is_ready ? config_.response_body->healthy : config_.response_body->unhealthy);
  int64_t uptime_ns = context_.clock.steady_ns() - ready_steady_ns_.load();
  std::string body = is_ready ? fmt::format(R"({{"status":"Server available","upSince":"{}","uptime":"{}"}})", format_rfc3339(since_ns, 9),
                                            format_duration_ns(uptime_ns))
                              : R"({"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""})";
  return page(status, "application/json", body);
}

pipeline::ExtensionFactory health_check_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "health_check";
  factory.decode = [](config::Section& section) -> std::any { return decode_health_check(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    const auto& settings = std::any_cast<const HealthCheckConfig&>(config);
    return std::unique_ptr<pipeline::Extension>(new HealthCheckExtension(context, settings));
  };
  return factory;
}

}  // namespace vigia::extensions
