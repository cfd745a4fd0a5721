#pragma once

// Drops what its rules say from every request, in wire form; requests of which nothing is dropped go on as they are. When
// nothing is left of a batch, the batch is settled and answered OK.
// Immutable after construction: consume() may be called on several loops at once.

#include <vector>

#include "otlp/rewrite.h"
#include "ottl/condition.h"
#include "ottl/match_properties.h"
#include "pipeline/component.h"
#include "processors/filter/config.h"

namespace vigia::processors {

class FilterProcessor final : public pipeline::Processor {
 public:
  static Result<std::unique_ptr<FilterProcessor>> create(const pipeline::Context& context, const FilterConfig& config, otlp::Signal signal,
                                                         pipeline::Consumer& next);

  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override;

 private:
  // Conditions of one context; one that is true drops what it was asked about.
  struct Stage {
    ottl::Context context;
    ottl::AnyOf conditions;
  };

  FilterProcessor(otlp::Signal signal, Counter& dropped, pipeline::Consumer& next) : signal_(signal), dropped_(dropped), next_(next) {}

  Status add_rules(const FilterRules& rules, const Logger& log);
  Result<Slice> filter(Slice request) const;
  Result<Slice> filter_by(const Stage& stage, const Slice& request) const;

  otlp::Signal signal_;
  std::vector<Stage> stages_;
  std::vector<ottl::Selection> choices_;
  Counter& dropped_;
  pipeline::Consumer& next_;
};

}  // namespace vigia::processors
