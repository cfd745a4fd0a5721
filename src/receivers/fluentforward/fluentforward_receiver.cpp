#include "receivers/fluentforward/fluentforward_receiver.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/net_config.h"
#include "receivers/fluentforward/factory.h"

namespace vigia::receivers {

namespace {

std::string machine_name(FileSystem& files) {
  Result<std::string> name = files.read_small_file("/proc/sys/kernel/hostname", 4096);
  return name.is_ok() ? std::string(trim(*name)) : std::string("localhost");
}

}  // namespace

Status FluentForwardReceiver::start() {
  ForwardSecurity& security = service_->config.security;
  if (security.self_hostname.empty()) security.self_hostname = machine_name(service_->context.files);
  RETURN_IF_ERROR(listen());
  listen_for_heartbeats();
  server_->begin();
  return {};
}

Status FluentForwardReceiver::listen() {
  const pipeline::Context& context = service_->context;
  const FluentForwardConfig& config = service_->config;
  net::ServerSettings settings;
  settings.endpoint = config.endpoint;
  settings.max_connections = config.max_connections;
  if (config.tls) {
    ASSIGN_OR_RETURN(settings.tls, net::TlsServerContext::create(*config.tls, context.clock));
  }
  ASSIGN_OR_RETURN(server_, net::StreamServer::listen(settings, *service_, context.loops, context.ledger, context.log));
  context.log.info("Starting a server of the forward protocol", {{"endpoint", server_->address()}, {"is_tls", config.tls.has_value()}});
  if (context.report_port) context.report_port(context.id.to_string(), server_->port());
  return {};
}

// Senders that ask by UDP whether we are there get back what they sent. Who cannot be answered so asks by TCP.
void FluentForwardReceiver::listen_for_heartbeats() {
  const pipeline::Context& context = service_->context;
  if (service_->config.endpoint.starts_with("unix:")) return;
  Result<std::unique_ptr<net::DatagramSocket>> socket = net::DatagramSocket::bind(server_->address());
  if (!socket.is_ok()) {
    context.log.warn("cannot answer heartbeats over UDP", {{"error", socket.status()}});
    return;
  }
  heartbeats_ = std::move(*socket);
  heartbeat_loop_.post([this, log = context.log] {
    constexpr size_t most_bytes = 64;  // nobody gets back more than a heartbeat is
    Status status = heartbeats_->begin(heartbeat_loop_, [this](std::string_view bytes, const net::SocketAddress& from) {
      if (bytes.size() <= most_bytes) heartbeats_->send(bytes, from);
    });
    if (!status.is_ok()) log.warn("cannot answer heartbeats over UDP", {{"error", status}});
  });
}

void FluentForwardReceiver::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  int64_t grace_ms = std::max<int64_t>(0, deadline_steady_ms - service_->context.clock.steady_ms());
  auto both_done = std::make_shared<std::atomic<int>>(2);
  auto all_stopped = std::make_shared<Function<void()>>(std::move(stopped));
  auto one_done = [both_done, all_stopped] {
    if (both_done->fetch_sub(1) == 1) (*all_stopped)();
  };
  heartbeat_loop_.post([this, one_done] {
    if (heartbeats_) heartbeats_->stop();
    one_done();
  });
  server_->drain(grace_ms, [this, one_done] { service_->wait_until_idle(one_done); });
}

pipeline::ReceiverFactory fluentforward_receiver() {
  pipeline::ReceiverFactory factory;
  factory.type = "fluentforward";
  factory.aliases = {"fluent_forward"};
  factory.signals = {otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    FluentForwardConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      const pipeline::Outputs& outputs) -> Result<std::unique_ptr<pipeline::Receiver>> {
    return std::unique_ptr<pipeline::Receiver>(
        std::make_unique<FluentForwardReceiver>(context, *std::any_cast<FluentForwardConfig>(&config), *outputs.logs));
  };
  return factory;
}

}  // namespace vigia::receivers
