#pragma once

// Spares a destination that does not answer, and those who wait for it: after some failures in a row nobody tries any more, but
// for one probe at a time, at growing intervals. The first answer lets all go on.
//
//   closed ──failures in a row──► open ──the wait is over──► half open (one probe is under way)
//      ▲                           ▲                            │   │
//      │                           └──the probe fails, longer───┘   │
//      └───────────any answer, the probe's or a straggler's─────────┘
//
// An answer is whatever shows that the other side lives: success, a refusal of the data for good, and RESOURCE_EXHAUSTED with a wait
// asked for, which is back-pressure. A failure is every other error that may pass.
//
// One for each Sender. Not for several threads at once; the caller brings the time.

#include <cstdint>

#include "base/random.h"
#include "base/status.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

class CircuitBreaker {
 public:
  // The numbers are those of the metric.
  enum class State : uint8_t { closed = 0, half_open = 1, open = 2 };
  enum class Permit : uint8_t { refused, granted, probe };
  // What an answer changed. `delayed`: a probe failed, and the next one comes later still.
  enum class Change : uint8_t { none, opened, delayed, closed };

  // The waits between probes are those of `backoff`.
  CircuitBreaker(const CircuitBreakerConfig& config, const RetryConfig& backoff, Random random);

  // Before each try. Who gets the permit for a probe says so with its answer.
  Permit ask(int64_t now_ms);
  // After each try: what came of it, whether it was the probe, and how often its batch has been tried. The waits go on growing from
  // there, so that a single batch is tried no more often than it would be without a breaker.
  Change on_answer(const Status& status, bool is_probe, int tries, int64_t now_ms);

  State state() const { return state_; }
  // Of the last time that it opened.
  int64_t next_probe_ms() const { return next_probe_ms_; }
  int64_t opened_ms() const { return opened_ms_; }

 private:
  void open(const Status& status, int64_t now_ms);

  const uint64_t failures_to_open_;
  const RetryConfig backoff_;
  Random random_;
  State state_ = State::closed;
  uint64_t failures_ = 0;  // In a row.
  int round_ = 0;          // Of the growing waits, from 1.
  int64_t opened_ms_ = 0;
  int64_t next_probe_ms_ = 0;
};

}  // namespace vigia::pipeline
