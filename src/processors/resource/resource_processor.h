#pragma once

// Edits the Resource of every group of a request, in wire form. A group without a Resource counts as one with an empty Resource.
// Immutable after construction: consume() may be called on several loops at once.

#include "ottl/attribute_actions.h"
#include "pipeline/component.h"

namespace vigia::processors {

class ResourceProcessor final : public pipeline::Processor {
 public:
  ResourceProcessor(ottl::AttributeEditor editor, pipeline::Consumer& next) : editor_(std::move(editor)), next_(next) {}

  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override;

 private:
  ottl::AttributeEditor editor_;
  pipeline::Consumer& next_;
};

}  // namespace vigia::processors
