#pragma once

// The agent receiver: once in an interval, on the background thread, it reads the figures, takes the log lines and sends that gathered since
// the last time, and gives one request of each signal to the pipelines.

#include <memory>

#include "pipeline/component.h"
#include "receivers/agent/config.h"

namespace vigia::receivers {

class AgentReceiver final : public pipeline::Receiver {
 public:
  AgentReceiver(const pipeline::Context& context, const AgentReceiverConfig& config, const pipeline::Outputs& outputs);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  class Rounds;
  std::shared_ptr<Rounds> rounds_;
};

}  // namespace vigia::receivers
