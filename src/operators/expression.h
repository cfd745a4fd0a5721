#pragma once

// Expressions of operators, in the language of the Collector's (expr-lang): `attributes.level == "error" and body contains "timeout"`.
// README.md lists what there is of it.
//
// Compiled once, immutable, evaluated on any thread. An evaluation ends: what it may do is bounded, whatever the entry holds.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "operators/operation_internal.h"

namespace vigia::operators {

class ExpressionNode;

class Expression {
 public:
  static constexpr size_t max_bytes = 16 * 1024;

  // INVALID_ARGUMENT reads "column 7: unexpected ')'".
  static Result<Expression> compile(std::string_view text);

  // Nothing when it cannot be evaluated on this entry; `problem` says why.
  std::optional<Value> evaluate(Entry& entry, Tools& tools, Problem& problem) const;
  // The same for conditions: nil is false, what is neither true nor false is a problem.
  std::optional<bool> test(Entry& entry, Tools& tools, Problem& problem) const;

  // Whether the result can be true or false.
  bool may_be_boolean() const;
  // Names that mean nothing to us; they are nil, as in the Collector.
  const std::vector<std::string>& unknown_names() const { return unknown_names_; }

 private:
  Expression(std::shared_ptr<const ExpressionNode> root, std::vector<std::string> unknown_names)
      : root_(std::move(root)), unknown_names_(std::move(unknown_names)) {}

  std::shared_ptr<const ExpressionNode> root_;
  std::vector<std::string> unknown_names_;
};

}  // namespace vigia::operators
