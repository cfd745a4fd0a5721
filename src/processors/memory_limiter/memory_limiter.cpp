#include "processors/memory_limiter/memory_limiter.h"

#include <fmt/core.h>

#include "pipeline/process_memory.h"

namespace vigia::processors {

namespace {

constexpr int64_t retry_after_ms = 1'000;

}  // namespace

// The recurring check. It lives on one loop, and may outlive the limiter, which it then lets alone.
class MemoryLimiter::Watch : public std::enable_shared_from_this<MemoryLimiter::Watch> {
 public:
  Watch(MemoryLimiter& limiter, net::EventLoop& loop, int64_t interval_ms) : limiter_(&limiter), loop_(loop), interval_ms_(interval_ms) {}

  void start() {
    loop_.post([self = shared_from_this()] { self->set_timer(); });
  }
  // Calls `ended` on the loop, after the last check.
  void end(Function<void()> ended) {
    loop_.post([self = shared_from_this(), ended = std::move(ended)]() mutable {
      self->limiter_ = nullptr;
      self->loop_.cancel_timer(self->timer_);
      ended();
    });
  }

 private:
  void set_timer() {
    if (!limiter_) return;
    timer_ = loop_.run_after_ms(interval_ms_, [weak = weak_from_this()] {
      std::shared_ptr<Watch> self = weak.lock();
      if (!self || !self->limiter_) return;
      self->limiter_->check();
      self->set_timer();
    });
  }

  MemoryLimiter* limiter_;  // Used on the loop only.
  net::EventLoop& loop_;
  const int64_t interval_ms_;
  net::EventLoop::TimerId timer_ = 0;
};

MemoryLimiter::MemoryLimiter(const pipeline::Context& context, const MemoryLimiterConfig& config, std::shared_ptr<SharedLimit> shared,
                             otlp::Signal signal, pipeline::Consumer& next)
    : log_(context.log),
      ledger_(context.ledger),
      files_(context.files),
      loops_(context.loops),
      config_(config),
      shared_(std::move(shared)),
      signal_(signal),
      next_(next),
      telemetry_(context.metrics, context.id),
      limiter_telemetry_(context.metrics, context.id),
      limit_bytes_(context.metrics.gauge("vigia_processor_memory_limiter_limit_bytes", "The hard limit: what the whole process may take.",
                                         {{"processor", context.id.to_string()}})) {}

MemoryLimiter::~MemoryLimiter() { shared_->remove(this, ledger_); }

Status MemoryLimiter::start() {
  int64_t available_bytes = 0;
  if (config_.limit_mib == 0) {
    ASSIGN_OR_RETURN(available_bytes, pipeline::available_memory_bytes(files_));
  }
  limits_ = limits_of(config_, available_bytes);
  shared_->set(this, limits_.soft_bytes, ledger_);
  limit_bytes_.set(static_cast<double>(limits_.hard_bytes));
  log_.info("Memory limiter configured", {{"limit_mib", limits_.hard_bytes >> 20},
                                          {"spike_limit_mib", (limits_.hard_bytes - limits_.soft_bytes) >> 20},
                                          {"check_interval", static_cast<double>(config_.check_interval_ms) / 1000}});
  watch_ = std::make_shared<Watch>(*this, loops_.next(), config_.check_interval_ms);
  watch_->start();
  return {};
}

void MemoryLimiter::stop(int64_t, Function<void()> stopped) {
  shared_->remove(this, ledger_);
  if (watch_)
    watch_->end(std::move(stopped));
  else
    stopped();
}

void MemoryLimiter::check() {
  Result<int64_t> resident = pipeline::resident_bytes(files_);
  if (!resident.is_ok()) {
    log_.warn("cannot check the memory", {{"error", resident.status()}});
    return;
  }
  bool was_over = is_over_;
  is_over_ = *resident > (was_over ? limits_.soft_bytes : limits_.hard_bytes);
  // Pages that the allocator keeps for later count as used, and would keep us above the limit for nothing.
  if (is_over_) pipeline::release_free_memory();
  if (is_over_ == was_over) return;
  shared_->set_over(this, is_over_, ledger_);
  LogFields fields = {{"resident_mib", *resident >> 20}, {"held_mib", ledger_.held_bytes() >> 20}};
  if (is_over_)
    log_.warn("Memory usage is above the limit. Refusing data.", fields);
  else
    log_.info("Memory usage back within limits. Resuming normal operation.", fields);
}

Status MemoryLimiter::refuse(size_t items) const {
  telemetry_.refused.add(signal_, items);
  limiter_telemetry_.refused.add(signal_, items);
  log_.warn("Memory usage is above soft limit. Refusing data.", {{"held_mib", ledger_.held_bytes() >> 20}, {"refused_items", items}});
  return resource_exhausted(fmt::format("data refused due to high memory usage: {} MiB held, the limit is {} MiB",
                                        ledger_.held_bytes() >> 20, limits_.soft_bytes >> 20))
      .retryable_after_ms(retry_after_ms);
}

Result<pipeline::Reservation> MemoryLimiter::reserve(const pipeline::Load& load) {
  if (ledger_.would_exceed(static_cast<int64_t>(load.bytes))) return refuse(load.items);
  return next_.reserve(load);
}

void MemoryLimiter::consume(pipeline::Batch batch, pipeline::Done done) {
  // The batch's own buffers are in the ledger already.
  if (ledger_.is_over_limit()) {
    done(refuse(batch.item_count));
    return;
  }
  telemetry_.accepted.add(signal_, batch.item_count);
  limiter_telemetry_.accepted.add(signal_, batch.item_count);
  next_.consume(std::move(batch), std::move(done));
}

}  // namespace vigia::processors
