#include "ottl/condition.h"

#include <fmt/core.h>

#include "ottl/expression_internal.h"
#include "ottl/parser.h"

namespace vigia::ottl {

namespace {

// Collects the contexts that the paths and functions of an expression name.
class ContextHints {
 public:
  std::optional<Context> innermost;

  void visit(const Expression& expression) {
    std::visit([&](const auto& form) { collect(form); }, expression.form);
  }

 private:
  // Declared so that what is nested deeper has the higher number among contexts of one signal.
  void add(Context context) {
    if (!innermost || context > *innermost) innermost = context;
  }
  void visit_keys(const std::vector<Key>& keys) {
    for (const Key& key : keys) visit(*key.value);
  }

  void collect(const Path& path) {
    std::optional<Context> named = context_by_name(path.segments[0].name);
    if (named && path.segments.size() > 1) add(*named);
    for (const Segment& segment : path.segments) visit_keys(segment.keys);
  }
  void collect(const Call& call) {
    if (call.function == "HasAttrOnDatapoint" || call.function == "HasAttrKeyOnDatapoint") add(Context::metric);
    if (call.function == "IsRootSpan") add(Context::span);
    for (const Argument& argument : call.arguments) visit(*argument.value);
    visit_keys(call.keys);
  }
  void collect(const ListLiteral& list) {
    for (const ExpressionPointer& item : list.items) visit(*item);
  }
  void collect(const MapLiteral& map) {
    for (const auto& entry : map.entries) visit(*entry.second);
  }
  void collect(const Negation& negation) { visit(*negation.operand); }
  void collect(const Arithmetic& arithmetic) {
    visit(*arithmetic.left);
    visit(*arithmetic.right);
  }
  void collect(const Comparison& comparison) {
    visit(*comparison.left);
    visit(*comparison.right);
  }
  void collect(const Not& negated) { visit(*negated.operand); }
  void collect(const And& all) {
    for (const ExpressionPointer& operand : all.operands) visit(*operand);
  }
  void collect(const Or& any) {
    for (const ExpressionPointer& operand : any.operands) visit(*operand);
  }
  template <typename Literal>
  void collect(const Literal&) {}
};

}  // namespace

Result<Condition> Condition::compile(std::string_view text, Context context) {
  ASSIGN_OR_RETURN(ExpressionPointer expression, parse_condition(text));
  ASSIGN_OR_RETURN(TruthNodePointer root, compile_condition(*expression, context));
  return Condition(std::string(text), context, std::shared_ptr<const TruthNode>(std::move(root)));
}

Result<bool> Condition::matches(const Item& item) const {
  Evaluation evaluation(item);
  bool truth = root_->test(evaluation);
  if (evaluation.has_failed()) return evaluation.take_error();
  return truth;
}

Result<Context> infer_context(std::string_view text, otlp::Signal signal) {
  ASSIGN_OR_RETURN(ExpressionPointer expression, parse_condition(text));
  ContextHints hints;
  hints.visit(*expression);
  if (!hints.innermost)
    return invalid_argument("cannot tell the context; begin paths with it, as in span.name or resource.attributes[\"key\"]");
  if (!occurs_in(*hints.innermost, signal))
    return invalid_argument(fmt::format("the context {} does not occur in {}", context_name(*hints.innermost), otlp::signal_name(signal)));
  return *hints.innermost;
}

AnyOf::AnyOf(std::vector<Condition> conditions, ErrorMode error_mode, Logger log)
    : conditions_(std::move(conditions)), error_mode_(error_mode), log_(std::move(log)) {}

Result<bool> AnyOf::matches(const Item& item) const {
  for (const Condition& condition : conditions_) {
    Result<bool> result = condition.matches(item);
    if (result.is_ok()) {
      if (*result) return true;
      continue;
    }
    if (error_mode_ == ErrorMode::propagate)
      return std::move(result).status().with_context(fmt::format("cannot evaluate {}", condition.text()));
    if (error_mode_ == ErrorMode::ignore)
      log_.warn("cannot evaluate a condition", {{"condition", condition.text()}, {"error", result.status().message()}});
  }
  return false;
}

}  // namespace vigia::ottl
