#pragma once

// Edits the attributes of the spans, log records or data points that include/exclude choose, in wire form.
// Immutable after construction: consume() may be called on several loops at once.

#include "ottl/attribute_actions.h"
#include "ottl/match_properties.h"
#include "pipeline/component.h"

namespace vigia::processors {

class AttributesProcessor final : public pipeline::Processor {
 public:
  AttributesProcessor(otlp::Signal signal, ottl::AttributeEditor editor, ottl::Selection selection, pipeline::Consumer& next)
      : signal_(signal), editor_(std::move(editor)), selection_(std::move(selection)), next_(next) {}

  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override;

 private:
  Slice edit_items(const Slice& request, uint32_t attributes_number, const ottl::EditContext& context) const;
  Slice edit_points(const Slice& request, const ottl::EditContext& context) const;

  otlp::Signal signal_;
  ottl::AttributeEditor editor_;
  ottl::Selection selection_;
  pipeline::Consumer& next_;
};

}  // namespace vigia::processors
