// How a sending queue lives with its circuit breaker: who asks it, who tells it, and where the others wait.

#include "pipeline/compact.h"
#include "pipeline/sender_core_internal.h"

namespace vigia::pipeline {

// A stop has no time for it: everything is tried then.
CircuitBreaker::Permit Sender::Core::ask_breaker(State& state, int64_t now_ms) {
  if (!state.breaker || state.is_stopping) return CircuitBreaker::Permit::granted;
  return state.breaker->ask(now_ms);
}

// What came of a try. Says whether those that failed are to wait for the next probe.
bool Sender::Core::tell_breaker(const Job& job, const Status& status) {
  if (!has_breaker()) return false;
  int64_t now_ms = clock_.steady_ms();
  int64_t wait_ms = 0;
  int64_t open_ms = 0;
  bool is_open = false;
  CircuitBreaker::Change change = state_.with([&](State& state) {
    if (state.is_stopping || state.successor) return CircuitBreaker::Change::none;
    CircuitBreaker::Change result = state.breaker->on_answer(status, job.is_probe, job.tries, now_ms);
    wait_ms = state.breaker->next_probe_ms() - now_ms;
    open_ms = now_ms - state.breaker->opened_ms();
    is_open = state.breaker->state() != CircuitBreaker::State::closed;
    return result;
  });
  log_circuit(change, status, wait_ms, open_ms);
  if (change == CircuitBreaker::Change::opened) circuit_opened_->add();
  if (change == CircuitBreaker::Change::opened || change == CircuitBreaker::Change::delayed) probe_after(wait_ms);
  return is_open;
}

void Sender::Core::log_circuit(CircuitBreaker::Change change, const Status& status, int64_t wait_ms, int64_t open_ms) {
  double wait_s = static_cast<double>(wait_ms) / 1000;
  double open_s = static_cast<double>(open_ms) / 1000;
  switch (change) {
    case CircuitBreaker::Change::none:
      return;
    case CircuitBreaker::Change::opened:
      log_.warn("The destination does not answer. Everything waits, but for a probe now and then.",
                {{"error", status}, {"failures", config_.circuit_breaker.failures}, {"interval", wait_s}});
      return;
    case CircuitBreaker::Change::delayed:
      log_.debug("The destination still does not answer.", {{"error", status}, {"interval", wait_s}, {"open_seconds", open_s}});
      return;
    case CircuitBreaker::Change::closed:
      log_.info("The destination answers again.", {{"open_seconds", open_s}});
      return;
  }
}

void Sender::Core::probe_after(int64_t wait_ms) {
  run_on_loop([self = shared_from_this(), wait_ms] {
    self->loops_.current()->run_after_ms(wait_ms, [weak = self->weak_from_this()] {
      if (std::shared_ptr<Core> core = weak.lock()) core->pump();
    });
  });
}

// The wait before a retry is over.
void Sender::Core::try_again(JobPointer job) {
  int64_t now_ms = clock_.steady_ms();
  CircuitBreaker::Permit permit = state_.with([&](State& state) { return ask_breaker(state, now_ms); });
  if (permit == CircuitBreaker::Permit::refused) {
    hold(std::move(job));
    return;
  }
  job->is_probe = permit == CircuitBreaker::Permit::probe;
  attempt(std::move(job));
}

// Lets a job wait in the queue while the circuit is open. A probe that failed waits at the end of it, so that a batch that is itself
// at fault cannot keep the circuit open for all.
void Sender::Core::hold(JobPointer job) {
  compact(job->batch.payload);
  bool goes_last = std::exchange(job->is_probe, false) && !config_.queue.keeps_order;
  QueueEnd end = goes_last ? QueueEnd::tail : QueueEnd::head;
  Jobs jobs;
  jobs.push_back(std::move(job));
  put_back(std::move(jobs), end);
  end_flight();
}

// --- What is to be moved to the overflow ---

// The journal counts from an earlier moment, but sees the age of what it gets back only to within an eighth; a quarter is safe.
bool Sender::Core::has_waited_too_long(const Job& job, int64_t now_ms) const {
  return config_.overflow && stays_on_disk(job) && now_ms - job.queued_ms > config_.overflow->after_ms / 4 * 5;
}

// After a failure: lets go of what has waited in the queue for so long that the journal's reader moves it away.
void Sender::Core::let_go_of_old() {
  int64_t now_ms = clock_.steady_ms();
  Jobs old;
  size_t items = 0;
  state_.with([&](State& state) {
    std::deque<JobPointer> young;
    for (JobPointer& job : state.queue) {
      if (!has_waited_too_long(*job, now_ms)) {
        young.push_back(std::move(job));
        continue;
      }
      state.queued_size -= batching_size(job->batch);
      items += job->batch.item_count;
      old.push_back(std::move(job));
    }
    state.queue = std::move(young);
  });
  if (old.empty()) return;
  requeued_items_.add(items);
  log_.info("What could not be delivered for long goes back to the disk and to the overflow.",
            {{"requests", old.size()}, {"items", items}});
  for (JobPointer& job : old)
    for (Done& done : job->dones) done(unavailable("the data has waited for too long"));
}

}  // namespace vigia::pipeline
