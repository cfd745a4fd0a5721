// `filter` drops entries by a condition, all of them or a share.

#include "operators/operator_types_internal.h"

namespace vigia::operators {

namespace {

class Filter final : public Operation {
 public:
  Filter(Expression expression, uint64_t dropped_of_1000) : expression_(std::move(expression)), dropped_of_1000_(dropped_of_1000) {}
  Outcome apply(Entry& entry, Work& work) const override {
    std::optional<bool> is_hit = expression_.test(entry, work.tools, work.problem);
    if (!is_hit) return Outcome::failed;
    if (!*is_hit) return Outcome::passed;
    return work.tools.random.below(1000) >= dropped_of_1000_ ? Outcome::passed : Outcome::dropped;
  }

 private:
  Expression expression_;
  uint64_t dropped_of_1000_;
};

}  // namespace

OperationPointer decode_filter(config::Section& section, Decoding&) {
  std::string text;
  double drop_ratio = 1;
  section.field("drop_ratio", drop_ratio);
  section.require(drop_ratio >= 0 && drop_ratio <= 1, "drop_ratio", "must be a number from 0 to 1");
  section.field("expr", text);
  if (!section.require(!text.empty(), "expr", "missing: a condition for what is dropped, such as attributes.level == \"debug\""))
    return nullptr;
  std::optional<Expression> expression = decode_expression(section, "expr", text, true);
  if (!expression) return nullptr;
  return std::make_unique<Filter>(std::move(*expression), static_cast<uint64_t>(drop_ratio * 1000));
}

}  // namespace vigia::operators
