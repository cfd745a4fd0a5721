// Calls: which function a name means, and those functions that are about no kind of value in particular.

#include <array>
#include <span>

#include <fmt/format.h>

#include "base/text.h"
#include "operators/expression_internal.h"

namespace vigia::operators {

namespace {

Value call_type(Evaluation&, const Value* arguments, size_t) {
  constexpr std::string_view names[] = {"nil", "bool", "int", "float", "string", "bytes", "array", "map", "time.Time"};
  return Value::of_text(names[static_cast<size_t>(arguments[0].type)]);
}

Value call_now(Evaluation& evaluation, const Value*, size_t) { return Value::of_time(evaluation.tools.clock.wall_ns()); }

Value call_env(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  const auto& environment = evaluation.tools.environment;
  std::optional<std::string> value = environment ? environment(std::string(arguments[0].text())) : std::nullopt;
  return utf8_text(evaluation, evaluation.text(value.value_or("")).text());
}

constexpr Function functions[] = {
    {"type", 1, 1, StaticType::text, call_type},
    {"now", 0, 0, StaticType::time, call_now},
    {"env", 1, 1, StaticType::text, call_env, StaticType::text},
};

std::array<std::span<const Function>, 4> tables() { return {functions, number_functions(), text_functions(), list_functions()}; }

const Function* find_function(std::string_view name) {
  for (std::span<const Function> table : tables())
    for (const Function& one : table)
      if (one.name == name) return &one;
  return nullptr;
}

constexpr size_t most_arguments = 16;

class CallNode final : public ExpressionNode {
 public:
  CallNode(const Function& function, std::vector<NodePointer> arguments)
      : ExpressionNode(function.result), function_(function), arguments_(std::move(arguments)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value values[most_arguments];
    for (size_t i = 0; i < arguments_.size(); i++) {
      values[i] = arguments_[i]->evaluate(evaluation);
      if (evaluation.has_failed()) return {};
    }
    if (!evaluation.spend_steps(1)) return {};
    return function_.call(evaluation, values, arguments_.size());
  }

 private:
  const Function& function_;
  std::vector<NodePointer> arguments_;
};

}  // namespace

CallShape call_shape_of(std::string_view function) {
  if (is_predicate_function(function)) return CallShape::predicate;
  return find_function(function) ? CallShape::plain : CallShape::none;
}

std::string nearest_function(std::string_view function) {
  std::vector<std::string> names;
  for (std::span<const Function> table : tables())
    for (const Function& one : table) names.emplace_back(one.name);
  add_predicate_function_names(names);
  return nearest_word(function, names);
}

Result<NodePointer> call_node(std::string_view function, std::vector<NodePointer> arguments) {
  const Function& found = *find_function(function);
  if (arguments.size() < found.least_arguments || arguments.size() > found.most_arguments) {
    std::string wanted = found.least_arguments == found.most_arguments
                             ? fmt::format("{}", found.least_arguments)
                             : fmt::format("{} to {}", found.least_arguments, found.most_arguments);
    return invalid_argument(fmt::format("{} takes {} arguments, not {}", function, wanted, arguments.size()));
  }
  if (!arguments.empty() && found.first != StaticType::any && arguments[0]->type() != StaticType::any &&
      arguments[0]->type() != StaticType::nil && arguments[0]->type() != found.first)
    return invalid_argument(fmt::format("{} does not take a value of this type", function));
  return NodePointer(std::make_unique<CallNode>(found, std::move(arguments)));
}

}  // namespace vigia::operators
