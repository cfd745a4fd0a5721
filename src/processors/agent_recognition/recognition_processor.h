#pragma once

// Looks at what passes by, once a minute and sender, and tells the directory of agents. Data goes on untouched.

#include <array>
#include <atomic>
#include <cstdint>

#include "pipeline/agent_directory.h"
#include "pipeline/component.h"

namespace vigia::processors {

struct RecognitionConfig {
  pipeline::ComponentId registry{"agent_registry", ""};
  // It was named: without it the processor would do nothing of what was asked for.
  bool is_registry_required = false;
  int64_t interval_ms = 60'000;
};

// When each sender was last looked at: a table of fixed size without locks. Two senders that share a slot are looked at more often,
// and nobody is looked at less often than once an interval.
class SenderTimes {
 public:
  // Whether the sender is due, who then is not for an interval. Any thread.
  bool claim(uint64_t sender_hash, int64_t now_ms, int64_t interval_ms);

 private:
  static constexpr size_t slot_count = 4'096;
  // The upper half of the sender's hash, and the interval's number.
  std::array<std::atomic<uint64_t>, slot_count> slots_{};
};

class RecognitionProcessor final : public pipeline::Processor {
 public:
  RecognitionProcessor(const pipeline::Context& context, RecognitionConfig config, pipeline::Consumer& next);

  Status start() override;
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override;

 private:
  const pipeline::Context context_;
  const RecognitionConfig config_;
  pipeline::Consumer& next_;
  pipeline::AgentDirectory* directory_ = nullptr;
  SenderTimes times_;
};

}  // namespace vigia::processors
