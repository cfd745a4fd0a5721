#include "receivers/otlp/otlp_receiver.h"

#include <algorithm>

#include "receivers/otlp/factory.h"

namespace vigia::receivers {

OtlpReceiver::OtlpReceiver(const pipeline::Context& context, const OtlpReceiverConfig& config, const pipeline::Outputs& outputs)
    : context_(context), config_(config), service_(std::make_shared<ExportService>(context, config, outputs)) {}

Status OtlpReceiver::start() {
  if (config_.grpc) RETURN_IF_ERROR(listen(pipeline::server_settings(*config_.grpc, context_.clock), config_.grpc->authenticator, "grpc"));
  if (config_.http) RETURN_IF_ERROR(listen(pipeline::server_settings(*config_.http, context_.clock), config_.http->authenticator, "http"));
  // Only when all ports are ours is anybody let in: a receiver that could not start must not be serving.
  for (auto& server : servers_) server->begin();
  return {};
}

Status OtlpReceiver::listen(Result<net::ServerSettings> settings, const std::optional<pipeline::ComponentId>& authenticator,
                            std::string_view protocol) {
  if (!settings.is_ok()) return std::move(settings).status();
  const pipeline::ServerAuthenticator* found = nullptr;
  if (authenticator) {
    ASSIGN_OR_RETURN(found, pipeline::find_server_authenticator(context_, *authenticator));
  }
  ports_.push_back(std::make_unique<ExportPort>(service_, found));
  auto listening = net::HttpServer::listen(*settings, *ports_.back(), context_.loops, context_.ledger, context_.log);
  if (!listening.is_ok() && listening.status().code() == StatusCode::already_exists && config_.goes_on_when_busy) {
    context_.log.warn("Somebody else listens there. Going on without this listener.",
                      {{"protocol", protocol}, {"error", listening.status()}});
    return {};
  }
  ASSIGN_OR_RETURN(auto server, std::move(listening));
  context_.log.info(protocol == "grpc" ? "Starting GRPC server" : "Starting HTTP server", {{"endpoint", server->address()}});
  if (context_.report_port) context_.report_port(context_.id.to_string() + "/" + std::string(protocol), server->port());
  servers_.push_back(std::move(server));
  return {};
}

void OtlpReceiver::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  stopped_ = std::move(stopped);
  auto finish = [this] { service_->wait_until_idle(std::move(stopped_)); };
  servers_left_ = servers_.size();
  if (servers_.empty()) {
    finish();
    return;
  }
  int64_t grace_ms = std::max<int64_t>(0, deadline_steady_ms - context_.clock.steady_ms());
  for (auto& server : servers_)
    server->drain(grace_ms, [this, finish] {
      if (servers_left_.fetch_sub(1) == 1) finish();
    });
}

pipeline::ReceiverFactory otlp_receiver() {
  pipeline::ReceiverFactory factory;
  factory.type = "otlp";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    OtlpReceiverConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      const pipeline::Outputs& outputs) -> Result<std::unique_ptr<pipeline::Receiver>> {
    return std::unique_ptr<pipeline::Receiver>(
        std::make_unique<OtlpReceiver>(context, *std::any_cast<OtlpReceiverConfig>(&config), outputs));
  };
  return factory;
}

}  // namespace vigia::receivers
