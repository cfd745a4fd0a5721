#pragma once

// Refuses data while memory is short, so that senders wait instead of the process dying.
//
// Two guards. The first is exact and immediate: the ledger counts every buffer of telemetry that this process holds; above the
// soft limit (limit − spike) every newcomer is refused, with a retryable error that asks for a second. The second looks at the
// memory of the whole process every check_interval: above the limit everything is refused until it is below the soft limit again.

#include <memory>

#include "pipeline/component.h"
#include "pipeline/telemetry.h"
#include "processors/memory_limiter/config.h"
#include "processors/memory_limiter/shared_limit.h"

namespace vigia::processors {

class MemoryLimiter final : public pipeline::Processor {
 public:
  MemoryLimiter(const pipeline::Context& context, const MemoryLimiterConfig& config, std::shared_ptr<SharedLimit> shared,
                otlp::Signal signal, pipeline::Consumer& next);
  ~MemoryLimiter() override;

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override;
  void consume(pipeline::Batch batch, pipeline::Done done) override;

  // Looks at the process now; the timer does it every check_interval.
  void check();

 private:
  class Watch;
  Status refuse(size_t items) const;

  const Logger log_;
  MemoryLedger& ledger_;
  FileSystem& files_;
  net::LoopGroup& loops_;
  const MemoryLimiterConfig config_;
  const std::shared_ptr<SharedLimit> shared_;
  const otlp::Signal signal_;
  pipeline::Consumer& next_;
  const pipeline::ProcessorTelemetry telemetry_;
  const pipeline::MemoryLimiterTelemetry limiter_telemetry_;
  Gauge& limit_bytes_;
  MemoryLimits limits_;
  bool is_over_ = false;  // Used by check() only.
  std::shared_ptr<Watch> watch_;
};

}  // namespace vigia::processors
