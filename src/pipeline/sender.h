#pragma once

// What every exporter that sends over the network embeds: a bounded queue in memory, sends that run side by side, retries
// with back-off.
//
//   class OtlpExporter : public Exporter {
//     Result<Reservation> reserve(const Load& load) override { return sender_.reserve(load); }
//     void consume(Batch batch, Done done) override { sender_.consume(std::move(batch), std::move(done)); }
//     void stop(int64_t deadline, Function<void()> stopped) override { sender_.stop(deadline, std::move(stopped)); }
//     Sender sender_;   // made with a function that sends one batch once
//   };
//
// - consume() answers OK once the batch is in the queue; with wait_for_result, or without a queue, when it has been sent.
// - A full queue refuses with UNAVAILABLE, which is retryable; with block_on_overflow the answer waits for room instead.
// - queue_size bounds what waits and what is being sent together.
// - A batch that fails for good, or for longer than max_elapsed_time, is dropped: logged and counted.
// - stop(): what waits for a retry is tried at once (or when the other side allows it) and again, at most 2 s apart, the queue is sent
//   out, all until the deadline. What is left then, or is not wanted before it, is dropped: logged and counted.
// - hand_over(): a successor gets all that is not being sent this moment, and starts afresh with it; what is being sent follows when it
//   fails. What is inherited may overfill the successor's queue, which then refuses only newcomers until there is room again.
// - After some failures in a row of whatever batches nothing is tried but a probe now and then, until one is answered: see
//   circuit_breaker.h. Who waits in the queue meanwhile does not use up its tries or its max_elapsed_time.
// - With a hook for what is set aside, or a durable queue, a batch that is refused for its content is cut in halves and sent again,
//   until the items at fault are found or 64 sends are used up. Only what is still refused then is set aside, or dropped.
//
// A durable queue (sending_queue.storage) has a journal in front of the pipeline, which bounds what is in memory and gives again what
// is let go with its receipts unsettled. Hence reserve() and consume() never refuse for want of room; a batch that failed for too long
// is let go; and stop() lets go at once of everything but what is being sent this moment, for which it waits 2 s at most.
//
// With storage the queue is a journal in front of the pipeline, and this holds a window of it, in memory:
// - Nothing is refused; what does not fit the window has not come here yet.
// - What cannot be delivered within max_elapsed_time is let go with its receipts unsettled, so that the journal gives it again later.
// - stop() waits for what is being sent this moment, two seconds at most; the rest is on the disk and is let go at once.
//
// All calls on any thread; sends start on a loop: the caller's when it is one.

#include <functional>
#include <memory>

#include "pipeline/component.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

class Sender {
 public:
  // Sends a batch once, on a loop, within the timeout (0: none), and calls back once, on any thread. The status says whether
  // another try makes sense (is_retryable) and how long the other side asked to wait. Not called any more once stop() has called
  // `stopped`.
  using SendOnce = std::function<void(Batch batch, int64_t timeout_ms, Function<void(Status)> answered)>;

  // Takes what the other side refuses for good, and why. The receipts come with it: they are to be settled when the data is safe.
  // Called on any thread.
  using SetAside = std::function<void(Batch batch, const Status& why)>;

  Sender(const Context& context, const SenderConfig& config, otlp::Signal signal, SendOnce send_once);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Without it what is refused is dropped: logged and counted. REQUIRES: nothing was consumed yet.
  void set_aside_to(SetAside hook);

  Result<Reservation> reserve(const Load& load);
  void consume(Batch batch, Done done);
  // REQUIRES: the successor has the same signal and runs. stop() follows.
  void hand_over(Sender& successor);
  void stop(int64_t deadline_steady_ms, Function<void()> stopped);

 private:
  class Core;
  std::shared_ptr<Core> core_;
  MetricRegistry::Observation in_flight_;
  MetricRegistry::Observation queue_size_;
  MetricRegistry::Observation queue_capacity_;
  MetricRegistry::Observation circuit_state_;
};

}  // namespace vigia::pipeline
