#pragma once

// Text to tree, by precedence climbing. The binding powers are the language's own.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "operators/expression_internal.h"
#include "operators/expression_lexer.h"

namespace vigia::operators {

// A parsed part; a failure is noted in the parser, and the node is then null.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<NodePointer> run() {
    NodePointer root = parse_sequence();
    if (error_.is_ok() && token().kind != TokenKind::end) fail_at(token(), unexpected());
    if (!error_.is_ok()) return std::move(error_);
    return root;
  }
  std::vector<std::string> take_unknown_names() { return std::move(unknown_names_); }

 private:
  static constexpr int max_depth = 60;
  static constexpr size_t max_nodes = 2000;

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

  // Operators and what controls them (expression_parser.cpp).
  NodePointer parse_sequence();
  NodePointer parse_expression(int power);
  NodePointer parse_operators(NodePointer left, int power);
  NodePointer parse_comparisons(NodePointer left, const Token& symbol);
  NodePointer parse_let();
  NodePointer parse_if();
  NodePointer parse_ternary(NodePointer condition);
  // Values and what follows them (expression_parser_values.cpp).
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

}  // namespace vigia::operators
