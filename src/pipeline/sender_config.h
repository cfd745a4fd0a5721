#pragma once

// What every sending exporter's section has in common: `timeout`, `sending_queue`, `retry_on_failure`, `circuit_breaker`, `overflow`.

#include <cstdint>
#include <optional>
#include <string>

#include "config/section.h"

namespace vigia::pipeline {

// What a queue or a batch counts: whole requests, items in them, or bytes of them.
enum class Sizer : uint8_t { requests, items, bytes };

struct RetryConfig {
  bool is_enabled = true;
  int64_t initial_interval_ms = 5'000;
  double randomization_factor = 0.5;
  double multiplier = 1.5;
  int64_t max_interval_ms = 30'000;
  int64_t max_elapsed_time_ms = 300'000;  // 0: for ever.
};

// When to stop trying a destination that does not answer. Its waits are those of RetryConfig.
struct CircuitBreakerConfig {
  bool is_enabled = true;
  uint64_t failures = 5;  // In a row, of whatever requests.
};

// Merging and splitting of what waits in the queue.
struct QueueBatchConfig {
  int64_t flush_timeout_ms = 200;
  uint64_t min_size = 8192;
  uint64_t max_size = 0;  // 0: no bound.
  Sizer sizer = Sizer::items;
};

// What happens to new data when a queue on disk is full.
enum class WhenFull : uint8_t { reject, drop_oldest };

struct QueueConfig {
  bool is_enabled = true;
  uint64_t consumers = 10;
  uint64_t size = 1000;
  Sizer sizer = Sizer::requests;
  bool blocks_on_overflow = false;
  bool waits_for_result = false;
  std::string storage;  // The extension that keeps the queue on disk (storage.h), or "": it is in memory.
  WhenFull when_full = WhenFull::reject;
  std::optional<QueueBatchConfig> batch;
  // The exporter's own wish, with one consumer: what came first is sent first, again and again until it is taken, and nothing overtakes it,
  // not even on the disk. What waits together is sent together. What is refused is not cut: its receiver has taken what it could use.
  bool keeps_order = false;

  // What waits is on the disk.
  bool is_durable() const { return is_enabled && !storage.empty(); }
};

// Where data goes that waits on disk and could not be delivered for long (overflow_pump.h).
struct OverflowConfig {
  std::string to;  // A storage extension.
  int64_t after_ms = 300'000;
  uint64_t replay_items_per_second = 10'000;
  bool operator==(const OverflowConfig&) const = default;
};

struct SenderConfig {
  int64_t timeout_ms = 5'000;  // Of one try; 0: none.
  QueueConfig queue;
  RetryConfig retry;
  CircuitBreakerConfig circuit_breaker;
  std::optional<OverflowConfig> overflow;
};

// Reads these keys from an exporter's section. Defaults that differ (a timeout of 30s) are set in `out` before.
void decode_sender(config::Section& in, SenderConfig& out);

}  // namespace vigia::pipeline
