#pragma once

// The inside of Sender: kept alive by whatever still has to call back.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/guarded.h"
#include "base/random.h"
#include "pipeline/bisection.h"
#include "pipeline/circuit_breaker.h"
#include "pipeline/component.h"
#include "pipeline/sender.h"
#include "pipeline/telemetry.h"

namespace vigia::pipeline {

// The books of the queue's room, in the unit of its sizer.
class QueueRoom final : public Reservation::Owner {
 public:
  QueueRoom(Sizer sizer, size_t capacity) : sizer_(sizer), capacity_(static_cast<int64_t>(capacity)) {}

  Sizer sizer() const { return sizer_; }
  int64_t capacity() const { return capacity_; }
  int64_t used() const { return used_.load(std::memory_order_relaxed); }
  bool try_take(int64_t size) {
    int64_t used = used_.load(std::memory_order_relaxed);
    while (used + size <= capacity_)
      if (used_.compare_exchange_weak(used, used + size, std::memory_order_relaxed)) return true;
    return false;
  }
  // Changes what somebody holds, whether or not it fits.
  void adjust(int64_t by) { used_.fetch_add(by, std::memory_order_relaxed); }
  void give_back(const Load& load) override;

 private:
  const Sizer sizer_;
  const int64_t capacity_;
  std::atomic<int64_t> used_{0};
};

class Sender::Core : public std::enable_shared_from_this<Sender::Core> {
 public:
  Core(const Context& context, const SenderConfig& config, otlp::Signal signal, SendOnce send_once);

  Result<Reservation> reserve(const Load& load);
  void consume(Batch batch, Done done);
  // REQUIRES: nothing was consumed yet.
  void set_aside_to(SetAside hook) { set_aside_ = std::move(hook); }
  void hand_over(const std::shared_ptr<Core>& successor);
  void stop(int64_t deadline_steady_ms, Function<void()> stopped);
  const std::shared_ptr<QueueRoom>& room() const { return room_; }
  size_t in_flight() {
    return state_.with([](State& state) { return state.in_flight; });
  }
  bool has_breaker() const { return circuit_opened_ != nullptr; }
  // REQUIRES: has_breaker().
  CircuitBreaker::State circuit_state() {
    return state_.with([](State& state) { return state.breaker->state(); });
  }

 private:
  // One batch on its way, with all who wait for its result.
  struct Job {
    Batch batch;
    std::vector<Done> dones;
    int64_t room = 0;      // What it holds of the queue.
    BacklogShare backlog;  // While it waits in the queue.
    int64_t queued_ms = 0;
    int64_t first_try_ms = 0;
    int tries = 0;
    int64_t started_wall_ns = 0;           // The present try.
    bool is_probe = false;                 // Of the circuit breaker, in its present try.
    std::shared_ptr<Bisection> bisection;  // Since it, or what it is a part of, was refused.
  };
  using JobPointer = std::unique_ptr<Job>;
  using Jobs = std::vector<JobPointer>;
  struct Waiting {
    JobPointer job;
    int64_t earliest_ms = 0;  // The other side does not want to be asked before.
    net::EventLoop* loop = nullptr;
    net::EventLoop::TimerId timer = 0;
  };
  struct Overflow {
    Batch batch;
    Done done;
  };
  struct State {
    std::deque<JobPointer> queue;
    size_t queued_size = 0;  // In the unit of the batching sizer.
    size_t in_flight = 0;    // Being sent or waiting for a retry.
    std::map<uint64_t, Waiting> waiting;
    uint64_t last_waiting_id = 0;
    std::deque<Overflow> overflow;
    int64_t overflow_size = 0;
    bool is_flush_timer_set = false;
    std::optional<CircuitBreaker> breaker;
    // Since hand_over(): what waits, what fails and what still comes goes there, and nothing is in the queue.
    std::shared_ptr<Core> successor;
    bool is_stopping = false;
    bool is_over = false;  // `stopped` was called: nothing is sent any more.
    int64_t deadline_ms = 0;
    size_t dropped_items = 0;  // Since stop().
    Function<void()> stopped;
  };

  bool is_done_early() const { return config_.queue.is_enabled && !config_.queue.waits_for_result; }
  // Others would overtake it.
  bool may_let_go(const Job& job) const { return !config_.queue.keeps_order || !stays_on_disk(job); }
  // Whether a journal gives it again when it is let go unsettled.
  bool stays_on_disk(const Job& job) const { return config_.queue.is_durable() && !job.batch.receipts.empty(); }
  // Whether the queue takes nothing any more, not even what was in it before.
  bool is_queue_closed(const State& state) const { return state.is_over || (state.is_stopping && config_.queue.is_durable()); }
  size_t batching_size(const Batch& batch) const;
  // Takes room for the batch, or says why there is none.
  Status take_room(Batch& batch, int64_t& size);
  bool park(Batch& batch, Done& done, int64_t size);
  void enqueue(Batch batch, Done done, int64_t room);
  void send_directly(Batch batch, Done done);
  static JobPointer new_job(Batch batch, Done done);
  void admit_parked();

  void pump();
  void run_on_loop(net::Task task);
  JobPointer next_job(State& state, int64_t now_ms, int64_t& flush_in_ms);
  bool is_batch_ready(const State& state, int64_t now_ms, int64_t& flush_in_ms) const;
  JobPointer pop_merged(State& state);
  void set_flush_timer(int64_t delay_ms);
  void keep_to_size(JobPointer& job);
  static Jobs cut(JobPointer job, std::vector<Batch> parts);

  void attempt(JobPointer job);
  void answered(JobPointer job, Status status);
  bool is_reported() const { return deliveries_ && deliveries_->is_watched(); }
  void report(const Job& job, const Status& status);
  int64_t wait_before_retry_ms(const Job& job, const Status& status);
  void retry_later(JobPointer job, int64_t wait_ms, Status status);
  void set_retry_timer(uint64_t id, int64_t wait_ms);
  JobPointer take_waiting(uint64_t id);
  void requeue(JobPointer job, Status status, std::string_view why);
  void give_up(JobPointer job, Status status, std::string_view why);
  void finish(JobPointer job, Status status);
  void end_flight();

  static CircuitBreaker::Permit ask_breaker(State& state, int64_t now_ms);
  bool tell_breaker(const Job& job, const Status& status);
  void log_circuit(CircuitBreaker::Change change, const Status& status, int64_t wait_ms, int64_t open_ms);
  void probe_after(int64_t wait_ms);
  void try_again(JobPointer job);
  void hold(JobPointer job);
  bool has_waited_too_long(const Job& job, int64_t now_ms) const;
  void let_go_of_old();

  void refused(JobPointer job, Status status);
  void bisect(JobPointer job, Status status);
  void set_aside(JobPointer job, Status status);

  static Jobs take_all(State& state);
  enum class QueueEnd : uint8_t { head, tail };
  void put_back(Jobs jobs, QueueEnd end = QueueEnd::head);
  void inherit(Jobs jobs);
  void pass_on(Jobs jobs, Core& successor);
  void drop(Jobs jobs);
  void count_dropped(size_t items);
  void hurry(uint64_t id, int64_t now_ms);
  void end_stop_if_idle();
  void abandon();
  void end_stop();

  const Logger log_;
  const Clock& clock_;
  MemoryLedger& ledger_;
  net::LoopGroup& loops_;
  const SenderConfig config_;
  const std::optional<QueueBatchConfig> merging_;
  const otlp::Signal signal_;
  const SendOnce send_once_;
  const ExporterTelemetry telemetry_;
  const std::string exporter_;
  const std::shared_ptr<DeliveryBoard> deliveries_;
  Counter& set_aside_items_;
  Counter& requeued_items_;
  Counter* circuit_opened_ = nullptr;  // Null without a breaker.
  SetAside set_aside_;
  const std::shared_ptr<QueueRoom> room_;
  Guarded<Random> random_;
  Guarded<State> state_;
};

}  // namespace vigia::pipeline
