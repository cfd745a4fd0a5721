#include "operators/expression_parser_internal.h"

namespace vigia::operators {

namespace {

struct BinaryOperator {
  std::string_view symbol;
  int power;
  bool is_right = false;
};
constexpr BinaryOperator binary_operators[] = {
    {"|", 0},         {"or", 10},        {"||", 10},       {"and", 15}, {"&&", 15},      {"==", 20},       {"!=", 20},
    {"<", 20},        {">", 20},         {">=", 20},       {"<=", 20},  {"in", 20},      {"..", 25},       {"+", 30},
    {"-", 30},        {"*", 60},         {"/", 60},        {"%", 60},   {"matches", 20}, {"contains", 20}, {"startsWith", 20},
    {"endsWith", 20}, {"**", 100, true}, {"^", 100, true}, {"??", 500},
};

const BinaryOperator* binary_operator(const Token& token) {
  for (const BinaryOperator& one : binary_operators) {
    if (token.is(one.symbol)) return &one;
  }
  return nullptr;
}

bool is_comparison(std::string_view symbol) { return symbol == "<" || symbol == ">" || symbol == "<=" || symbol == ">="; }
bool can_be_negated(const Token& token) {
  return token.kind == TokenKind::word && (token.source == "in" || token.source == "matches" || token.source == "contains" ||
                                           token.source == "startsWith" || token.source == "endsWith");
}

}  // namespace

// Several expressions with ; between them: only the last one's value matters, and none of them has side effects.
NodePointer ExpressionParser::parse_sequence() {
  NodePointer node = parse_expression(0);
  while (error_.is_ok() && accept(";")) {
    if (token().kind == TokenKind::end || token().is("}")) break;
    node = parse_expression(0);
  }
  return node;
}

NodePointer ExpressionParser::parse_expression(int power) {
  if (!error_.is_ok()) return nullptr;
  if (++depth_ > max_depth) return fail_at(token(), "the expression nests too deep");
  NodePointer node;
  if (power == 0 && token().is("let")) {
    node = parse_let();
  } else if (power == 0 && token().is("if")) {
    node = parse_if();
  } else {
    node = parse_operators(parse_primary(), power);
    if (power == 0) node = parse_ternary(std::move(node));
  }
  depth_--;
  return node;
}

NodePointer ExpressionParser::parse_operators(NodePointer left, int power) {
  bool is_after_coalesce = false;
  while (error_.is_ok()) {
    bool is_negated = token().is("not") && can_be_negated(next_token());
    const Token symbol = is_negated ? next_token() : token();
    const BinaryOperator* found = binary_operator(symbol);
    if (!found || found->power < power) return left;
    if (is_negated) advance();
    advance();
    if (is_after_coalesce && symbol.source != "??" && symbol.source != "|")
      return fail_at(symbol, fmt::format("{} and ?? need parentheses to tell which comes first", symbol.source));
    is_after_coalesce = symbol.source == "??";
    if (symbol.source == "|") {
      const Token name = token();
      if (name.kind != TokenKind::name) return fail_at(name, "expected a function behind |");
      advance();
      left = parse_call(name, std::move(left));
    } else if (is_comparison(symbol.source)) {
      left = parse_comparisons(std::move(left), symbol);
    } else {
      NodePointer right = parse_expression(found->is_right ? found->power : found->power + 1);
      if (!error_.is_ok()) return nullptr;
      left = built(symbol, binary_node(symbol.source, std::move(left), std::move(right)));
      if (is_negated && left) left = built(symbol, unary_node("not", std::move(left)));
    }
  }
  return nullptr;
}

// 1 < x < 5 means 1 < x and x < 5. The middle is parsed again for the second comparison.
NodePointer ExpressionParser::parse_comparisons(NodePointer left, const Token& symbol) {
  constexpr int power_above = 21;
  NodePointer all;
  Token current = symbol;
  while (error_.is_ok()) {
    size_t begin = at_;
    NodePointer right = parse_expression(power_above);
    if (!error_.is_ok()) return nullptr;
    bool goes_on = token().kind == TokenKind::symbol && is_comparison(token().source);
    NodePointer comparison = built(current, binary_node(current.source, std::move(left), std::move(right)));
    if (!comparison) return nullptr;
    all = all ? built(current, binary_node("and", std::move(all), std::move(comparison))) : std::move(comparison);
    if (!goes_on) return all;
    current = token();
    at_ = begin;
    left = parse_expression(power_above);
    advance();
  }
  return nullptr;
}

NodePointer ExpressionParser::parse_let() {
  advance();
  const Token name = token();
  if (name.kind != TokenKind::name) return fail_at(name, "expected a name behind let");
  advance();
  if (!expect("=")) return nullptr;
  NodePointer value = parse_expression(0);
  if (!error_.is_ok() || !expect(";")) return nullptr;
  if (slots_used_ == max_variables) return fail_at(name, "too many variables");
  size_t slot = slots_used_++;
  variables_.emplace_back(name.source, value->type());
  NodePointer rest = parse_sequence();
  variables_.pop_back();
  slots_used_--;
  if (!error_.is_ok()) return nullptr;
  return built(name, let_node(slot, std::move(value), std::move(rest)));
}

NodePointer ExpressionParser::parse_if() {
  const Token where = token();
  advance();
  NodePointer condition = parse_expression(0);
  if (!expect("{")) return nullptr;
  NodePointer then = parse_sequence();
  if (!expect("}") || !expect("else")) return nullptr;
  NodePointer otherwise;
  if (token().is("if")) {
    otherwise = parse_expression(0);
  } else {
    if (!expect("{")) return nullptr;
    otherwise = parse_sequence();
    if (!expect("}")) return nullptr;
  }
  if (!error_.is_ok()) return nullptr;
  return built(where, condition_node(std::move(condition), std::move(then), std::move(otherwise)));
}

// `a ?: b` is a when that is true.
NodePointer ExpressionParser::parse_ternary(NodePointer condition) {
  while (error_.is_ok() && token().is("?")) {
    const Token where = token();
    advance();
    NodePointer then;
    if (!accept(":")) {
      then = parse_expression(0);
      if (!expect(":")) return nullptr;
    }
    NodePointer otherwise = parse_expression(0);
    if (!error_.is_ok()) return nullptr;
    if (!then) {
      condition = built(where, binary_node("or", std::move(condition), std::move(otherwise)));
    } else {
      condition = built(where, condition_node(std::move(condition), std::move(then), std::move(otherwise)));
    }
  }
  return condition;
}

}  // namespace vigia::operators
