// Arithmetic, comparisons, logic.

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/regex.h"
#include "operators/expression_internal.h"

namespace vigia::operators {

namespace {

bool is_numeric(StaticType type) { return type == StaticType::integer || type == StaticType::floating; }
bool may_be(StaticType type, StaticType wanted) { return type == StaticType::any || type == wanted; }
bool may_be_number(StaticType type) { return type == StaticType::any || is_numeric(type); }

std::string_view static_type_name(StaticType type) {
  constexpr std::string_view names[] = {"anything", "nil", "a boolean", "an integer", "a float", "a text", "a list", "a map", "a time"};
  return names[static_cast<size_t>(type)];
}

Status mismatch(std::string_view symbol, const NodePointer& left, const NodePointer& right) {
  return invalid_argument(
      fmt::format("{} does not go with {} and {}", symbol, static_type_name(left->type()), static_type_name(right->type())));
}

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

class EqualNode final : public ExpressionNode {
 public:
  EqualNode(bool wanted, NodePointer left, NodePointer right)
      : ExpressionNode(StaticType::boolean), wanted_(wanted), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    return Value::of_boolean(equal(left, right) == wanted_);
  }

 private:
  bool wanted_;
  NodePointer left_;
  NodePointer right_;
};

enum class Order : uint8_t { less, less_equal, greater, greater_equal };

class OrderNode final : public ExpressionNode {
 public:
  OrderNode(Order order, NodePointer left, NodePointer right)
      : ExpressionNode(StaticType::boolean), order_(order), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
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
  NodePointer left_;
  NodePointer right_;
};

enum class Arithmetic : uint8_t { add, subtract, multiply, divide, modulo, power };

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

class ArithmeticNode final : public ExpressionNode {
 public:
  ArithmeticNode(Arithmetic operation, StaticType type, NodePointer left, NodePointer right)
      : ExpressionNode(type), operation_(operation), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
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
  NodePointer left_;
  NodePointer right_;
};

class InNode final : public ExpressionNode {
 public:
  InNode(NodePointer left, NodePointer right) : ExpressionNode(StaticType::boolean), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value needle = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value hay = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (hay.is_nil()) return Value::of_boolean(false);
    if (hay.is_map()) return Value::of_boolean(needle.is_text() && hay.map->find(needle.text()));
    if (!hay.is_list()) return evaluation.fail("in needs a list or a map, not", type_name(hay.type));
    if (!evaluation.spend_steps(hay.list->count)) return {};
    return Value::of_boolean(std::any_of(hay.list->begin(), hay.list->end(), [&](const Value& item) { return equal(item, needle); }));
  }

 private:
  NodePointer left_;
  NodePointer right_;
};

enum class TextTest : uint8_t { contains, starts_with, ends_with };

class TextTestNode final : public ExpressionNode {
 public:
  TextTestNode(TextTest test, NodePointer left, NodePointer right)
      : ExpressionNode(StaticType::boolean), test_(test), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
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
  NodePointer left_;
  NodePointer right_;
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
class DynamicMatchesNode final : public ExpressionNode {
 public:
  static constexpr size_t max_pattern_bytes = 1000;

  DynamicMatchesNode(NodePointer left, NodePointer right)
      : ExpressionNode(StaticType::boolean), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (left.is_nil() || right.is_nil()) return Value::of_boolean(false);
    if (!left.is_text() || !right.is_text())
      return evaluation.fail("matches needs texts, not", type_name(left.is_text() ? right.type : left.type));
    if (right.size > max_pattern_bytes) return evaluation.fail("a pattern of an entry is longer than 1000 bytes");
    if (!evaluation.spend_steps(Evaluation::max_steps / 50)) return {};
    Result<Regex> pattern = Regex::compile(right.text());
    if (!pattern) return evaluation.fail("cannot use a pattern of an entry", right.text());
    return Value::of_boolean(pattern->is_found_in(left.text()));
  }

 private:
  NodePointer left_;
  NodePointer right_;
};

class RangeNode final : public ExpressionNode {
 public:
  RangeNode(NodePointer from, NodePointer to) : ExpressionNode(StaticType::list), from_(std::move(from)), to_(std::move(to)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value from = from_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value to = to_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
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

 private:
  NodePointer from_;
  NodePointer to_;
};

// --- What goes with what, as far as it is known beforehand ---

bool are_comparable(StaticType left, StaticType right) {
  if (left == StaticType::any || right == StaticType::any || left == StaticType::nil || right == StaticType::nil) return true;
  return left == right || (is_numeric(left) && is_numeric(right));
}

bool have_order(StaticType left, StaticType right) {
  if (may_be_number(left) && may_be_number(right)) return true;
  return (may_be(left, StaticType::text) && may_be(right, StaticType::text)) ||
         (may_be(left, StaticType::time) && may_be(right, StaticType::time));
}

struct ArithmeticSymbol {
  std::string_view symbol;
  Arithmetic operation;
};
constexpr ArithmeticSymbol arithmetic_symbols[] = {{"+", Arithmetic::add},    {"-", Arithmetic::subtract}, {"*", Arithmetic::multiply},
                                                   {"/", Arithmetic::divide}, {"%", Arithmetic::modulo},   {"**", Arithmetic::power},
                                                   {"^", Arithmetic::power}};

Result<NodePointer> arithmetic_node(std::string_view symbol, Arithmetic operation, NodePointer left, NodePointer right) {
  StaticType a = left->type();
  StaticType b = right->type();
  bool are_texts = operation == Arithmetic::add && may_be(a, StaticType::text) && may_be(b, StaticType::text);
  bool are_numbers = may_be_number(a) && may_be_number(b);
  if (operation == Arithmetic::modulo && (a == StaticType::floating || b == StaticType::floating)) are_numbers = false;
  if (!are_texts && !are_numbers) return mismatch(symbol, left, right);
  StaticType type = StaticType::any;
  if (operation == Arithmetic::divide || operation == Arithmetic::power) {
    type = StaticType::floating;
  } else if (operation == Arithmetic::modulo) {
    type = StaticType::integer;
  } else if (is_numeric(a) && is_numeric(b)) {
    type = a == b ? a : StaticType::floating;
  } else if (a == StaticType::text || b == StaticType::text) {
    type = StaticType::text;
  }
  return NodePointer(std::make_unique<ArithmeticNode>(operation, type, std::move(left), std::move(right)));
}

Result<NodePointer> matches_node(NodePointer left, NodePointer right) {
  const Value* constant = right->constant();
  if (!constant) return NodePointer(std::make_unique<DynamicMatchesNode>(std::move(left), std::move(right)));
  ASSIGN_OR_RETURN(Regex pattern, Regex::compile(constant->text()));
  return NodePointer(std::make_unique<MatchesNode>(std::move(left), std::move(pattern)));
}

Result<NodePointer> text_test_node(std::string_view symbol, NodePointer left, NodePointer right) {
  if (left->type() == StaticType::nil || right->type() == StaticType::nil) return constant_node(Value::of_boolean(false));
  if (!may_be(left->type(), StaticType::text) || !may_be(right->type(), StaticType::text)) return mismatch(symbol, left, right);
  if (symbol == "matches") return matches_node(std::move(left), std::move(right));
  TextTest test = symbol == "contains" ? TextTest::contains : symbol == "startsWith" ? TextTest::starts_with : TextTest::ends_with;
  return NodePointer(std::make_unique<TextTestNode>(test, std::move(left), std::move(right)));
}

Result<NodePointer> comparison_node(std::string_view symbol, NodePointer left, NodePointer right) {
  if (symbol == "==" || symbol == "!=") {
    if (!are_comparable(left->type(), right->type())) return mismatch(symbol, left, right);
    return NodePointer(std::make_unique<EqualNode>(symbol == "==", std::move(left), std::move(right)));
  }
  // Unknown names are nil, and only tell when an entry comes.
  if (left->type() != StaticType::nil && right->type() != StaticType::nil && !have_order(left->type(), right->type()))
    return mismatch(symbol, left, right);
  Order order = symbol == "<" ? Order::less : symbol == "<=" ? Order::less_equal : symbol == ">" ? Order::greater : Order::greater_equal;
  return NodePointer(std::make_unique<OrderNode>(order, std::move(left), std::move(right)));
}

bool may_be_truth(StaticType type) { return type == StaticType::any || type == StaticType::boolean || type == StaticType::nil; }

}  // namespace

bool is_less(Evaluation& evaluation, const Value& left, const Value& right) {
  if (left.type == Value::Type::integer && right.type == Value::Type::integer) return left.integer < right.integer;
  if (left.is_number() && right.is_number()) return left.as_double() < right.as_double();
  if (left.is_text() && right.is_text()) return left.text() < right.text();
  if (left.type == Value::Type::time && right.type == Value::Type::time) return left.integer < right.integer;
  evaluation.fail("< and > do not go with", type_name(left.is_number() || left.is_text() ? right.type : left.type));
  return false;
}

Result<NodePointer> unary_node(std::string_view symbol, NodePointer operand) {
  if (symbol == "not" || symbol == "!") {
    if (!may_be_truth(operand->type()))
      return invalid_argument(fmt::format("{} needs true or false, not {}", symbol, static_type_name(operand->type())));
    return NodePointer(std::make_unique<NotNode>(std::move(operand)));
  }
  if (!may_be_number(operand->type()))
    return invalid_argument(fmt::format("{} needs a number, not {}", symbol, static_type_name(operand->type())));
  if (symbol == "+") return operand;
  return NodePointer(std::make_unique<NegateNode>(std::move(operand)));
}

Result<NodePointer> binary_node(std::string_view symbol, NodePointer left, NodePointer right) {
  bool is_or = symbol == "or" || symbol == "||";
  if (is_or || symbol == "and" || symbol == "&&") {
    if (!may_be_truth(left->type()) || !may_be_truth(right->type())) return mismatch(symbol, left, right);
    return NodePointer(std::make_unique<LogicNode>(is_or, std::move(left), std::move(right)));
  }
  if (symbol == "??") return NodePointer(std::make_unique<CoalesceNode>(std::move(left), std::move(right)));
  if (symbol == "in") {
    StaticType hay = right->type();
    if (hay != StaticType::any && hay != StaticType::list && hay != StaticType::map && hay != StaticType::nil)
      return mismatch(symbol, left, right);
    return NodePointer(std::make_unique<InNode>(std::move(left), std::move(right)));
  }
  if (symbol == "..") {
    if (!may_be(left->type(), StaticType::integer) || !may_be(right->type(), StaticType::integer)) return mismatch(symbol, left, right);
    return NodePointer(std::make_unique<RangeNode>(std::move(left), std::move(right)));
  }
  if (symbol == "matches" || symbol == "contains" || symbol == "startsWith" || symbol == "endsWith")
    return text_test_node(symbol, std::move(left), std::move(right));
  for (const ArithmeticSymbol& one : arithmetic_symbols) {
    if (one.symbol == symbol) return arithmetic_node(symbol, one.operation, std::move(left), std::move(right));
  }
  return comparison_node(symbol, std::move(left), std::move(right));
}

NodePointer condition_node(NodePointer condition, NodePointer then, NodePointer otherwise) {
  return std::make_unique<ConditionNode>(std::move(condition), std::move(then), std::move(otherwise));
}

}  // namespace vigia::operators
