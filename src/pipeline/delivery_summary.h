#pragma once

// How it goes with delivering to the collector, in few words: what an agent's health page and its metrics say.

#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "pipeline/delivery_board.h"

namespace vigia::pipeline {

struct DeliverySummary {
  // The last tries did not fail. Before the first one nothing speaks against it.
  bool is_reachable = true;
  int64_t last_success_wall_ns = 0;  // 0: never.
  int64_t latency_ms = 0;            // Of the last success.
  uint64_t failures_in_a_row = 0;
  // It is there, but for some time it has refused for good whatever was sent: its fault or ours, nothing arrives.
  bool refuses_everything = false;
  std::string error;  // Of either.

  // Of the sending queue that is fullest: each signal has one.
  double buffer_size = 0;
  double buffer_capacity = 0;
  double buffer_usage_percent() const { return buffer_capacity > 0 ? buffer_size * 100 / buffer_capacity : 0; }

  uint64_t spans_sent = 0;
  // Taken and then lost: refused for good by the other side, or dropped to make room.
  uint64_t spans_dropped = 0;
};

struct DeliverySubject {
  std::vector<std::string> exporters;
  // What a full buffer is called, whatever unit the queues count in; 0 is their own.
  uint64_t buffer_capacity = 0;
  bool operator==(const DeliverySubject&) const = default;
};

DeliverySummary summarize(const DeliverySubject& subject, const DeliveryBoard& board, const MetricRegistry& metrics);

}  // namespace vigia::pipeline
