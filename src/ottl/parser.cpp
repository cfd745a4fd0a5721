#include "ottl/parser.h"

#include <optional>

#include <fmt/core.h>

#include "base/text.h"
#include "ottl/lexer.h"

namespace vigia::ottl {

namespace {

using Parsed = Result<ExpressionPointer>;

// Whether an expression may be the operand of a comparison, of arithmetic or of a function.
bool is_value(const Expression& expression) {
  return !std::holds_alternative<Comparison>(expression.form) && !std::holds_alternative<Not>(expression.form) &&
         !std::holds_alternative<And>(expression.form) && !std::holds_alternative<Or>(expression.form);
}

// Whether an expression may stand alone as a condition.
bool is_condition(const Expression& expression) {
  return !is_value(expression) || std::holds_alternative<BooleanLiteral>(expression.form) || std::holds_alternative<Call>(expression.form);
}

std::optional<Comparator> comparator_of(const Token& token) {
  if (token.kind != TokenKind::symbol) return std::nullopt;
  if (token.source == "==") return Comparator::equal;
  if (token.source == "!=") return Comparator::not_equal;
  if (token.source == "<") return Comparator::less;
  if (token.source == "<=") return Comparator::less_equal;
  if (token.source == ">") return Comparator::greater;
  if (token.source == ">=") return Comparator::greater_equal;
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : tokens_(tokens) {}

  Parsed whole_condition() {
    ASSIGN_OR_RETURN(ExpressionPointer condition, or_condition());
    if (peek().kind != TokenKind::end) return unexpected("an operator (==, !=, <, <=, >, >=, and, or, +, -, *, /) or the end");
    RETURN_IF_ERROR(check_condition(*condition));
    return condition;
  }

 private:
  // Counts how deep the parser is, for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) { parser_.depth_++; }
    ~Nesting() { parser_.depth_--; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& next() {
    const Token& token = peek();
    if (at_ + 1 < tokens_.size()) at_++;
    return token;
  }
  bool accept(std::string_view symbol) {
    if (!peek().is_symbol(symbol)) return false;
    next();
    return true;
  }
  Status expect(std::string_view symbol) { return accept(symbol) ? Status() : unexpected(fmt::format("\"{}\"", symbol)); }

  Status unexpected(std::string_view expected) const {
    const Token& token = peek();
    if (token.kind == TokenKind::end) return expression_error(token.column, fmt::format("expected {}, found the end", expected));
    std::string_view shown = token.source.substr(0, 40);
    if (token.is_symbol("="))
      return expression_error(token.column, fmt::format("expected {}, found \"=\"; equality is written ==", expected));
    return expression_error(token.column, fmt::format("expected {}, found {}", expected, shown));
  }

  template <typename Form>
  Parsed make(size_t column, Form form) {
    if (++parts_ > max_parts) return expression_error(column, fmt::format("the expression has more than {} parts", max_parts));
    auto expression = std::make_unique<Expression>();
    expression->column = column;
    expression->form = std::move(form);
    return expression;
  }

  Status check_condition(const Expression& expression) const {
    if (is_condition(expression)) return {};
    return expression_error(expression.column, "a value alone is no condition; compare it, as in … == \"x\" or … != nil");
  }
  Status check_value(const Expression& expression) const {
    if (is_value(expression)) return {};
    return expression_error(expression.column, "a condition cannot be used as a value");
  }

  template <typename Joined>
  Parsed joined(std::string_view word, Parsed (Parser::*operand)()) {
    size_t column = peek().column;
    ASSIGN_OR_RETURN(ExpressionPointer first, (this->*operand)());
    if (!peek().is_keyword(word)) return first;
    RETURN_IF_ERROR(check_condition(*first));
    Joined all;
    all.operands.push_back(std::move(first));
    while (peek().is_keyword(word)) {
      next();
      ASSIGN_OR_RETURN(ExpressionPointer more, (this->*operand)());
      RETURN_IF_ERROR(check_condition(*more));
      all.operands.push_back(std::move(more));
    }
    return make(column, std::move(all));
  }

  Parsed or_condition() {
    Nesting nesting(*this);
    if (depth_ > max_nesting) return expression_error(peek().column, fmt::format("nested deeper than {}", max_nesting));
    return joined<Or>("or", &Parser::and_condition);
  }
  Parsed and_condition() { return joined<And>("and", &Parser::factor); }

  Parsed factor() {
    size_t column = peek().column;
    if (!peek().is_keyword("not")) return comparison();
    next();
    if (peek().is_keyword("not")) return unexpected("a condition");
    ASSIGN_OR_RETURN(ExpressionPointer operand, comparison());
    RETURN_IF_ERROR(check_condition(*operand));
    return make(column, Not{std::move(operand)});
  }

  Parsed comparison() {
    size_t column = peek().column;
    ASSIGN_OR_RETURN(ExpressionPointer left, sum());
    std::optional<Comparator> comparator = comparator_of(peek());
    if (!comparator) return left;
    RETURN_IF_ERROR(check_value(*left));
    next();
    ASSIGN_OR_RETURN(ExpressionPointer right, sum());
    RETURN_IF_ERROR(check_value(*right));
    if (comparator_of(peek())) return expression_error(peek().column, "comparisons do not chain; join them with and");
    return make(column, Comparison{*comparator, std::move(left), std::move(right)});
  }

  Parsed sum() {
    ASSIGN_OR_RETURN(ExpressionPointer left, product());
    while (peek().is_symbol("+") || peek().is_symbol("-")) {
      Operator operation = next().source == "+" ? Operator::add : Operator::subtract;
      ASSIGN_OR_RETURN(ExpressionPointer right, product());
      ASSIGN_OR_RETURN(left, arithmetic(operation, std::move(left), std::move(right)));
    }
    return left;
  }

  Parsed product() {
    ASSIGN_OR_RETURN(ExpressionPointer left, unary());
    while (peek().is_symbol("*") || peek().is_symbol("/")) {
      Operator operation = next().source == "*" ? Operator::multiply : Operator::divide;
      ASSIGN_OR_RETURN(ExpressionPointer right, unary());
      ASSIGN_OR_RETURN(left, arithmetic(operation, std::move(left), std::move(right)));
    }
    return left;
  }

  Parsed arithmetic(Operator operation, ExpressionPointer left, ExpressionPointer right) {
    RETURN_IF_ERROR(check_value(*left));
    RETURN_IF_ERROR(check_value(*right));
    size_t column = left->column;
    return make(column, Arithmetic{operation, std::move(left), std::move(right)});
  }

  Parsed unary() {
    size_t column = peek().column;
    if (accept("+")) return primary();
    if (!accept("-")) return primary();
    // The sign belongs to the literal, or the smallest integer could not be written.
    if (peek().kind == TokenKind::integer) return integer(column, "-" + std::string(next().source));
    if (peek().kind == TokenKind::floating) return floating(column, "-" + std::string(next().source));
    ASSIGN_OR_RETURN(ExpressionPointer operand, primary());
    RETURN_IF_ERROR(check_value(*operand));
    return make(column, Negation{std::move(operand)});
  }

  Parsed integer(size_t column, const std::string& digits) {
    std::optional<int64_t> value = parse_int(digits);
    if (!value) return expression_error(column, fmt::format("{} does not fit 64 bits", digits));
    return make(column, IntegerLiteral{*value});
  }
  Parsed floating(size_t column, const std::string& digits) {
    std::optional<double> value = parse_double(digits);
    if (!value) return expression_error(column, fmt::format("{} is no number that fits 64 bits", digits));
    return make(column, FloatingLiteral{*value});
  }

  Parsed primary() {
    const Token& token = peek();
    size_t column = token.column;
    switch (token.kind) {
      case TokenKind::text:
        return make(column, TextLiteral{next().text});
      case TokenKind::bytes:
        return make(column, BytesLiteral{next().text});
      case TokenKind::integer:
        return integer(column, std::string(next().source));
      case TokenKind::floating:
        return floating(column, std::string(next().source));
      case TokenKind::name:
        return path();
      case TokenKind::function:
        return peek(1).is_symbol("(") ? call() : make(column, EnumName{std::string(next().source)});
      case TokenKind::keyword:
        return word();
      default:
        return bracketed();
    }
  }

  Parsed word() {
    const Token& token = peek();
    size_t column = token.column;
    if (token.source == "nil") {
      next();
      return make(column, NilLiteral{});
    }
    if (token.source != "true" && token.source != "false") return unexpected("a value");
    return make(column, BooleanLiteral{next().source == "true"});
  }

  Parsed bracketed() {
    if (peek().is_symbol("[")) return list();
    if (peek().is_symbol("{")) return map();
    if (!accept("(")) return unexpected("a value (a path, a literal or a function)");
    ASSIGN_OR_RETURN(ExpressionPointer inner, or_condition());
    RETURN_IF_ERROR(expect(")"));
    if (peek().is_symbol("=>")) return expression_error(peek().column, "lambda expressions are not supported");
    return inner;
  }

  // A value one level further down.
  Parsed nested_value() {
    ASSIGN_OR_RETURN(ExpressionPointer value, or_condition());
    RETURN_IF_ERROR(check_value(*value));
    return value;
  }

  Parsed list() {
    size_t column = next().column;
    ListLiteral list;
    while (!accept("]")) {
      if (!list.items.empty()) RETURN_IF_ERROR(expect(","));
      ASSIGN_OR_RETURN(ExpressionPointer item, nested_value());
      list.items.push_back(std::move(item));
    }
    return make(column, std::move(list));
  }

  Parsed map() {
    size_t column = next().column;
    MapLiteral map;
    while (!accept("}")) {
      if (!map.entries.empty()) accept(",");
      if (peek().kind != TokenKind::text) return unexpected("a key in double quotes or \"}\"");
      std::string key = next().text;
      RETURN_IF_ERROR(expect(":"));
      ASSIGN_OR_RETURN(ExpressionPointer value, nested_value());
      map.entries.emplace_back(std::move(key), std::move(value));
    }
    return make(column, std::move(map));
  }

  Status keys(std::vector<Key>& keys) {
    while (peek().is_symbol("[")) {
      Key key;
      key.column = next().column;
      ASSIGN_OR_RETURN(key.value, nested_value());
      RETURN_IF_ERROR(expect("]"));
      keys.push_back(std::move(key));
      if (keys.size() > max_nesting) return expression_error(peek().column, "too many keys");
    }
    return {};
  }

  Parsed path() {
    size_t column = peek().column;
    if (peek(1).is_symbol("("))
      return expression_error(
          column, fmt::format("{} is an editor, which changes data; a condition uses functions that begin with a capital", peek().source));
    Path path;
    do {
      if (peek().kind != TokenKind::name) return unexpected("a name in lower case");
      Segment segment;
      segment.column = peek().column;
      segment.name = next().source;
      RETURN_IF_ERROR(keys(segment.keys));
      path.segments.push_back(std::move(segment));
      if (path.segments.size() > max_nesting) return expression_error(peek().column, "the path is too long");
    } while (accept("."));
    return make(column, std::move(path));
  }

  Parsed call() {
    size_t column = peek().column;
    Call call;
    call.function = next().source;
    next();
    while (!accept(")")) {
      if (!call.arguments.empty()) RETURN_IF_ERROR(expect(","));
      Argument argument;
      if (peek().kind == TokenKind::name && peek(1).is_symbol("=")) {
        argument.name = next().source;
        next();
      } else if (!call.arguments.empty() && !call.arguments.back().name.empty()) {
        return unexpected("a named argument, since the one before has a name");
      }
      ASSIGN_OR_RETURN(argument.value, nested_value());
      call.arguments.push_back(std::move(argument));
    }
    RETURN_IF_ERROR(keys(call.keys));
    return make(column, std::move(call));
  }

  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t parts_ = 0;
};

}  // namespace

Result<ExpressionPointer> parse_condition(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  return Parser(tokens).whole_condition();
}

}  // namespace vigia::ottl
