#include "pipeline/sender.h"

#include "pipeline/backoff.h"
#include "pipeline/compact.h"
#include "pipeline/sender_core_internal.h"

namespace vigia::pipeline {

namespace {

// While the program stops there is no time for long waits.
constexpr int64_t stopping_interval_ms = 1'000;
constexpr int64_t longest_stopping_interval_ms = 2'000;

Labels labels_of(const Context& context, otlp::Signal signal) {
  return {{"exporter", context.id.to_string()}, {"data_type", std::string(otlp::signal_name(signal))}};
}

// A breaker needs a place where the others wait. Where a failure means that the data is dropped, waiting would help nobody.
bool wants_breaker(const SenderConfig& config) {
  return config.circuit_breaker.is_enabled && config.queue.is_enabled && (config.retry.is_enabled || config.queue.is_durable());
}

// What waits of its own accord, when requests have to follow one another, goes on together at once.
std::optional<QueueBatchConfig> merging_of(const QueueConfig& queue) {
  if (queue.batch || !queue.keeps_order) return queue.batch;
  QueueBatchConfig merging;
  merging.flush_timeout_ms = 0;
  return merging;
}

}  // namespace

Sender::Sender(const Context& context, const SenderConfig& config, otlp::Signal signal, SendOnce send_once)
    : core_(std::make_shared<Core>(context, config, signal, std::move(send_once))) {
  if (context.set_aside) core_->set_aside_to(context.set_aside);
  Labels labels = labels_of(context, signal);
  in_flight_ = context.metrics.observe_gauge("otelcol_exporter_in_flight_requests", "Requests being sent or waiting to be tried again.",
                                             labels, [core = core_] { return static_cast<double>(core->in_flight()); });
  if (core_->has_breaker())
    circuit_state_ = context.metrics.observe_gauge("vigia_exporter_circuit_state", "0: closed, 1: half open, 2: open.", labels,
                                                   [core = core_] { return static_cast<double>(core->circuit_state()); });
  // The journal of a durable queue has these.
  if (!config.queue.is_enabled || config.queue.is_durable()) return;
  queue_size_ = context.metrics.observe_gauge("otelcol_exporter_queue_size", "What waits in the sending queue or is being sent.", labels,
                                              [room = core_->room()] { return static_cast<double>(room->used()); });
  queue_capacity_ = context.metrics.observe_gauge("otelcol_exporter_queue_capacity", "What the sending queue can hold.", labels,
                                                  [room = core_->room()] { return static_cast<double>(room->capacity()); });
}

Sender::~Sender() = default;

Result<Reservation> Sender::reserve(const Load& load) { return core_->reserve(load); }
void Sender::consume(Batch batch, Done done) { core_->consume(std::move(batch), std::move(done)); }
void Sender::set_aside_to(SetAside hook) { core_->set_aside_to(std::move(hook)); }
void Sender::hand_over(Sender& successor) { core_->hand_over(successor.core_); }
void Sender::stop(int64_t deadline_steady_ms, Function<void()> stopped) { core_->stop(deadline_steady_ms, std::move(stopped)); }

Sender::Core::Core(const Context& context, const SenderConfig& config, otlp::Signal signal, SendOnce send_once)
    : log_(context.log),
      clock_(context.clock),
      ledger_(context.ledger),
      loops_(context.loops),
      config_(config),
      merging_(merging_of(config.queue)),
      signal_(signal),
      send_once_(std::move(send_once)),
      telemetry_(context.metrics, context.id),
      exporter_(context.id.to_string()),
      deliveries_(context.deliveries),
      set_aside_items_(context.metrics.counter("vigia_exporter_set_aside_items_total",
                                               "Items that the other side refused for good and that were set aside.",
                                               labels_of(context, signal))),
      requeued_items_(context.metrics.counter("vigia_exporter_requeued_items_total",
                                              "Items that could not be delivered in time and went back to the disk, to be sent again.",
                                              labels_of(context, signal))),
      room_(std::make_shared<QueueRoom>(config.queue.sizer, config.queue.size)),
      random_(Random::from_system()) {
  if (!wants_breaker(config)) return;
  circuit_opened_ = &context.metrics.counter("vigia_exporter_circuit_opened_total", "How often the destination was given up for a while.",
                                             labels_of(context, signal));
  state_.with([&](State& state) { state.breaker.emplace(config.circuit_breaker, config.retry, Random::from_system()); });
}

// --- Out ---

void Sender::Core::attempt(JobPointer job) {
  int64_t now_ms = clock_.steady_ms();
  if (job->tries++ == 0) job->first_try_ms = now_ms;
  if (is_reported()) job->started_wall_ns = clock_.wall_ns();
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
  report(*job, status);
  bool is_circuit_open = tell_breaker(*job, status);
  if (status.is_ok()) {
    if (job->bisection) job->bisection->on_accepted();
    telemetry_.sent.add(signal_, job->batch.item_count);
    job->batch.settle();
    finish(std::move(job), Status());
    return;
  }
  if (!status.is_retryable()) {
    refused(std::move(job), std::move(status));
    return;
  }
  if (!config_.retry.is_enabled) {
    give_up(std::move(job), std::move(status), "retry_on_failure is off");
    return;
  }
  if (config_.overflow) {
    let_go_of_old();
    if (has_waited_too_long(*job, clock_.steady_ms())) {
      give_up(std::move(job), std::move(status), "it has waited for too long");
      return;
    }
  }
  int64_t wait_ms = wait_before_retry_ms(*job, status);
  int64_t elapsed_ms = clock_.steady_ms() - job->first_try_ms;
  bool is_too_long = config_.retry.max_elapsed_time_ms > 0 && elapsed_ms + wait_ms > config_.retry.max_elapsed_time_ms;
  if (is_too_long && may_let_go(*job)) {
    give_up(std::move(job), std::move(status), "max_elapsed_time is over");
    return;
  }
  if (is_circuit_open)
    hold(std::move(job));
  else
    retry_later(std::move(job), wait_ms, std::move(status));
}

void Sender::Core::report(const Job& job, const Status& status) {
  // A try that began before somebody watched has no beginning to tell of.
  if (!is_reported() || job.started_wall_ns == 0) return;
  deliveries_->on_answer(
      {exporter_, signal_, job.started_wall_ns, clock_.wall_ns(), job.batch.item_count, job.batch.payload.size(), status});
}

int64_t Sender::Core::wait_before_retry_ms(const Job& job, const Status& status) {
  RetryConfig retry = config_.retry;
  if (state_.with([](State& state) { return state.is_stopping; })) {
    retry.initial_interval_ms = std::min(retry.initial_interval_ms, stopping_interval_ms);
    retry.max_interval_ms = std::min(retry.max_interval_ms, longest_stopping_interval_ms);
  }
  return random_.with([&](Random& random) { return backoff_ms(retry, job.tries, status.retry_delay_ms(), random); });
}

void Sender::Core::retry_later(JobPointer job, int64_t wait_ms, Status status) {
  if (wait_ms >= 1000) compact(job->batch.payload);
  size_t items = job->batch.item_count;
  int64_t now_ms = clock_.steady_ms();
  uint64_t id = 0;
  std::shared_ptr<Core> successor;
  state_.with([&](State& state) {
    successor = state.successor;
    // The stop may have begun since the wait was chosen.
    if (state.is_stopping) wait_ms = std::min(wait_ms, std::max(longest_stopping_interval_ms, status.retry_delay_ms()));
    bool is_too_late = is_queue_closed(state) || (state.is_stopping && now_ms + wait_ms >= state.deadline_ms);
    if (successor || is_too_late) return;
    id = ++state.last_waiting_id;
    state.waiting[id] = {std::move(job), now_ms + status.retry_delay_ms()};
  });
  if (successor) {
    Jobs jobs;
    jobs.push_back(std::move(job));
    pass_on(std::move(jobs), *successor);
    end_flight();
    return;
  }
  if (id == 0) {
    give_up(std::move(job), std::move(status), "the program is shutting down");
    return;
  }
  log_.warn("Exporting failed. Will retry the request after interval.",
            {{"error", status}, {"interval", static_cast<double>(wait_ms) / 1000}, {"items", items}});
  run_on_loop([self = shared_from_this(), id, wait_ms] { self->set_retry_timer(id, wait_ms); });
}

void Sender::Core::set_retry_timer(uint64_t id, int64_t wait_ms) {
  net::EventLoop* loop = loops_.current();
  std::weak_ptr<Core> weak = weak_from_this();
  auto timer = loop->run_after_ms(wait_ms, [weak, id] {
    std::shared_ptr<Core> core = weak.lock();
    JobPointer job = core ? core->take_waiting(id) : nullptr;
    if (job) core->try_again(std::move(job));
  });
  state_.with([&](State& state) {
    auto entry = state.waiting.find(id);
    if (entry == state.waiting.end()) return;  // somebody else was quicker; the timer will find nothing
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
  if (stays_on_disk(*job)) {
    requeue(std::move(job), std::move(status), why);
    return;
  }
  count_dropped(job->batch.item_count);
  log_.error("Exporting failed. Dropping data.", {{"error", status}, {"reason", why}, {"dropped_items", job->batch.item_count}});
  // A journal upstream need not give it again, unless it is a stop that was in the way.
  bool is_stopping = state_.with([](const State& state) { return state.is_stopping; });
  if (!is_stopping) job->batch.settle();
  finish(std::move(job), std::move(status));
}

// The journal gives it again when its receipts are let go.
void Sender::Core::requeue(JobPointer job, Status status, std::string_view why) {
  requeued_items_.add(job->batch.item_count);
  log_.warn("Exporting failed. The data stays on disk and will be sent again.",
            {{"error", status}, {"reason", why}, {"items", job->batch.item_count}});
  finish(std::move(job), std::move(status));
}

void Sender::Core::finish(JobPointer job, Status status) {
  int64_t room = job->room;
  std::vector<Done> dones = std::move(job->dones);
  job = nullptr;
  if (room > 0) room_->adjust(-room);
  for (Done& done : dones) done(status);
  end_flight();
}

// A send has come to its end, one way or another: the next may begin.
void Sender::Core::end_flight() {
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

}  // namespace vigia::pipeline
