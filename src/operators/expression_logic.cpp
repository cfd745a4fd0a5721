// Logic: what decides ends the evaluation, and what is not asked for is not evaluated.

#include <optional>

#include "operators/expression_nodes_internal.h"

namespace vigia::operators {

namespace {

class NotNode final : public ExpressionNode {
 public:
  explicit NotNode(NodePointer operand) : ExpressionNode(StaticType::boolean), operand_(std::move(operand)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = operand_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (value.type != Value::Type::boolean) return evaluation.fail("not needs true or false, not", type_name(value.type));
    return Value::of_boolean(!value.boolean);
  }

 private:
  NodePointer operand_;
};

// `and` and `or`: what decides first ends the evaluation.
class LogicNode final : public ExpressionNode {
 public:
  LogicNode(bool is_or, NodePointer left, NodePointer right)
      : ExpressionNode(StaticType::boolean), is_or_(is_or), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    std::optional<bool> left = truth(evaluation, left_);
    if (!left || *left == is_or_) return Value::of_boolean(is_or_);
    return Value::of_boolean(truth(evaluation, right_).value_or(false));
  }

 private:
  static std::optional<bool> truth(Evaluation& evaluation, const NodePointer& node) {
    Value value = node->evaluate(evaluation);
    if (evaluation.has_failed()) return std::nullopt;
    if (value.type == Value::Type::boolean) return value.boolean;
    evaluation.fail("and, or need true or false, not", type_name(value.type));
    return std::nullopt;
  }

  bool is_or_;
  NodePointer left_;
  NodePointer right_;
};

class CoalesceNode final : public ExpressionNode {
 public:
  CoalesceNode(NodePointer left, NodePointer right) : ExpressionNode(StaticType::any), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = left_->evaluate(evaluation);
    return !evaluation.has_failed() && value.is_nil() ? right_->evaluate(evaluation) : value;
  }

 private:
  NodePointer left_;
  NodePointer right_;
};

class ConditionNode final : public ExpressionNode {
 public:
  ConditionNode(NodePointer condition, NodePointer then, NodePointer otherwise)
      : ExpressionNode(then->type() == otherwise->type() ? then->type() : StaticType::any),
        condition_(std::move(condition)),
        then_(std::move(then)),
        otherwise_(std::move(otherwise)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = condition_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (value.type != Value::Type::boolean) return evaluation.fail("? needs true or false before it, not", type_name(value.type));
    return (value.boolean ? then_ : otherwise_)->evaluate(evaluation);
  }

 private:
  NodePointer condition_;
  NodePointer then_;
  NodePointer otherwise_;
};

}  // namespace

NodePointer not_node(NodePointer operand) { return std::make_unique<NotNode>(std::move(operand)); }

NodePointer logic_node(bool is_or, NodePointer left, NodePointer right) {
  return std::make_unique<LogicNode>(is_or, std::move(left), std::move(right));
}

NodePointer coalesce_node(NodePointer left, NodePointer right) { return std::make_unique<CoalesceNode>(std::move(left), std::move(right)); }

NodePointer condition_node(NodePointer condition, NodePointer then, NodePointer otherwise) {
  return std::make_unique<ConditionNode>(std::move(condition), std::move(then), std::move(otherwise));
}

}  // namespace vigia::operators
