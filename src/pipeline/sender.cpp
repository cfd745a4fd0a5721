#include "pipeline/sender.h"

#include "pipeline/backoff.h"
#include "pipeline/compact.h"
#include "pipeline/sender_core_internal.h"

namespace vigia::pipeline {

Sender::Sender(const Context& context, const SenderConfig& config, otlp::Signal signal, SendOnce send_once)
    : core_(std::make_shared<Core>(context, config, signal, std::move(send_once))) {
  if (!config.queue.is_enabled) return;
  Labels labels = {{"exporter", context.id.to_string()}, {"data_type", std::string(otlp::signal_name(signal))}};
  queue_size_ = context.metrics.observe_gauge("otelcol_exporter_queue_size", "What waits in the sending queue or is being sent.", labels,
                                              [room = core_->room()] { return static_cast<double>(room->used()); });
  queue_capacity_ = context.metrics.observe_gauge("otelcol_exporter_queue_capacity", "What the sending queue can hold.", labels,
                                                  [room = core_->room()] { return static_cast<double>(room->capacity()); });
}

Sender::~Sender() = default;

Result<Reservation> Sender::reserve(const Load& load) { return core_->reserve(load); }
void Sender::consume(Batch batch, Done done) { core_->consume(std::move(batch), std::move(done)); }
void Sender::stop(int64_t deadline_steady_ms, Function<void()> stopped) { core_->stop(deadline_steady_ms, std::move(stopped)); }

Sender::Core::Core(const Context& context, const SenderConfig& config, otlp::Signal signal, SendOnce send_once)
    : log_(context.log),
      clock_(context.clock),
      ledger_(context.ledger),
      loops_(context.loops),
      config_(config),
      signal_(signal),
      send_once_(std::move(send_once)),
      telemetry_(context.metrics, context.id),
      room_(std::make_shared<QueueRoom>(config.queue.sizer, config.queue.size)),
      random_(Random::from_system()) {}

// --- Out ---

void Sender::Core::attempt(JobPointer job) {
  int64_t now_ms = clock_.steady_ms();
  if (job->tries++ == 0) job->first_try_ms = now_ms;
  int64_t timeout_ms = config_.timeout_ms;
  state_.with([&](State& state) {
    if (!state.is_stopping) return;
    int64_t left_ms = std::max<int64_t>(state.deadline_ms - now_ms, 1);
    timeout_ms = timeout_ms > 0 ? std::min(timeout_ms, left_ms) : left_ms;
  });
  // The receipts stay here: a try that fails is not the end of the data.
  Batch batch;
  batch.signal = job->batch.signal;
  batch.payload = job->batch.payload;
  batch.item_count = job->batch.item_count;
  batch.client = job->batch.client;
  send_once_(std::move(batch), timeout_ms, [self = shared_from_this(), job = std::move(job)](Status status) mutable {
    self->answered(std::move(job), std::move(status));
  });
}

void Sender::Core::answered(JobPointer job, Status status) {
  if (status.is_ok()) {
    telemetry_.sent.add(signal_, job->batch.item_count);
    job->batch.settle();
    finish(std::move(job), Status());
    return;
  }
  if (!status.is_retryable()) {
    job->batch.settle();
    give_up(std::move(job), std::move(status), "the error is permanent");
    return;
  }
  if (!config_.retry.is_enabled) {
    give_up(std::move(job), std::move(status), "retry_on_failure is off");
    return;
  }
  int64_t wait_ms =
      random_.with([&](Random& random) { return backoff_ms(config_.retry, job->tries, status.retry_delay_ms(), random); });
  int64_t elapsed_ms = clock_.steady_ms() - job->first_try_ms;
  if (config_.retry.max_elapsed_time_ms > 0 && elapsed_ms + wait_ms > config_.retry.max_elapsed_time_ms) {
    give_up(std::move(job), std::move(status), "max_elapsed_time is over");
    return;
  }
  retry_later(std::move(job), wait_ms, std::move(status));
}

void Sender::Core::retry_later(JobPointer job, int64_t wait_ms, Status status) {
  if (wait_ms >= 1000) compact(job->batch.payload);
  log_.warn("Exporting failed. Will retry the request after interval.",
            {{"error", status}, {"interval", static_cast<double>(wait_ms) / 1000}, {"items", job->batch.item_count}});
  uint64_t id = 0;
  state_.with([&](State& state) {
    if (state.is_stopping) return;
    id = ++state.last_waiting_id;
    state.waiting[id].job = std::move(job);
  });
  if (id == 0) {
    give_up(std::move(job), std::move(status), "the program is shutting down");
    return;
  }
  run_on_loop([self = shared_from_this(), id, wait_ms] { self->set_retry_timer(id, wait_ms); });
}

void Sender::Core::set_retry_timer(uint64_t id, int64_t wait_ms) {
  net::EventLoop* loop = loops_.current();
  std::weak_ptr<Core> weak = weak_from_this();
  auto timer = loop->run_after_ms(wait_ms, [weak, id] {
    std::shared_ptr<Core> core = weak.lock();
    JobPointer job = core ? core->take_waiting(id) : nullptr;
    if (job) core->attempt(std::move(job));
  });
  state_.with([&](State& state) {
    auto entry = state.waiting.find(id);
    if (entry == state.waiting.end()) return;  // stop() was quicker; the timer will find nothing
    entry->second.loop = loop;
    entry->second.timer = timer;
  });
}

Sender::Core::JobPointer Sender::Core::take_waiting(uint64_t id) {
  return state_.with([&](State& state) -> JobPointer {
    auto entry = state.waiting.extract(id);
    return entry ? std::move(entry.mapped().job) : nullptr;
  });
}

void Sender::Core::give_up(JobPointer job, Status status, std::string_view why) {
  telemetry_.send_failed.add(signal_, job->batch.item_count);
  log_.error("Exporting failed. Dropping data.", {{"error", status}, {"reason", why}, {"dropped_items", job->batch.item_count}});
  finish(std::move(job), std::move(status));
}

void Sender::Core::finish(JobPointer job, Status status) {
  int64_t room = job->room;
  std::vector<Done> dones = std::move(job->dones);
  job = nullptr;
  if (room > 0) room_->adjust(-room);
  for (Done& done : dones) done(status);
  bool is_more_queued = state_.with([](State& state) {
    state.in_flight--;
    return !state.queue.empty();
  });
  admit_parked();
  // Posted, not called: a send that answers at once would otherwise nest as deep as the queue is long.
  if (is_more_queued) {
    net::EventLoop* loop = loops_.current();
    (loop ? *loop : loops_.next()).post([self = shared_from_this()] { self->pump(); });
  }
  end_stop_if_idle();
}

// --- Stop ---

void Sender::Core::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  std::map<uint64_t, Waiting> waiting;
  std::deque<Overflow> overflow;
  state_.with([&](State& state) {
    state.is_stopping = true;
    state.deadline_ms = deadline_steady_ms;
    state.stopped = std::move(stopped);
    waiting.swap(state.waiting);
    overflow.swap(state.overflow);
  });
  for (Overflow& parked : overflow) parked.done(unavailable("the exporter is shutting down"));
  for (auto& [id, entry] : waiting) {
    net::EventLoop& loop = entry.loop ? *entry.loop : loops_.next();
    loop.post([self = shared_from_this(), &loop, timer = entry.timer, job = std::move(entry.job)]() mutable {
      loop.cancel_timer(timer);
      self->attempt(std::move(job));
    });
  }
  net::EventLoop& loop = loops_.next();
  int64_t left_ms = deadline_steady_ms - clock_.steady_ms();
  loop.post([weak = weak_from_this(), &loop, left_ms] {
    loop.run_after_ms(left_ms, [weak] {
      if (std::shared_ptr<Core> core = weak.lock()) core->abandon();
    });
  });
  pump();
  end_stop_if_idle();
}

void Sender::Core::end_stop_if_idle() {
  Function<void()> stopped;
  state_.with([&](State& state) {
    if (state.is_stopping && state.in_flight == 0 && state.queue.empty()) stopped = std::move(state.stopped);
  });
  if (stopped) stopped();
}

// The deadline has come.
void Sender::Core::abandon() {
  std::deque<JobPointer> left;
  Function<void()> stopped;
  state_.with([&](State& state) {
    left.swap(state.queue);
    stopped = std::move(state.stopped);
  });
  size_t items = 0;
  for (JobPointer& job : left) {
    items += job->batch.item_count;
    for (Done& done : job->dones) done(unavailable("the exporter is shutting down"));
  }
  if (items > 0) {
    telemetry_.send_failed.add(signal_, items);
    log_.error("the sending queue could not be emptied before the end. Dropping data.", {{"dropped_items", items}});
  }
  if (stopped) stopped();
}

}  // namespace vigia::pipeline
