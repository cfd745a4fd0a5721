// Arithmetic and ranges.

#include <algorithm>
#include <cmath>
#include <optional>

#include "operators/expression_nodes_internal.h"

namespace vigia::operators {

namespace {

class NegateNode final : public ExpressionNode {
 public:
  explicit NegateNode(NodePointer operand) : ExpressionNode(operand->type()), operand_(std::move(operand)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = operand_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (value.type == Value::Type::floating) return Value::of_floating(-value.floating);
    if (value.type != Value::Type::integer) return evaluation.fail("- needs a number, not", type_name(value.type));
    return Value::of_integer(static_cast<int64_t>(-static_cast<uint64_t>(value.integer)));
  }

 private:
  NodePointer operand_;
};

Value calculate_integers(Arithmetic operation, int64_t left, int64_t right) {
  auto a = static_cast<uint64_t>(left);
  auto b = static_cast<uint64_t>(right);
  uint64_t result = operation == Arithmetic::add ? a + b : operation == Arithmetic::subtract ? a - b : a * b;
  return Value::of_integer(static_cast<int64_t>(result));
}

Value calculate_floats(Arithmetic operation, double left, double right) {
  switch (operation) {
    case Arithmetic::add:
      return Value::of_floating(left + right);
    case Arithmetic::subtract:
      return Value::of_floating(left - right);
    case Arithmetic::multiply:
      return Value::of_floating(left * right);
    case Arithmetic::divide:
      return Value::of_floating(left / right);
    default:
      return Value::of_floating(std::pow(left, right));
  }
}

class ArithmeticNode final : public PairNode<ArithmeticNode> {
 public:
  ArithmeticNode(Arithmetic operation, StaticType type, NodePointer left, NodePointer right)
      : PairNode(type, std::move(left), std::move(right)), operation_(operation) {}
  Value combine(Evaluation& evaluation, const Value& left, const Value& right) const {
    if (operation_ == Arithmetic::add && left.is_text() && right.is_text()) return joined(evaluation, left.text(), right.text());
    if (!left.is_number() || !right.is_number())
      return evaluation.fail("arithmetic does not go with", type_name(left.is_number() ? right.type : left.type));
    bool are_integers = left.type == Value::Type::integer && right.type == Value::Type::integer;
    if (operation_ == Arithmetic::modulo) return modulo(evaluation, left, right);
    if (are_integers && operation_ != Arithmetic::divide && operation_ != Arithmetic::power)
      return calculate_integers(operation_, left.integer, right.integer);
    return calculate_floats(operation_, left.as_double(), right.as_double());
  }

 private:
  static Value joined(Evaluation& evaluation, std::string_view left, std::string_view right) {
    if (!evaluation.spend_bytes(left.size() + right.size())) return {};
    char* memory = evaluation.arena.allocate(left.size() + right.size());
    std::copy(right.begin(), right.end(), std::copy(left.begin(), left.end(), memory));
    return Value::of_text({memory, left.size() + right.size()});
  }
  static Value modulo(Evaluation& evaluation, const Value& left, const Value& right) {
    if (left.type != Value::Type::integer || right.type != Value::Type::integer) return evaluation.fail("% needs integers");
    if (right.integer == 0) return evaluation.fail("division by 0");
    return Value::of_integer(right.integer == -1 ? 0 : left.integer % right.integer);
  }

  Arithmetic operation_;
};

class RangeNode final : public PairNode<RangeNode> {
 public:
  RangeNode(NodePointer from, NodePointer to) : PairNode(StaticType::list, std::move(from), std::move(to)) {}
  Value combine(Evaluation& evaluation, const Value& from, const Value& to) const {
    std::optional<int64_t> first = whole_number(from);
    std::optional<int64_t> last = whole_number(to);
    if (!first || !last) return evaluation.fail("a range needs numbers");
    // As unsigned numbers, so that no distance is too large.
    uint64_t count = *last < *first ? 0 : static_cast<uint64_t>(*last) - static_cast<uint64_t>(*first);
    if (count >= Evaluation::max_steps) return evaluation.fail("a range is too long");
    count += *last < *first ? 0 : 1;
    if (!evaluation.spend_steps(count) || !evaluation.spend_bytes(count * sizeof(Value))) return {};
    List* list = List::create(evaluation.arena, static_cast<uint32_t>(count));
    for (uint64_t i = 0; i < count; i++) list->push_back(evaluation.arena, Value::of_integer(*first + static_cast<int64_t>(i)));
    return Value::of_list(list);
  }
};

}  // namespace

NodePointer negate_node(NodePointer operand) { return std::make_unique<NegateNode>(std::move(operand)); }

NodePointer calculation_node(Arithmetic operation, StaticType type, NodePointer left, NodePointer right) {
  return std::make_unique<ArithmeticNode>(operation, type, std::move(left), std::move(right));
}

NodePointer range_node(NodePointer from, NodePointer to) { return std::make_unique<RangeNode>(std::move(from), std::move(to)); }

}  // namespace vigia::operators
