#include "operators/expression.h"

#include "operators/expression_parser_internal.h"

namespace vigia::operators {

Result<Expression> Expression::compile(std::string_view text) {
  if (text.size() > max_bytes) return invalid_argument("the expression is longer than 16 KiB");
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  if (tokens.size() == 1) return expression_error(1, "the expression is empty");
  ExpressionParser parser(std::move(tokens));
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
