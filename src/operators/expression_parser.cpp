// Text to tree, by precedence climbing. The binding powers are the language's own.

#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/utf8.h"
#include "operators/expression_internal.h"
#include "operators/expression_lexer.h"

namespace vigia::operators {

namespace {

constexpr int max_depth = 60;
constexpr size_t max_nodes = 2000;

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

// A parsed part; a failure is noted in the parser, and the node is then null.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<NodePointer> run() {
    NodePointer root = parse_sequence();
    if (error_.is_ok() && token().kind != TokenKind::end) fail_at(token(), unexpected());
    if (!error_.is_ok()) return std::move(error_);
    return root;
  }
  std::vector<std::string> take_unknown_names() { return std::move(unknown_names_); }

 private:
  const Token& token() const { return tokens_[at_]; }
  const Token& next_token() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void advance() {
    if (at_ + 1 < tokens_.size()) at_++;
  }
  std::string unexpected() const {
    return token().kind == TokenKind::end ? "the expression ends too early" : fmt::format("unexpected {}", token().source);
  }
  NodePointer fail_at(const Token& where, std::string_view message) {
    if (error_.is_ok()) error_ = expression_error(where.column, message);
    return nullptr;
  }
  bool accept(std::string_view symbol) {
    if (!token().is(symbol)) return false;
    advance();
    return true;
  }
  bool expect(std::string_view symbol) {
    if (accept(symbol)) return true;
    fail_at(token(), token().kind == TokenKind::end ? fmt::format("{} is missing at the end", symbol)
                                                    : fmt::format("expected {}, found {}", symbol, token().source));
    return false;
  }
  // Takes what makes the node, and counts it.
  NodePointer built(const Token& where, Result<NodePointer> node) {
    if (!node) return fail_at(where, node.status().message());
    if (++node_count_ > max_nodes) return fail_at(where, "the expression is too large");
    return std::move(*node);
  }

  NodePointer parse_sequence();
  NodePointer parse_expression(int power);
  NodePointer parse_operators(NodePointer left, int power);
  NodePointer parse_comparisons(NodePointer left, const Token& symbol);
  NodePointer parse_let();
  NodePointer parse_if();
  NodePointer parse_ternary(NodePointer condition);
  NodePointer parse_primary();
  NodePointer parse_number();
  NodePointer parse_name();
  NodePointer parse_element();
  NodePointer parse_list();
  NodePointer parse_map();
  NodePointer parse_call(const Token& name, NodePointer piped);
  bool parse_arguments(std::vector<NodePointer>& arguments, bool has_predicate);
  NodePointer parse_predicate();
  NodePointer parse_postfix(NodePointer node);
  NodePointer parse_member(NodePointer node, bool is_optional);
  NodePointer parse_brackets(NodePointer node, bool is_optional);

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int predicate_depth_ = 0;
  size_t node_count_ = 0;
  Status error_;
  std::vector<std::pair<std::string_view, StaticType>> variables_;
  size_t slots_used_ = 0;
  std::vector<std::string> unknown_names_;
};

// Several expressions with ; between them: only the last one's value matters, and none of them has side effects.
NodePointer Parser::parse_sequence() {
  NodePointer node = parse_expression(0);
  while (error_.is_ok() && accept(";")) {
    if (token().kind == TokenKind::end || token().is("}")) break;
    node = parse_expression(0);
  }
  return node;
}

NodePointer Parser::parse_expression(int power) {
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

NodePointer Parser::parse_operators(NodePointer left, int power) {
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
NodePointer Parser::parse_comparisons(NodePointer left, const Token& symbol) {
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

NodePointer Parser::parse_let() {
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

NodePointer Parser::parse_if() {
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
NodePointer Parser::parse_ternary(NodePointer condition) {
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

NodePointer Parser::parse_primary() {
  const Token first = token();
  if (first.is("not") || first.is("!") || first.is("-") || first.is("+")) {
    advance();
    NodePointer operand = parse_expression(first.is("-") || first.is("+") ? 90 : 50);
    if (!error_.is_ok()) return nullptr;
    return parse_postfix(built(first, unary_node(first.source, std::move(operand))));
  }
  if (accept("(")) {
    NodePointer node = parse_sequence();
    if (!expect(")")) return nullptr;
    return parse_postfix(std::move(node));
  }
  if (predicate_depth_ > 0 && (first.is("#") || first.is("."))) return parse_postfix(parse_element());
  if (first.is("[")) return parse_postfix(parse_list());
  if (first.is("{")) return parse_postfix(parse_map());
  if (first.kind == TokenKind::number) return parse_number();
  if (first.kind == TokenKind::text) {
    advance();
    return parse_postfix(built(first, text_node(is_valid_utf8(first.text) ? first.text : repair_utf8(first.text))));
  }
  if (first.kind == TokenKind::name) return parse_name();
  return fail_at(first, unexpected());
}

NodePointer Parser::parse_number() {
  const Token number = token();
  advance();
  std::string digits;
  for (char c : number.source) {
    if (c != '_') digits += c;
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0')
    base = (digits[1] | 32) == 'x' ? 16 : (digits[1] | 32) == 'o' ? 8 : (digits[1] | 32) == 'b' ? 2 : 10;
  const char* begin = digits.data() + (base == 10 ? 0 : 2);
  const char* end = digits.data() + digits.size();
  if (base == 10 && digits.find_first_of(".eE") != std::string::npos) {
    double value;
    auto result = std::from_chars(begin, end, value);
    if (result.ec != std::errc() || result.ptr != end) return fail_at(number, "this number is none, or too large");
    return built(number, constant_node(Value::of_floating(value)));
  }
  int64_t value;
  auto result = std::from_chars(begin, end, value, base);
  if (result.ec != std::errc() || result.ptr != end) return fail_at(number, "this number is none, or too large");
  return built(number, constant_node(Value::of_integer(value)));
}

NodePointer Parser::parse_name() {
  const Token name = token();
  advance();
  if (name.source == "true" || name.source == "false") return built(name, constant_node(Value::of_boolean(name.source == "true")));
  if (name.source == "nil") return built(name, constant_node({}));
  if (token().is("(")) return parse_postfix(parse_call(name, nullptr));
  for (size_t i = variables_.size(); i-- > 0;) {
    if (variables_[i].first == name.source) return parse_postfix(built(name, variable_node(i, variables_[i].second)));
  }
  if (name.source == "body" || name.source == "$") return parse_postfix(built(name, entry_node(EntryPart::body)));
  if (name.source == "attributes") return parse_postfix(built(name, entry_node(EntryPart::attributes)));
  if (name.source == "resource") return parse_postfix(built(name, entry_node(EntryPart::resource)));
  if (name.source == "timestamp") return parse_postfix(built(name, entry_node(EntryPart::timestamp)));
  unknown_names_.emplace_back(name.source);
  return parse_postfix(built(name, constant_node({})));
}

// `.field` means `#.field`, so the dot stays for parse_postfix().
NodePointer Parser::parse_element() {
  const Token where = token();
  if (where.is(".")) return built(where, element_node());
  advance();
  if (token().kind != TokenKind::name) return built(where, element_node());
  const Token name = token();
  advance();
  if (name.source == "index") return built(where, element_index_node());
  if (name.source == "acc") return built(where, accumulator_node());
  return fail_at(name, fmt::format("there is no #{}; there are #, #index and #acc", name.source));
}

NodePointer Parser::parse_list() {
  const Token where = token();
  advance();
  std::vector<NodePointer> items;
  while (error_.is_ok() && !token().is("]")) {
    if (!items.empty() && (!expect(",") || token().is("]"))) break;
    items.push_back(parse_expression(0));
  }
  if (!error_.is_ok() || !expect("]")) return nullptr;
  return built(where, list_node(std::move(items)));
}

NodePointer Parser::parse_map() {
  const Token where = token();
  advance();
  std::vector<std::pair<NodePointer, NodePointer>> members;
  while (error_.is_ok() && !token().is("}")) {
    if (!members.empty() && (!expect(",") || token().is("}"))) break;
    const Token key_token = token();
    NodePointer key;
    if (key_token.kind == TokenKind::text || key_token.kind == TokenKind::name || key_token.kind == TokenKind::number) {
      advance();
      key = built(key_token, text_node(key_token.kind == TokenKind::text ? key_token.text : std::string(key_token.source)));
    } else if (key_token.is("(")) {
      key = parse_expression(0);
    } else {
      return fail_at(key_token, "a key of a map must be a text, a name, a number or an expression in parentheses");
    }
    if (!error_.is_ok() || !expect(":")) return nullptr;
    members.emplace_back(std::move(key), parse_expression(0));
  }
  if (!error_.is_ok() || !expect("}")) return nullptr;
  return built(where, map_node(std::move(members)));
}

// With `piped`, what stands before the | is the first argument.
NodePointer Parser::parse_call(const Token& name, NodePointer piped) {
  CallShape shape = call_shape_of(name.source);
  if (shape == CallShape::none) {
    std::string nearest = nearest_function(name.source);
    return fail_at(name, fmt::format("there is no function {}{}", name.source, nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
  std::vector<NodePointer> arguments;
  if (piped) arguments.push_back(std::move(piped));
  if (!parse_arguments(arguments, shape == CallShape::predicate)) return nullptr;
  return built(name, shape == CallShape::predicate ? predicate_call_node(name.source, std::move(arguments))
                                                   : call_node(name.source, std::move(arguments)));
}

// The second argument of a function with a predicate is that.
bool Parser::parse_arguments(std::vector<NodePointer>& arguments, bool has_predicate) {
  if (!expect("(")) return false;
  bool is_first = true;
  while (error_.is_ok() && !token().is(")")) {
    if (!is_first && (!expect(",") || token().is(")"))) break;
    is_first = false;
    arguments.push_back(has_predicate && arguments.size() == 1 ? parse_predicate() : parse_expression(0));
  }
  return error_.is_ok() && expect(")");
}

NodePointer Parser::parse_predicate() {
  bool has_braces = accept("{");
  predicate_depth_++;
  NodePointer node = has_braces ? parse_sequence() : parse_expression(0);
  predicate_depth_--;
  if (has_braces && !expect("}")) return nullptr;
  return node;
}

// Members and indexes behind a value. Once there is a ?. in the row, the whole row is nil when that part is.
NodePointer Parser::parse_postfix(NodePointer node) {
  bool is_chain = false;
  while (error_.is_ok()) {
    bool is_optional = token().is("?.");
    if (is_optional || token().is(".")) {
      is_chain |= is_optional;
      advance();
      node = is_optional && token().is("[") ? parse_brackets(std::move(node), true) : parse_member(std::move(node), is_optional);
    } else if (token().is("[")) {
      node = parse_brackets(std::move(node), false);
    } else {
      break;
    }
  }
  if (!error_.is_ok()) return nullptr;
  return is_chain ? chain_node(std::move(node)) : std::move(node);
}

NodePointer Parser::parse_member(NodePointer node, bool is_optional) {
  const Token name = token();
  if (name.kind != TokenKind::name && name.kind != TokenKind::word) return fail_at(name, "expected a name behind the dot");
  advance();
  if (token().is("(")) return fail_at(name, fmt::format("methods such as {} are not in this build", name.source));
  return built(name, member_node(std::move(node), text_node(std::string(name.source)), is_optional));
}

NodePointer Parser::parse_brackets(NodePointer node, bool is_optional) {
  const Token where = token();
  advance();
  NodePointer from;
  if (!token().is(":")) from = parse_expression(0);
  if (!error_.is_ok()) return nullptr;
  if (!accept(":")) {
    if (!expect("]")) return nullptr;
    return built(where, member_node(std::move(node), std::move(from), is_optional));
  }
  NodePointer to;
  if (!token().is("]")) to = parse_expression(0);
  if (!error_.is_ok() || !expect("]")) return nullptr;
  return built(where, slice_node(std::move(node), std::move(from), std::move(to)));
}

}  // namespace

Result<Expression> Expression::compile(std::string_view text) {
  if (text.size() > max_bytes) return invalid_argument("the expression is longer than 16 KiB");
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  if (tokens.size() == 1) return expression_error(1, "the expression is empty");
  Parser parser(std::move(tokens));
  ASSIGN_OR_RETURN(NodePointer root, parser.run());
  return Expression(std::shared_ptr<const ExpressionNode>(std::move(root)), parser.take_unknown_names());
}

std::optional<Value> Expression::evaluate(Entry& entry, Tools& tools, Problem& problem) const {
  Evaluation evaluation(entry, tools);
  Value result = root_->evaluate(evaluation);
  if (!evaluation.has_failed()) return result;
  problem = evaluation.problem();
  return std::nullopt;
}

std::optional<bool> Expression::test(Entry& entry, Tools& tools, Problem& problem) const {
  std::optional<Value> result = evaluate(entry, tools, problem);
  if (!result) return std::nullopt;
  if (result->type == Value::Type::boolean) return result->boolean;
  if (result->is_nil()) return false;
  problem = {"a condition is neither true nor false", type_name(result->type)};
  return std::nullopt;
}

bool Expression::may_be_boolean() const {
  return root_->type() == StaticType::boolean || root_->type() == StaticType::any || root_->type() == StaticType::nil;
}

}  // namespace vigia::operators
