// Comparisons, and what is in what.

#include <algorithm>

#include "base/regex.h"
#include "operators/expression_nodes_internal.h"

namespace vigia::operators {

bool is_less(Evaluation& evaluation, const Value& left, const Value& right) {
  if (left.type == Value::Type::integer && right.type == Value::Type::integer) return left.integer < right.integer;
  if (left.is_number() && right.is_number()) return left.as_double() < right.as_double();
  if (left.is_text() && right.is_text()) return left.text() < right.text();
  if (left.type == Value::Type::time && right.type == Value::Type::time) return left.integer < right.integer;
  evaluation.fail("< and > do not go with", type_name(left.is_number() || left.is_text() ? right.type : left.type));
  return false;
}

namespace {

class EqualNode final : public PairNode<EqualNode> {
 public:
  EqualNode(bool wanted, NodePointer left, NodePointer right)
      : PairNode(StaticType::boolean, std::move(left), std::move(right)), wanted_(wanted) {}
  Value combine(Evaluation&, const Value& left, const Value& right) const { return Value::of_boolean(equal(left, right) == wanted_); }

 private:
  bool wanted_;
};

class OrderNode final : public PairNode<OrderNode> {
 public:
  OrderNode(Order order, NodePointer left, NodePointer right)
      : PairNode(StaticType::boolean, std::move(left), std::move(right)), order_(order) {}
  Value combine(Evaluation& evaluation, const Value& left, const Value& right) const {
    switch (order_) {
      case Order::less:
        return Value::of_boolean(is_less(evaluation, left, right));
      case Order::greater:
        return Value::of_boolean(is_less(evaluation, right, left));
      case Order::less_equal:
        return Value::of_boolean(is_less(evaluation, left, right) || equal(left, right));
      case Order::greater_equal:
        return Value::of_boolean(is_less(evaluation, right, left) || equal(left, right));
    }
    return {};
  }

 private:
  Order order_;
};

class InNode final : public PairNode<InNode> {
 public:
  InNode(NodePointer left, NodePointer right) : PairNode(StaticType::boolean, std::move(left), std::move(right)) {}
  Value combine(Evaluation& evaluation, const Value& needle, const Value& hay) const {
    if (hay.is_nil()) return Value::of_boolean(false);
    if (hay.is_map()) return Value::of_boolean(needle.is_text() && hay.map->find(needle.text()));
    if (!hay.is_list()) return evaluation.fail("in needs a list or a map, not", type_name(hay.type));
    if (!evaluation.spend_steps(hay.list->count)) return {};
    return Value::of_boolean(std::any_of(hay.list->begin(), hay.list->end(), [&](const Value& item) { return equal(item, needle); }));
  }
};

class TextTestNode final : public PairNode<TextTestNode> {
 public:
  TextTestNode(TextTest test, NodePointer left, NodePointer right)
      : PairNode(StaticType::boolean, std::move(left), std::move(right)), test_(test) {}
  Value combine(Evaluation& evaluation, const Value& left, const Value& right) const {
    if (left.is_nil() || right.is_nil()) return Value::of_boolean(false);
    if (!left.is_text() || !right.is_text())
      return evaluation.fail("contains, startsWith, endsWith need texts, not", type_name(left.is_text() ? right.type : left.type));
    switch (test_) {
      case TextTest::contains:
        return Value::of_boolean(left.text().find(right.text()) != std::string_view::npos);
      case TextTest::starts_with:
        return Value::of_boolean(left.text().starts_with(right.text()));
      case TextTest::ends_with:
        return Value::of_boolean(left.text().ends_with(right.text()));
    }
    return {};
  }

 private:
  TextTest test_;
};

class MatchesNode final : public ExpressionNode {
 public:
  MatchesNode(NodePointer left, Regex pattern)
      : ExpressionNode(StaticType::boolean), left_(std::move(left)), pattern_(std::move(pattern)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (left.is_nil()) return Value::of_boolean(false);
    if (!left.is_text()) return evaluation.fail("matches needs a text, not", type_name(left.type));
    return Value::of_boolean(pattern_.is_found_in(left.text()));
  }

 private:
  NodePointer left_;
  Regex pattern_;
};

// A pattern that each entry brings along. Compiling one costs more than most expressions, so there may not be many.
class DynamicMatchesNode final : public PairNode<DynamicMatchesNode> {
 public:
  static constexpr size_t max_pattern_bytes = 1000;

  DynamicMatchesNode(NodePointer left, NodePointer right) : PairNode(StaticType::boolean, std::move(left), std::move(right)) {}
  Value combine(Evaluation& evaluation, const Value& left, const Value& right) const {
    if (left.is_nil() || right.is_nil()) return Value::of_boolean(false);
    if (!left.is_text() || !right.is_text())
      return evaluation.fail("matches needs texts, not", type_name(left.is_text() ? right.type : left.type));
    if (right.size > max_pattern_bytes) return evaluation.fail("a pattern of an entry is longer than 1000 bytes");
    if (!evaluation.spend_steps(Evaluation::max_steps / 50)) return {};
    Result<Regex> pattern = Regex::compile(right.text());
    if (!pattern) return evaluation.fail("cannot use a pattern of an entry", right.text());
    return Value::of_boolean(pattern->is_found_in(left.text()));
  }
};

}  // namespace

NodePointer equality_node(bool wants_equal, NodePointer left, NodePointer right) {
  return std::make_unique<EqualNode>(wants_equal, std::move(left), std::move(right));
}

NodePointer order_node(Order order, NodePointer left, NodePointer right) {
  return std::make_unique<OrderNode>(order, std::move(left), std::move(right));
}

NodePointer in_node(NodePointer needle, NodePointer hay) { return std::make_unique<InNode>(std::move(needle), std::move(hay)); }

NodePointer text_test_node(TextTest test, NodePointer left, NodePointer right) {
  return std::make_unique<TextTestNode>(test, std::move(left), std::move(right));
}

Result<NodePointer> matches_node(NodePointer text, NodePointer pattern) {
  const Value* constant = pattern->constant();
  if (!constant) return NodePointer(std::make_unique<DynamicMatchesNode>(std::move(text), std::move(pattern)));
  ASSIGN_OR_RETURN(Regex compiled, Regex::compile(constant->text()));
  return NodePointer(std::make_unique<MatchesNode>(std::move(text), std::move(compiled)));
}

}  // namespace vigia::operators
