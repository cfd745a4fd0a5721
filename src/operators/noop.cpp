// `noop` does nothing; it is a place that outputs can lead to.

#include "operators/operator_types_internal.h"

namespace vigia::operators {

namespace {

class Noop final : public Operation {
 public:
  Outcome apply(Entry&, Work&) const override { return Outcome::passed; }
};

}  // namespace

OperationPointer decode_noop(config::Section&, Decoding&) { return std::make_unique<Noop>(); }

}  // namespace vigia::operators
