#pragma once

// The fluentforward receiver: a server of streams, and beside it a UDP port of the same number for heartbeats.

#include <memory>

#include "net/datagram.h"
#include "net/stream_server.h"
#include "pipeline/component.h"
#include "receivers/fluentforward/service.h"

namespace vigia::receivers {

class FluentForwardReceiver final : public pipeline::Receiver {
 public:
  FluentForwardReceiver(const pipeline::Context& context, const FluentForwardConfig& config, pipeline::Consumer& output)
      : service_(std::make_shared<ForwardService>(context, config, output)), heartbeat_loop_(context.loops.at(0)) {}

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  Status listen();
  void listen_for_heartbeats();

  std::shared_ptr<ForwardService> service_;
  net::EventLoop& heartbeat_loop_;
  std::unique_ptr<net::DatagramSocket> heartbeats_;
  std::unique_ptr<net::StreamServer> server_;
};

}  // namespace vigia::receivers
