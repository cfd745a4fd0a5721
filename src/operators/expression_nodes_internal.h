#pragma once

// The nodes that operators become. Which of them an operator is, and what goes with what, is said in expression_operators.cpp.

#include <utility>

#include "operators/expression_internal.h"

namespace vigia::operators {

// A node of two operands that are both needed; Node has `Value combine(Evaluation&, const Value& left, const Value& right) const`.
template <typename Node>
class PairNode : public ExpressionNode {
 public:
  PairNode(StaticType type, NodePointer left, NodePointer right) : ExpressionNode(type), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const final {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    return static_cast<const Node&>(*this).combine(evaluation, left, right);
  }

 private:
  NodePointer left_;
  NodePointer right_;
};

// --- Logic (expression_logic.cpp) ---
NodePointer not_node(NodePointer operand);
// `and` and `or`.
NodePointer logic_node(bool is_or, NodePointer left, NodePointer right);
NodePointer coalesce_node(NodePointer left, NodePointer right);

// --- Numbers (expression_arithmetic.cpp) ---
enum class Arithmetic : uint8_t { add, subtract, multiply, divide, modulo, power };
NodePointer negate_node(NodePointer operand);
// `add` joins texts, too.
NodePointer calculation_node(Arithmetic operation, StaticType type, NodePointer left, NodePointer right);
NodePointer range_node(NodePointer from, NodePointer to);

// --- Comparisons (expression_comparisons.cpp) ---
enum class Order : uint8_t { less, less_equal, greater, greater_equal };
enum class TextTest : uint8_t { contains, starts_with, ends_with };
NodePointer equality_node(bool wants_equal, NodePointer left, NodePointer right);
NodePointer order_node(Order order, NodePointer left, NodePointer right);
NodePointer in_node(NodePointer needle, NodePointer hay);
NodePointer text_test_node(TextTest test, NodePointer left, NodePointer right);
// A pattern that is the same for every entry is compiled here, and may be wrong.
Result<NodePointer> matches_node(NodePointer text, NodePointer pattern);

}  // namespace vigia::operators
