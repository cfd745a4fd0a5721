// Which node an operator is, and what goes with what as far as it is known before there is an entry.

#include <fmt/format.h>

#include "operators/expression_nodes_internal.h"

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

Result<NodePointer> calculation(std::string_view symbol, Arithmetic operation, NodePointer left, NodePointer right) {
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
  return calculation_node(operation, type, std::move(left), std::move(right));
}

Result<NodePointer> text_test(std::string_view symbol, NodePointer left, NodePointer right) {
  if (left->type() == StaticType::nil || right->type() == StaticType::nil) return constant_node(Value::of_boolean(false));
  if (!may_be(left->type(), StaticType::text) || !may_be(right->type(), StaticType::text)) return mismatch(symbol, left, right);
  if (symbol == "matches") return matches_node(std::move(left), std::move(right));
  TextTest test = symbol == "contains" ? TextTest::contains : symbol == "startsWith" ? TextTest::starts_with : TextTest::ends_with;
  return text_test_node(test, std::move(left), std::move(right));
}

Result<NodePointer> comparison(std::string_view symbol, NodePointer left, NodePointer right) {
  if (symbol == "==" || symbol == "!=") {
    if (!are_comparable(left->type(), right->type())) return mismatch(symbol, left, right);
    return equality_node(symbol == "==", std::move(left), std::move(right));
  }
  // Unknown names are nil, and only tell when an entry comes.
  if (left->type() != StaticType::nil && right->type() != StaticType::nil && !have_order(left->type(), right->type()))
    return mismatch(symbol, left, right);
  Order order = symbol == "<" ? Order::less : symbol == "<=" ? Order::less_equal : symbol == ">" ? Order::greater : Order::greater_equal;
  return order_node(order, std::move(left), std::move(right));
}

bool may_be_truth(StaticType type) { return type == StaticType::any || type == StaticType::boolean || type == StaticType::nil; }

}  // namespace

Result<NodePointer> unary_node(std::string_view symbol, NodePointer operand) {
  if (symbol == "not" || symbol == "!") {
    if (!may_be_truth(operand->type()))
      return invalid_argument(fmt::format("{} needs true or false, not {}", symbol, static_type_name(operand->type())));
    return not_node(std::move(operand));
  }
  if (!may_be_number(operand->type()))
    return invalid_argument(fmt::format("{} needs a number, not {}", symbol, static_type_name(operand->type())));
  if (symbol == "+") return operand;
  return negate_node(std::move(operand));
}

Result<NodePointer> binary_node(std::string_view symbol, NodePointer left, NodePointer right) {
  bool is_or = symbol == "or" || symbol == "||";
  if (is_or || symbol == "and" || symbol == "&&") {
    if (!may_be_truth(left->type()) || !may_be_truth(right->type())) return mismatch(symbol, left, right);
    return logic_node(is_or, std::move(left), std::move(right));
  }
  if (symbol == "??") return coalesce_node(std::move(left), std::move(right));
  if (symbol == "in") {
    StaticType hay = right->type();
    if (hay != StaticType::any && hay != StaticType::list && hay != StaticType::map && hay != StaticType::nil)
      return mismatch(symbol, left, right);
    return in_node(std::move(left), std::move(right));
  }
  if (symbol == "..") {
    if (!may_be(left->type(), StaticType::integer) || !may_be(right->type(), StaticType::integer)) return mismatch(symbol, left, right);
    return range_node(std::move(left), std::move(right));
  }
  if (symbol == "matches" || symbol == "contains" || symbol == "startsWith" || symbol == "endsWith")
    return text_test(symbol, std::move(left), std::move(right));
  for (const ArithmeticSymbol& one : arithmetic_symbols) {
    if (one.symbol == symbol) return calculation(symbol, one.operation, std::move(left), std::move(right));
  }
  return comparison(symbol, std::move(left), std::move(right));
}

}  // namespace vigia::operators
