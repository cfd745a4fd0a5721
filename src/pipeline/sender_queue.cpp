// The way into the sending queue, and from it to a send.

#include <fmt/core.h>

#include "pipeline/batch_parts.h"
#include "pipeline/compact.h"
#include "pipeline/sender_core_internal.h"

namespace vigia::pipeline {

namespace {

// Whether what waits in the queue may travel in one request.
bool can_merge(const Batch& a, const Batch& b) { return a.branches == b.branches && is_same_client(a.client.get(), b.client.get()); }

}  // namespace

void QueueRoom::give_back(const Load& load) { adjust(-static_cast<int64_t>(size_of(load, sizer_))); }

// --- Room ---

Result<Reservation> Sender::Core::reserve(const Load& load) {
  if (!config_.queue.is_enabled || config_.queue.blocks_on_overflow || config_.queue.is_durable()) return Reservation();
  auto size = static_cast<int64_t>(size_of(load, room_->sizer()));
  if (room_->try_take(size)) return Reservation(room_, load);
  telemetry_.enqueue_failed.add(signal_, load.items);
  if (size > room_->capacity())
    return invalid_argument(fmt::format("a request of {} is larger than the whole sending queue ({})", size, room_->capacity()));
  return unavailable("sending queue is full");
}

Status Sender::Core::take_room(Batch& batch, int64_t& size) {
  size = static_cast<int64_t>(size_of(batch.load(), room_->sizer()));
  Reservation reservation = std::move(batch.reservation);
  if (reservation.use(*room_)) {
    room_->adjust(size - static_cast<int64_t>(size_of(reservation.load(), room_->sizer())));
    return {};
  }
  if (room_->try_take(size)) return {};
  if (size > room_->capacity())
    return invalid_argument(fmt::format("a request of {} is larger than the whole sending queue ({})", size, room_->capacity()));
  return unavailable("sending queue is full");
}

// With block_on_overflow. As much as the queue itself may wait in front of it.
bool Sender::Core::park(Batch& batch, Done& done, int64_t size) {
  if (!config_.queue.blocks_on_overflow || size > room_->capacity()) return false;
  return state_.with([&](State& state) {
    // What was inherited counts, too: otherwise each of many reloads could add another queue full.
    bool is_too_much = state.overflow_size + size > room_->capacity() || room_->used() + state.overflow_size + size > 2 * room_->capacity();
    if (state.is_stopping || state.successor || is_too_much) return false;
    state.overflow_size += size;
    state.overflow.push_back({std::move(batch), std::move(done)});
    return true;
  });
}

void Sender::Core::admit_parked() {
  for (;;) {
    std::optional<Overflow> next;
    int64_t size = 0;
    state_.with([&](State& state) {
      if (state.overflow.empty()) return;
      size = static_cast<int64_t>(size_of(state.overflow.front().batch.load(), room_->sizer()));
      if (!room_->try_take(size)) return;
      state.overflow_size -= size;
      next = std::move(state.overflow.front());
      state.overflow.pop_front();
    });
    if (!next) return;
    enqueue(std::move(next->batch), std::move(next->done), size);
  }
}

// --- In ---

Sender::Core::JobPointer Sender::Core::new_job(Batch batch, Done done) {
  auto job = std::make_unique<Job>();
  job->batch = std::move(batch);
  job->batch.reservation = {};
  job->batch.packed = nullptr;  // it may stay here for long
  job->dones.push_back(std::move(done));
  return job;
}

void Sender::Core::consume(Batch batch, Done done) {
  std::shared_ptr<Core> successor;
  bool is_stopping = state_.with([&](State& state) {
    successor = state.successor;
    return state.is_stopping;
  });
  if (successor) {
    Jobs jobs;
    jobs.push_back(new_job(std::move(batch), std::move(done)));
    successor->inherit(std::move(jobs));
    return;
  }
  if (is_stopping) {
    done(unavailable("the exporter is shutting down"));
    return;
  }
  if (!config_.queue.is_enabled) {
    send_directly(std::move(batch), std::move(done));
    return;
  }
  if (config_.queue.is_durable()) {
    batch.reservation = {};
    enqueue(std::move(batch), std::move(done), 0);
    return;
  }
  int64_t size = 0;
  Status status = take_room(batch, size);
  if (status.is_ok()) {
    enqueue(std::move(batch), std::move(done), size);
    return;
  }
  if (park(batch, done, size)) {
    // Room may have come between the look and the parking.
    admit_parked();
    return;
  }
  telemetry_.enqueue_failed.add(signal_, batch.item_count);
  log_.warn("sending queue is full", {{"refused_items", batch.item_count}, {"queue_size", room_->used()}});
  done(std::move(status));
}

void Sender::Core::send_directly(Batch batch, Done done) {
  JobPointer job = new_job(std::move(batch), std::move(done));
  state_.with([](State& state) { state.in_flight++; });
  run_on_loop([self = shared_from_this(), job = std::move(job)]() mutable { self->attempt(std::move(job)); });
}

void Sender::Core::enqueue(Batch batch, Done done, int64_t room) {
  auto job = std::make_unique<Job>();
  job->batch = std::move(batch);
  job->room = room;
  job->queued_ms = clock_.steady_ms();
  if (!is_done_early()) job->dones.push_back(std::move(done));
  // When every send waits for a retry, or for a probe, what comes now stays for seconds.
  bool is_stalled = state_.with([&](State& state) {
    bool is_circuit_closed = !state.breaker || state.breaker->state() == CircuitBreaker::State::closed;
    return !is_circuit_closed || state.waiting.size() >= config_.queue.consumers;
  });
  if (is_stalled) compact(job->batch.payload);
  job->backlog = BacklogShare(ledger_, job->batch.payload.size());
  bool is_queued = state_.with([&](State& state) {
    if (state.successor || is_queue_closed(state)) return false;
    state.queued_size += batching_size(job->batch);
    state.queue.push_back(std::move(job));
    return true;
  });
  // The end came in between.
  if (!is_queued) {
    Jobs jobs;
    jobs.push_back(std::move(job));
    put_back(std::move(jobs));
  }
  if (is_done_early()) done(Status());
  pump();
}

size_t Sender::Core::batching_size(const Batch& batch) const { return merging_ ? size_of(batch.load(), merging_->sizer) : 0; }

// --- From the queue to a send ---

void Sender::Core::run_on_loop(net::Task task) {
  if (loops_.current() != nullptr)
    task();
  else
    loops_.next().post(std::move(task));
}

void Sender::Core::pump() {
  for (;;) {
    int64_t now_ms = clock_.steady_ms();
    int64_t flush_in_ms = -1;
    JobPointer job = state_.with([&](State& state) { return next_job(state, now_ms, flush_in_ms); });
    if (flush_in_ms >= 0) set_flush_timer(flush_in_ms);
    if (!job) return;
    keep_to_size(job);
    run_on_loop([self = shared_from_this(), job = std::move(job)]() mutable { self->attempt(std::move(job)); });
  }
}

// `flush_in_ms` ≥ 0: a timer is to be set, because what waits is too small to be sent yet.
Sender::Core::JobPointer Sender::Core::next_job(State& state, int64_t now_ms, int64_t& flush_in_ms) {
  if (state.queue.empty() || state.in_flight >= config_.queue.consumers) return nullptr;
  if (merging_ && !is_batch_ready(state, now_ms, flush_in_ms)) {
    if (state.is_flush_timer_set) flush_in_ms = -1;
    state.is_flush_timer_set = true;
    return nullptr;
  }
  CircuitBreaker::Permit permit = ask_breaker(state, now_ms);
  if (permit == CircuitBreaker::Permit::refused) return nullptr;
  state.in_flight++;
  JobPointer job = pop_merged(state);
  job->is_probe = permit == CircuitBreaker::Permit::probe;
  return job;
}

bool Sender::Core::is_batch_ready(const State& state, int64_t now_ms, int64_t& flush_in_ms) const {
  const QueueBatchConfig& batch = *merging_;
  if (state.is_stopping || state.queued_size >= batch.min_size) return true;
  int64_t age_ms = now_ms - state.queue.front()->queued_ms;
  if (age_ms >= batch.flush_timeout_ms) return true;
  flush_in_ms = batch.flush_timeout_ms - age_ms;
  return false;
}

Sender::Core::JobPointer Sender::Core::pop_merged(State& state) {
  JobPointer job = std::move(state.queue.front());
  state.queue.pop_front();
  job->backlog = {};
  if (!merging_) return job;
  const QueueBatchConfig& limits = *merging_;
  size_t size = batching_size(job->batch);
  // What has been tried already goes on as it is: others would inherit its tries.
  auto is_fresh = [](const Job& one) { return one.tries == 0 && !one.bisection; };
  while (is_fresh(*job) && !state.queue.empty() && size < limits.min_size) {
    Job& next = *state.queue.front();
    size_t next_size = batching_size(next.batch);
    if (limits.max_size > 0 && size + next_size > limits.max_size) break;
    if (!is_fresh(next) || !can_merge(job->batch, next.batch)) break;
    merge_into(job->batch, std::move(next.batch));
    for (Done& done : next.dones) job->dones.push_back(std::move(done));
    job->room += next.room;
    size += next_size;
    state.queue.pop_front();
  }
  state.queued_size -= size;
  return job;
}

void Sender::Core::set_flush_timer(int64_t delay_ms) {
  run_on_loop([self = shared_from_this(), delay_ms] {
    std::weak_ptr<Core> weak = self;
    self->loops_.current()->run_after_ms(delay_ms, [weak] {
      std::shared_ptr<Core> core = weak.lock();
      if (!core) return;
      core->state_.with([](State& state) { state.is_flush_timer_set = false; });
      core->pump();
    });
  });
}

}  // namespace vigia::pipeline
