#pragma once

// Collects batches and hands on large ones: when send_batch_size items are there, or the oldest has waited for `timeout`.
//
// Merging joins lists of slices, nothing is copied. The sender is answered as soon as its data has been taken. When the next
// component refuses for now, the refused batch is kept and tried again, and newcomers are taken until one more batch is full; then they
// are refused, so that pressure reaches the senders instead of data being dropped.
//
// Data of different customers, and with different values of metadata_keys, is kept apart.

#include <memory>

#include "pipeline/component.h"
#include "processors/batch/config.h"

namespace vigia::processors {

class BatchProcessor final : public pipeline::Processor {
 public:
  BatchProcessor(const pipeline::Context& context, const BatchConfig& config, otlp::Signal signal, pipeline::Consumer& next);
  ~BatchProcessor() override;

  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override;
  void consume(pipeline::Batch batch, pipeline::Done done) override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace vigia::processors
