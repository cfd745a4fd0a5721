#pragma once

// Samples batches of spans or log records in wire form. When nothing is left of a batch, it is settled and answered OK.
// Immutable after construction: consume() may be called on several loops at once.

#include <array>
#include <vector>

#include "pipeline/component.h"
#include "processors/probabilistic_sampler/sampler.h"

namespace vigia::processors {

class SamplerProcessor final : public pipeline::Processor {
 public:
  SamplerProcessor(const pipeline::Context& context, const SamplerConfig& config, otlp::Signal signal, pipeline::Consumer& next);

  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override;

 private:
  // How many decisions by policy: those that dropped, and those that kept.
  using Counts = std::array<std::array<uint64_t, 2>, sampler_policy_count>;
  using Counters = std::array<std::array<Counter*, 2>, sampler_policy_count>;

  Counters counters_named(MetricRegistry& metrics, std::string_view name, const SamplerConfig& config) const;
  Slice sample(const Slice& request, Counts& counts) const;

  otlp::Signal signal_;
  Sampler sampler_;
  std::vector<Counters> counters_;
  pipeline::Consumer& next_;
};

}  // namespace vigia::processors
