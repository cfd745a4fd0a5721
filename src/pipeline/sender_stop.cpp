// How a sending queue ends: its backlog goes to a successor, or is left on disk, or is sent until the deadline and then dropped.

#include <algorithm>
#include <span>

#include "pipeline/batch_parts.h"
#include "pipeline/sender_core_internal.h"

namespace vigia::pipeline {

namespace {

// What is being sent to a destination of a durable queue may still arrive in that time; if not, it is sent again after the next start.
constexpr int64_t longest_durable_stop_ms = 2'000;

size_t items_of(const auto& jobs) {
  size_t items = 0;
  for (const auto& job : jobs) items += job->batch.item_count;
  return items;
}

}  // namespace

// --- To a successor ---

// Everything that is not being sent this moment, the oldest first.
Sender::Core::Jobs Sender::Core::take_all(State& state) {
  Jobs jobs;
  for (auto& [id, entry] : state.waiting) jobs.push_back(std::move(entry.job));
  state.in_flight -= state.waiting.size();
  state.waiting.clear();
  for (JobPointer& job : state.queue) jobs.push_back(std::move(job));
  state.queue.clear();
  state.queued_size = 0;
  return jobs;
}

void Sender::Core::hand_over(const std::shared_ptr<Core>& successor) {
  Jobs jobs;
  state_.with([&](State& state) {
    state.successor = successor;
    jobs = take_all(state);
    for (Overflow& parked : state.overflow) jobs.push_back(new_job(std::move(parked.batch), std::move(parked.done)));
    state.overflow.clear();
    state.overflow_size = 0;
  });
  if (jobs.empty()) return;
  log_.info("What waits to be exported goes on under the new configuration.", {{"requests", jobs.size()}, {"items", items_of(jobs)}});
  pass_on(std::move(jobs), *successor);
}

void Sender::Core::pass_on(Jobs jobs, Core& successor) {
  for (JobPointer& job : jobs) room_->adjust(-std::exchange(job->room, 0));
  successor.inherit(std::move(jobs));
}

// Takes room whether or not there is any, so that a reload loses nothing; who comes new is refused until there is room again. A
// new endpoint deserves a fresh start, hence the tries are forgotten.
void Sender::Core::inherit(Jobs jobs) {
  std::vector<Done> answers;
  for (JobPointer& job : jobs) {
    job->tries = 0;
    job->queued_ms = clock_.steady_ms();
    job->room = config_.queue.is_durable() ? 0 : static_cast<int64_t>(size_of(job->batch.load(), room_->sizer()));
    room_->adjust(job->room);
    if (!is_done_early()) continue;
    for (Done& done : std::exchange(job->dones, {})) answers.push_back(std::move(done));
  }
  put_back(std::move(jobs));
  for (Done& done : answers) done(Status());
  pump();
}

// Into the queue, or to wherever the data belongs by now.
void Sender::Core::put_back(Jobs jobs, QueueEnd end) {
  for (JobPointer& job : jobs) job->backlog = BacklogShare(ledger_, job->batch.payload.size());
  std::shared_ptr<Core> successor;
  state_.with([&](State& state) {
    successor = state.successor;
    if (successor || is_queue_closed(state)) return;
    for (const JobPointer& job : jobs) state.queued_size += batching_size(job->batch);
    state.queue.insert(end == QueueEnd::head ? state.queue.begin() : state.queue.end(), std::make_move_iterator(jobs.begin()),
                       std::make_move_iterator(jobs.end()));
    jobs.clear();
  });
  if (successor)
    pass_on(std::move(jobs), *successor);
  else
    drop(std::move(jobs));
}

// --- Stop ---

void Sender::Core::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  std::vector<uint64_t> waiting;
  std::deque<Overflow> overflow;
  Jobs left_on_disk;
  int64_t now_ms = clock_.steady_ms();
  if (config_.queue.is_durable()) deadline_steady_ms = std::min(deadline_steady_ms, now_ms + longest_durable_stop_ms);
  state_.with([&](State& state) {
    state.is_stopping = true;
    state.deadline_ms = deadline_steady_ms;
    state.stopped = std::move(stopped);
    if (config_.queue.is_durable()) left_on_disk = take_all(state);
    for (const auto& [id, entry] : state.waiting) waiting.push_back(id);
    overflow.swap(state.overflow);
    state.overflow_size = 0;
  });
  drop(std::move(left_on_disk));
  for (Overflow& parked : overflow) parked.done(unavailable("the exporter is shutting down"));
  for (uint64_t id : waiting) hurry(id, now_ms);
  net::EventLoop& loop = loops_.next();
  int64_t left_ms = std::max<int64_t>(deadline_steady_ms - now_ms, 0);
  loop.post([weak = weak_from_this(), &loop, left_ms] {
    loop.run_after_ms(left_ms, [weak] {
      if (std::shared_ptr<Core> core = weak.lock()) core->abandon();
    });
  });
  pump();
  end_stop_if_idle();
}

// Tries what waits for a retry as soon as the other side allows; if that is after the deadline, not at all.
void Sender::Core::hurry(uint64_t id, int64_t now_ms) {
  bool is_too_late = false;
  int64_t wait_ms = 0;
  net::EventLoop* loop = nullptr;
  net::EventLoop::TimerId timer = 0;
  bool is_there = state_.with([&](State& state) {
    auto found = state.waiting.find(id);
    if (found == state.waiting.end()) return false;
    Waiting& entry = found->second;
    entry.job->tries = 0;
    is_too_late = entry.earliest_ms >= state.deadline_ms;
    wait_ms = std::max<int64_t>(entry.earliest_ms - now_ms, 0);
    loop = entry.loop;
    timer = entry.timer;
    return true;
  });
  if (!is_there) return;
  if (loop) loop->post([loop, timer] { loop->cancel_timer(timer); });
  if (is_too_late) {
    if (JobPointer job = take_waiting(id))
      give_up(std::move(job), unavailable("the other side asked for a longer wait"), "the program is shutting down");
    return;
  }
  (loop ? *loop : loops_.next()).post([self = shared_from_this(), id, wait_ms] {
    if (wait_ms > 0)
      self->set_retry_timer(id, wait_ms);
    else if (JobPointer job = self->take_waiting(id))
      self->attempt(std::move(job));
  });
}

void Sender::Core::end_stop_if_idle() {
  bool is_idle = state_.with([](State& state) {
    if (!state.is_stopping || state.in_flight > 0 || !state.queue.empty()) return false;
    state.is_over = true;
    return true;
  });
  if (is_idle) end_stop();
}

// The deadline has come.
void Sender::Core::abandon() {
  Jobs left;
  state_.with([&](State& state) {
    state.is_over = true;
    left = take_all(state);
  });
  drop(std::move(left));
  end_stop();
}

void Sender::Core::end_stop() {
  Function<void()> stopped;
  size_t dropped_items = 0;
  state_.with([&](State& state) {
    stopped = std::move(state.stopped);
    dropped_items = state.dropped_items;
  });
  if (!stopped) return;
  if (dropped_items > 0) log_.error("The exporter stopped before all was sent.", {{"dropped_items", dropped_items}});
  stopped();
}

// The end of what was not sent in time.
void Sender::Core::drop(Jobs jobs) {
  auto first_kept = std::partition(jobs.begin(), jobs.end(), [&](const JobPointer& job) { return !stays_on_disk(*job); });
  std::span<const JobPointer> lost(jobs.begin(), first_kept);
  std::span<const JobPointer> kept(first_kept, jobs.end());
  if (!kept.empty())
    log_.info("What was not exported before the end stays on disk.", {{"requests", kept.size()}, {"items", items_of(kept)}});
  if (!lost.empty()) {
    size_t items = items_of(lost);
    count_dropped(items);
    log_.error("Waiting requests could not be exported before the end. Dropping data.",
               {{"requests", lost.size()}, {"dropped_items", items}});
  }
  for (JobPointer& job : jobs) {
    room_->adjust(-job->room);
    for (Done& done : job->dones) done(unavailable("the exporter is shutting down"));
  }
}

void Sender::Core::count_dropped(size_t items) {
  telemetry_.send_failed.add(signal_, items);
  state_.with([&](State& state) {
    if (state.is_stopping) state.dropped_items += items;
  });
}

}  // namespace vigia::pipeline
