#pragma once

// What has become of each exporter's sends, for those who tell about health: the agent's page and its own telemetry. Any thread.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/status.h"
#include "otlp/signal.h"

namespace vigia::pipeline {

// One try to send one batch.
struct SendRound {
  std::string exporter;
  otlp::Signal signal = otlp::Signal::traces;
  int64_t started_wall_ns = 0;
  int64_t ended_wall_ns = 0;
  size_t items = 0;
  size_t bytes = 0;
  Status status;
};

// An exporter's destination, as its last sends of all signals found it.
struct Delivery {
  int64_t last_success_wall_ns = 0;  // 0: never.
  int64_t last_latency_ns = 0;       // Of the last success.
  uint64_t failures_in_a_row = 0;    // Since it last answered, of whatever batches.
  Status last_failure;               // The last of these.
  // Sends that were refused for good since it last took anything: one may be a batch's fault, when it is all of them it is not.
  uint64_t refusals_in_a_row = 0;
  int64_t first_refusal_wall_ns = 0;
  int64_t last_refusal_wall_ns = 0;
  Status last_refusal;
};

class DeliveryBoard {
 public:
  // Until somebody watches nothing is noted: a collector that nobody asks for its health pays nothing for each send.
  void watch() { is_watched_.store(true, std::memory_order_relaxed); }
  bool is_watched() const { return is_watched_.load(std::memory_order_relaxed); }

  // A refusal of what a batch holds is no success, and no failure of the destination, which was there to refuse it.
  void on_answer(SendRound round);
  // The state of one exporter; an empty one when it has not sent yet.
  Delivery of(const std::string& exporter) const;

  // From now on the last `most` rounds are kept until somebody takes them; older ones are forgotten. 0: none, as at the start.
  void keep_rounds(size_t most);
  std::vector<SendRound> take_rounds();

 private:
  struct State {
    std::map<std::string, Delivery> deliveries;  // As many as there are exporters.
    std::deque<SendRound> rounds;
    size_t most_rounds = 0;
  };
  std::atomic<bool> is_watched_{false};
  Guarded<State> state_;
};

}  // namespace vigia::pipeline
