#include "processors/batch/batch_processor.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/guarded.h"
#include "pipeline/attempt.h"
#include "pipeline/batch_parts.h"
#include "pipeline/compact.h"
#include "pipeline/telemetry.h"
#include "processors/batch/group.h"

namespace vigia::processors {

using pipeline::Batch;
using pipeline::Done;

namespace {

// Data that is kept for longer than this is copied out of buffers that it pins but hardly uses.
constexpr int64_t long_wait_ms = 1'000;
constexpr int64_t first_retry_ms = 100;
constexpr int64_t longest_retry_ms = 5'000;
// Without metadata_keys, customers alone make groups; credentials bound their number, and this does.
constexpr size_t most_customers = 10'000;

}  // namespace

// Kept alive by timers and answers that are still to come.
class BatchProcessor::Core : public std::enable_shared_from_this<BatchProcessor::Core> {
 public:
  Core(const pipeline::Context& context, const BatchConfig& config, otlp::Signal signal, pipeline::Consumer& next)
      : log_(context.log),
        set_aside_(context.set_aside),
        clock_(context.clock),
        ledger_(context.ledger),
        loops_(context.loops),
        config_(config),
        signal_(signal),
        next_(next),
        telemetry_(context.metrics, context.id),
        dropped_(context.metrics, "otelcol_processor_dropped_", "Items dropped by the processor.", {{"processor", context.id.to_string()}}),
        most_unanswered_(std::max<size_t>(2, loops_.size())) {}

  Result<pipeline::Reservation> reserve() {
    Status refusal = groups_.with([&](Groups& groups) { return groups.is_stopping ? shutting_down() : Status(); });
    if (!refusal.is_ok()) return refusal;
    return pipeline::Reservation();
  }

  void consume(Batch batch, Done done) {
    batch.reservation = {};
    if (config_.timeout_ms > long_wait_ms) pipeline::compact(batch.payload);
    std::string key = group_key(batch, config_.metadata_keys);
    std::vector<Sending> to_send;
    bool needs_timer = false;
    Status refusal = groups_.with([&](Groups& groups) { return take(groups, key, batch, to_send, needs_timer); });
    if (needs_timer) set_flush_timer(key, config_.timeout_ms);
    done(std::move(refusal));
    send_all(std::move(to_send));
  }

  void stop(int64_t deadline_ms, Function<void()> stopped) {
    std::vector<Sending> to_send;
    groups_.with([&](Groups& groups) {
      groups.is_stopping = true;
      groups.stopped = std::move(stopped);
      for (auto& [key, group] : groups.by_key) {
        cut(key, group, Trigger::stop, to_send);
        release_refused(key, group, to_send);
      }
    });
    set_deadline_timer(deadline_ms);
    send_all(std::move(to_send));
    end_stop_if_idle();
  }

 private:
  enum class Trigger { size, timeout, stop };
  struct Group {
    Batch collected;
    int64_t oldest_ms = 0;
    // Cut, but handed back by the next component or not handed on yet, because it owes answers.
    std::deque<Batch> waiting;
    size_t unanswered = 0;
    bool is_refused = false;  // The next component said no; nothing is sent before the retry.
    int64_t retry_ms = first_retry_ms;
    bool has_flush_timer = false;
  };
  struct Groups {
    std::map<std::string, Group> by_key;
    bool is_stopping = false;
    bool is_over = false;  // The deadline has passed: nothing is handed on any more.
    Function<void()> stopped;
  };
  // A batch that is about to be handed on.
  struct Sending {
    std::string key;
    Batch batch;
  };

  static Status shutting_down() { return unavailable("the batch processor is shutting down"); }

  // What may be collected before newcomers are refused while nothing gets through.
  size_t most_collected() const { return std::max<uint64_t>(config_.send_batch_size, 1) + (config_.send_batch_size == 0 ? 8191 : 0); }

  Status take(Groups& groups, const std::string& key, Batch& batch, std::vector<Sending>& to_send, bool& needs_timer) {
    if (groups.is_stopping) return shutting_down();
    auto found = groups.by_key.find(key);
    if (found == groups.by_key.end()) {
      size_t most = config_.metadata_keys.empty() ? most_customers : config_.metadata_cardinality_limit;
      if (most > 0 && groups.by_key.size() >= most)
        return resource_exhausted("too many different values of metadata_keys: the limit is " + std::to_string(most));
      found = groups.by_key.emplace(key, Group()).first;
      telemetry_.metadata_cardinality.set(static_cast<double>(groups.by_key.size()));
    }
    Group& group = found->second;
    if (!group.waiting.empty() && group.collected.item_count >= most_collected())
      return unavailable("batch: the next component does not take data now");
    add(group, std::move(batch));
    bool is_full = config_.timeout_ms == 0 || group.collected.item_count >= config_.send_batch_size;
    if (is_full && group.waiting.empty()) cut(key, group, Trigger::size, to_send);
    if (group.collected.item_count > 0 && !group.has_flush_timer) needs_timer = group.has_flush_timer = true;
    return {};
  }

  void add(Group& group, Batch batch) {
    if (group.collected.payload.empty()) {
      group.oldest_ms = clock_.steady_ms();
      group.collected.signal = signal_;
      batch.client = client_of_group(std::move(batch.client), config_.metadata_keys);
    }
    pipeline::merge_into(group.collected, std::move(batch));
  }

  // Moves what has been collected to the batches that are to go out, as many as may go now.
  void cut(const std::string& key, Group& group, Trigger trigger, std::vector<Sending>& to_send) {
    if (group.collected.payload.empty()) return;
    Batch whole = std::exchange(group.collected, Batch());
    auto parts = pipeline::split_batch(std::move(whole), config_.send_batch_max_size, pipeline::Sizer::items, ledger_);
    // A rest that is no full batch goes on waiting for company, as in the Collector.
    if (trigger == Trigger::size && config_.timeout_ms > 0 && parts.size() > 1 && parts.back().item_count < config_.send_batch_size) {
      group.collected = std::move(parts.back());
      parts.pop_back();
    }
    for (Batch& part : parts) {
      count(part, trigger);
      group.waiting.push_back(std::move(part));
    }
    release(key, group, to_send);
  }

  void count(const Batch& batch, Trigger trigger) {
    telemetry_.send_size.observe(static_cast<double>(batch.item_count));
    telemetry_.send_size_bytes.observe(static_cast<double>(batch.payload.size()));
    (trigger == Trigger::size ? telemetry_.size_trigger : telemetry_.timeout_trigger).add();
  }

  void release(const std::string& key, Group& group, std::vector<Sending>& to_send) {
    while (!group.is_refused && !group.waiting.empty() && group.unanswered < most_unanswered_) {
      group.unanswered++;
      to_send.push_back({key, std::move(group.waiting.front())});
      group.waiting.pop_front();
    }
  }
  void release_refused(const std::string& key, Group& group, std::vector<Sending>& to_send) {
    group.is_refused = false;
    release(key, group, to_send);
  }

  void send_all(std::vector<Sending> list) {
    for (Sending& sending : list) send(std::move(sending));
  }

  void send(Sending sending) {
    auto kept = std::make_unique<Sending>(std::move(sending));
    pipeline::Attempt attempt(kept->batch);
    Batch outgoing = attempt.take();
    int64_t started_ns = clock_.steady_ns();
    next_.consume(std::move(outgoing),
                  [self = shared_from_this(), kept = std::move(kept), attempt = std::move(attempt), started_ns](Status status) mutable {
                    self->telemetry_.send_duration.observe(static_cast<double>(self->clock_.steady_ns() - started_ns) / 1e9);
                    if (status.is_ok())
                      attempt.accepted();
                    else
                      attempt.refused(kept->batch);
                    self->answered(std::move(*kept), status);
                  });
  }

  void answered(Sending sending, const Status& status) {
    if (!status.is_ok() && !status.is_retryable()) drop(sending.batch, status);
    std::vector<Sending> to_send;
    int64_t retry_in_ms = -1;
    bool is_too_late = false;
    groups_.with([&](Groups& groups) {
      Group& group = groups.by_key.at(sending.key);
      group.unanswered--;
      is_too_late = status.is_retryable() && groups.is_over;
      if (is_too_late) return;
      if (status.is_retryable()) {
        group.waiting.push_front(std::move(sending.batch));
        if (!group.is_refused) {
          retry_in_ms = std::max(group.retry_ms, status.retry_delay_ms());
          group.retry_ms = std::min(group.retry_ms * 2, longest_retry_ms);
        }
        group.is_refused = true;
        return;
      }
      group.retry_ms = first_retry_ms;
      release(sending.key, group, to_send);
      bool is_full = group.collected.item_count > 0 &&
                     (config_.timeout_ms == 0 || groups.is_stopping || group.collected.item_count >= config_.send_batch_size);
      if (is_full && group.waiting.empty()) cut(sending.key, group, groups.is_stopping ? Trigger::stop : Trigger::size, to_send);
    });
    if (is_too_late) count_lost(sending.batch.item_count);
    if (retry_in_ms >= 0) retry_later(sending.key, retry_in_ms, status);
    // From a fresh task: a next component that answers at once would otherwise nest once for every waiting batch.
    if (!to_send.empty())
      loop().post([self = shared_from_this(), to_send = std::move(to_send)]() mutable { self->send_all(std::move(to_send)); });
    end_stop_if_idle();
  }

  // What came out of a journal was answered before.
  void drop(Batch& batch, const Status& status) {
    if (set_aside_ && !batch.receipts.empty()) {
      log_.warn("the next component refuses stored data for good. Setting it aside.", {{"error", status}, {"items", batch.item_count}});
      return set_aside_(std::move(batch), status);
    }
    dropped_.add(signal_, batch.item_count);
    log_.error("the next component refuses the data for good. Dropping data.", {{"error", status}, {"dropped_items", batch.item_count}});
    batch.settle();
  }

  // --- Timers ---

  net::EventLoop& loop() {
    net::EventLoop* current = loops_.current();
    return current ? *current : loops_.next();
  }

  template <typename Call>
  void call_later(int64_t delay_ms, Call call) {
    net::EventLoop& loop = this->loop();
    loop.dispatch([&loop, delay_ms, weak = weak_from_this(), call = std::move(call)]() mutable {
      loop.run_after_ms(delay_ms, [weak, call = std::move(call)]() mutable {
        if (std::shared_ptr<Core> core = weak.lock()) call(*core);
      });
    });
  }

  void set_flush_timer(const std::string& key, int64_t delay_ms) {
    call_later(delay_ms, [key](Core& core) { core.flush_old(key); });
  }

  void flush_old(const std::string& key) {
    std::vector<Sending> to_send;
    int64_t again_in_ms = -1;
    groups_.with([&](Groups& groups) {
      auto found = groups.by_key.find(key);
      if (found == groups.by_key.end()) return;
      Group& group = found->second;
      group.has_flush_timer = false;
      if (group.collected.payload.empty()) {
        forget_if_idle(groups, key, group);
        return;
      }
      int64_t left_ms = group.oldest_ms + config_.timeout_ms - clock_.steady_ms();
      // While batches wait in front of it, it can as well grow.
      if (left_ms <= 0 && !group.waiting.empty()) left_ms = std::max<int64_t>(config_.timeout_ms, first_retry_ms);
      if (left_ms <= 0) {
        cut(key, group, Trigger::timeout, to_send);
        left_ms = config_.timeout_ms;
      }
      group.has_flush_timer = true;
      again_in_ms = left_ms;
    });
    if (again_in_ms >= 0) set_flush_timer(key, again_in_ms);
    send_all(std::move(to_send));
  }

  // Groups of senders that are gone do not pile up.
  void forget_if_idle(Groups& groups, const std::string& key, const Group& group) {
    if (!group.waiting.empty() || group.unanswered > 0) return;
    groups.by_key.erase(key);
    telemetry_.metadata_cardinality.set(static_cast<double>(groups.by_key.size()));
  }

  void retry_later(const std::string& key, int64_t delay_ms, const Status& status) {
    log_.warn("the next component does not take data now. Will try again after interval.",
              {{"error", status}, {"interval", static_cast<double>(delay_ms) / 1000}});
    call_later(delay_ms, [key](Core& core) {
      std::vector<Sending> to_send;
      core.groups_.with([&](Groups& groups) {
        auto found = groups.by_key.find(key);
        if (found != groups.by_key.end()) core.release_refused(key, found->second, to_send);
      });
      core.send_all(std::move(to_send));
    });
  }

  // --- Stop ---

  void set_deadline_timer(int64_t deadline_ms) {
    call_later(deadline_ms - clock_.steady_ms(), [](Core& core) { core.abandon(); });
  }

  void end_stop_if_idle() {
    Function<void()> stopped;
    groups_.with([&](Groups& groups) {
      if (!groups.is_stopping) return;
      for (const auto& [key, group] : groups.by_key)
        if (group.unanswered > 0 || !group.waiting.empty() || !group.collected.payload.empty()) return;
      stopped = std::move(groups.stopped);
    });
    if (stopped) stopped();
  }

  void abandon() {
    size_t items = 0;
    Function<void()> stopped;
    groups_.with([&](Groups& groups) {
      groups.is_over = true;
      for (auto& [key, group] : groups.by_key) {
        for (const Batch& batch : group.waiting) items += batch.item_count;
        items += group.collected.item_count;
        group.waiting.clear();
        group.collected = Batch();
      }
      stopped = std::move(groups.stopped);
    });
    if (items > 0) count_lost(items);
    if (stopped) stopped();
  }

  void count_lost(size_t items) {
    dropped_.add(signal_, items);
    log_.error("the collected data could not be handed on before the end. Dropping data.", {{"dropped_items", items}});
  }

  const Logger log_;
  const std::function<void(Batch, const Status&)> set_aside_;  // Null: what is refused for good is dropped.
  const Clock& clock_;
  MemoryLedger& ledger_;
  net::LoopGroup& loops_;
  const BatchConfig config_;
  const otlp::Signal signal_;
  pipeline::Consumer& next_;
  pipeline::BatchTelemetry telemetry_;
  const pipeline::SignalCounters dropped_;
  const size_t most_unanswered_;
  Guarded<Groups> groups_;
};

BatchProcessor::BatchProcessor(const pipeline::Context& context, const BatchConfig& config, otlp::Signal signal, pipeline::Consumer& next)
    : core_(std::make_shared<Core>(context, config, signal, next)) {}

BatchProcessor::~BatchProcessor() = default;

Result<pipeline::Reservation> BatchProcessor::reserve(const pipeline::Load&) { return core_->reserve(); }
void BatchProcessor::consume(Batch batch, Done done) { core_->consume(std::move(batch), std::move(done)); }
void BatchProcessor::stop(int64_t deadline_steady_ms, Function<void()> stopped) { core_->stop(deadline_steady_ms, std::move(stopped)); }

}  // namespace vigia::processors
