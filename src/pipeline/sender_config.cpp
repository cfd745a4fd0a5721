#include "pipeline/sender_config.h"

#include "pipeline/component.h"

namespace vigia::pipeline {

namespace {

void decode_retry(config::Section& in, RetryConfig& out) {
  in.field("enabled", out.is_enabled);
  in.duration_ms("initial_interval", out.initial_interval_ms);
  in.field("randomization_factor", out.randomization_factor);
  in.field("multiplier", out.multiplier);
  in.duration_ms("max_interval", out.max_interval_ms);
  in.duration_ms("max_elapsed_time", out.max_elapsed_time_ms);
  if (!out.is_enabled) return;
  in.require(out.initial_interval_ms >= 0, "initial_interval", "must not be negative");
  in.require(out.randomization_factor >= 0 && out.randomization_factor <= 1, "randomization_factor", "must lie between 0 and 1");
  in.require(out.multiplier >= 0, "multiplier", "must not be negative");
  in.require(out.max_interval_ms >= 0, "max_interval", "must not be negative");
  in.require(out.max_elapsed_time_ms >= 0, "max_elapsed_time", "must not be negative; 0 is for ever");
}

void decode_circuit_breaker(config::Section& in, CircuitBreakerConfig& out) {
  in.field("enabled", out.is_enabled);
  in.field("failures", out.failures);
  in.require(out.failures > 0, "failures", "must be positive");
}

bool decode_sizer(config::Section& in, Sizer& out) {
  return in.choice("sizer", out, {{"requests", Sizer::requests}, {"items", Sizer::items}, {"bytes", Sizer::bytes}});
}

// Says whether batching is wanted.
bool decode_queue_batch(config::Section& in, QueueBatchConfig& out) {
  bool is_enabled = true;
  in.field("enabled", is_enabled);
  in.duration_ms("flush_timeout", out.flush_timeout_ms);
  in.field("min_size", out.min_size);
  in.field("max_size", out.max_size);
  decode_sizer(in, out.sizer);
  in.require(out.flush_timeout_ms > 0, "flush_timeout", "must be positive");
  in.require(out.max_size == 0 || out.max_size >= out.min_size, "max_size", "must not be smaller than min_size");
  in.require(out.sizer != Sizer::requests, "sizer", "must be items or bytes");
  return is_enabled;
}

void decode_queue(config::Section& in, QueueConfig& out) {
  in.field("enabled", out.is_enabled);
  in.field("num_consumers", out.consumers);
  in.field("queue_size", out.size);
  decode_sizer(in, out.sizer);
  in.field("block_on_overflow", out.blocks_on_overflow);
  in.field("wait_for_result", out.waits_for_result);
  in.field("storage", out.storage);
  in.choice("when_full", out.when_full, {{"reject", WhenFull::reject}, {"drop_oldest", WhenFull::drop_oldest}});
  in.section("batch", [&](config::Section& batch) {
    QueueBatchConfig values;
    if (out.sizer == Sizer::bytes) values.sizer = Sizer::bytes;
    if (decode_queue_batch(batch, values)) out.batch = values;
  });
  if (!out.is_enabled) return;
  in.require(out.consumers > 0, "num_consumers", "must be positive");
  in.require(out.size > 0, "queue_size", "must be positive");
  in.require(out.storage.empty() || !out.waits_for_result, "wait_for_result", "does not go with storage");
  bool drops_oldest = out.when_full == WhenFull::drop_oldest;
  in.require(!drops_oldest || !out.storage.empty(), "when_full", "drop_oldest needs a queue on disk: set storage");
  in.require(!drops_oldest || !out.blocks_on_overflow, "when_full", "drop_oldest does not go with block_on_overflow");
  if (!out.storage.empty()) in.claim(storage_topic, "storage", out.storage);
}

void decode_overflow(config::Section& in, const QueueConfig& queue, OverflowConfig& out) {
  in.field("to", out.to);
  in.duration_ms("after", out.after_ms);
  in.field("replay_items_per_second", out.replay_items_per_second);
  in.require(!out.to.empty(), "to", "must name a storage extension");
  in.require(queue.is_durable(), "to", "overflow needs a queue on disk: set sending_queue.storage");
  in.require(out.after_ms > 0, "after", "must be positive");
  in.require(out.replay_items_per_second > 0, "replay_items_per_second", "must be positive");
  if (!out.to.empty()) in.claim(storage_topic, "to", out.to);
}

}  // namespace

void decode_sender(config::Section& in, SenderConfig& out) {
  in.duration_ms("timeout", out.timeout_ms);
  in.require(out.timeout_ms >= 0, "timeout", "must not be negative");
  in.section("retry_on_failure", [&](config::Section& retry) { decode_retry(retry, out.retry); });
  in.section("circuit_breaker", [&](config::Section& breaker) { decode_circuit_breaker(breaker, out.circuit_breaker); });
  in.section("sending_queue", [&](config::Section& queue) { decode_queue(queue, out.queue); });
  in.section("overflow", [&](config::Section& overflow) { decode_overflow(overflow, out.queue, out.overflow.emplace()); });
}

}  // namespace vigia::pipeline
