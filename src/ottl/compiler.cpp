// From syntax.h to nodes that can be evaluated: names are looked up, arguments matched, constants worked out.

#include <fmt/core.h>

#include "ottl/expression_internal.h"
#include "ottl/lexer.h"

namespace vigia::ottl {

namespace {

class ListNode final : public ValueNode {
 public:
  explicit ListNode(std::vector<ValueNodePointer> items) : items_(std::move(items)) {}
  Value evaluate(Evaluation& evaluation) const override {
    std::string& content = evaluation.scratch();
    for (const ValueNodePointer& item : items_) {
      std::string value;
      append_any_value(value, item->evaluate(evaluation));
      if (evaluation.has_failed()) return {};
      otlp::append_bytes_field(content, 1, value);
    }
    return Value::of_list(content, 1);
  }

 private:
  std::vector<ValueNodePointer> items_;
};

class MapNode final : public ValueNode {
 public:
  explicit MapNode(std::vector<std::pair<std::string, ValueNodePointer>> entries) : entries_(std::move(entries)) {}
  Value evaluate(Evaluation& evaluation) const override {
    std::string& content = evaluation.scratch();
    for (const auto& [key, node] : entries_) {
      std::string value;
      append_any_value(value, node->evaluate(evaluation));
      if (evaluation.has_failed()) return {};
      std::string entry;
      otlp::append_bytes_field(entry, 1, key);
      otlp::append_bytes_field(entry, 2, value);
      otlp::append_bytes_field(content, 1, entry);
    }
    return Value::of_map(content, 1);
  }

 private:
  std::vector<std::pair<std::string, ValueNodePointer>> entries_;
};

class NegationNode final : public ValueNode {
 public:
  explicit NegationNode(ValueNodePointer operand) : operand_(std::move(operand)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = operand_->evaluate(evaluation);
    return evaluation.has_failed() ? Value() : negated(evaluation, value);
  }

 private:
  ValueNodePointer operand_;
};

class ArithmeticNode final : public ValueNode {
 public:
  ArithmeticNode(Operator operation, ValueNodePointer left, ValueNodePointer right)
      : operation_(operation), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    Value right = right_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    return calculate(evaluation, operation_, left, right);
  }

 private:
  Operator operation_;
  ValueNodePointer left_;
  ValueNodePointer right_;
};

class IndexNode final : public ValueNode {
 public:
  IndexNode(ValueNodePointer base, std::vector<CompiledKey> keys) : base_(std::move(base)), keys_(std::move(keys)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = base_->evaluate(evaluation);
    return evaluation.has_failed() ? Value() : apply_keys(evaluation, value, keys_);
  }

 private:
  ValueNodePointer base_;
  std::vector<CompiledKey> keys_;
};

class ConstantTruth final : public TruthNode {
 public:
  explicit ConstantTruth(bool value) : value_(value) {}
  bool test(Evaluation&) const override { return value_; }

 private:
  bool value_;
};

class ValueTruth final : public TruthNode {
 public:
  explicit ValueTruth(ValueNodePointer value) : value_(std::move(value)) {}
  bool test(Evaluation& evaluation) const override {
    Value value = value_->evaluate(evaluation);
    if (evaluation.has_failed()) return false;
    if (value.type == Value::Type::boolean) return value.boolean;
    evaluation.fail(fmt::format("a condition gave {} instead of a boolean", type_name(value.type)));
    return false;
  }

 private:
  ValueNodePointer value_;
};

class ComparisonTruth final : public TruthNode {
 public:
  ComparisonTruth(Comparator comparator, ValueNodePointer left, ValueNodePointer right)
      : comparator_(comparator), left_(std::move(left)), right_(std::move(right)) {}
  bool test(Evaluation& evaluation) const override {
    Value left = left_->evaluate(evaluation);
    if (evaluation.has_failed()) return false;
    Value right = right_->evaluate(evaluation);
    return !evaluation.has_failed() && compare(left, comparator_, right);
  }

 private:
  Comparator comparator_;
  ValueNodePointer left_;
  ValueNodePointer right_;
};

class NotTruth final : public TruthNode {
 public:
  explicit NotTruth(TruthNodePointer operand) : operand_(std::move(operand)) {}
  bool test(Evaluation& evaluation) const override {
    bool truth = operand_->test(evaluation);
    return !evaluation.has_failed() && !truth;
  }

 private:
  TruthNodePointer operand_;
};

// `and` stops at the first false operand, `or` at the first true one.
class JoinedTruth final : public TruthNode {
 public:
  JoinedTruth(std::vector<TruthNodePointer> operands, bool decisive) : operands_(std::move(operands)), decisive_(decisive) {}
  bool test(Evaluation& evaluation) const override {
    for (const TruthNodePointer& operand : operands_) {
      bool truth = operand->test(evaluation);
      if (evaluation.has_failed()) return false;
      if (truth == decisive_) return decisive_;
    }
    return !decisive_;
  }

 private:
  std::vector<TruthNodePointer> operands_;
  bool decisive_;
};

class Compiler {
 public:
  explicit Compiler(Context context) : context_(context) {}

  Result<TruthNodePointer> truth(const Expression& expression) {
    if (const auto* literal = std::get_if<BooleanLiteral>(&expression.form))
      return TruthNodePointer(std::make_unique<ConstantTruth>(literal->value));
    if (const auto* comparison = std::get_if<Comparison>(&expression.form)) {
      ASSIGN_OR_RETURN(ValueNodePointer left, value(*comparison->left));
      ASSIGN_OR_RETURN(ValueNodePointer right, value(*comparison->right));
      return TruthNodePointer(std::make_unique<ComparisonTruth>(comparison->comparator, std::move(left), std::move(right)));
    }
    if (const auto* negated = std::get_if<Not>(&expression.form)) {
      ASSIGN_OR_RETURN(TruthNodePointer operand, truth(*negated->operand));
      return TruthNodePointer(std::make_unique<NotTruth>(std::move(operand)));
    }
    if (const auto* all = std::get_if<And>(&expression.form)) return joined(all->operands, false);
    if (const auto* any = std::get_if<Or>(&expression.form)) return joined(any->operands, true);
    ASSIGN_OR_RETURN(ValueNodePointer node, value(expression));
    return TruthNodePointer(std::make_unique<ValueTruth>(std::move(node)));
  }

 private:
  using Compiled = Result<ValueNodePointer>;

  template <typename Node, typename... Args>
  static ValueNodePointer make(Args&&... args) {
    return std::make_unique<const Node>(std::forward<Args>(args)...);
  }

  Result<TruthNodePointer> joined(const std::vector<ExpressionPointer>& operands, bool decisive) {
    std::vector<TruthNodePointer> nodes;
    for (const ExpressionPointer& operand : operands) {
      ASSIGN_OR_RETURN(TruthNodePointer node, truth(*operand));
      nodes.push_back(std::move(node));
    }
    return TruthNodePointer(std::make_unique<JoinedTruth>(std::move(nodes), decisive));
  }

  Compiled value(const Expression& expression) {
    size_t column = expression.column;
    return std::visit([&](const auto& form) { return compile(form, column); }, expression.form);
  }

  // Evaluates what does not depend on any item right away.
  static Compiled folded(ValueNodePointer node, size_t column) {
    Item nothing;
    Evaluation evaluation(nothing);
    Value value = node->evaluate(evaluation);
    if (evaluation.has_failed()) return expression_error(column, evaluation.take_error().message());
    return make<ConstantNode>(value);
  }

  Compiled compile(const NilLiteral&, size_t) { return make<ConstantNode>(Value()); }
  Compiled compile(const BooleanLiteral& literal, size_t) { return make<ConstantNode>(Value::of_boolean(literal.value)); }
  Compiled compile(const IntegerLiteral& literal, size_t) { return make<ConstantNode>(Value::of_integer(literal.value)); }
  Compiled compile(const FloatingLiteral& literal, size_t) { return make<ConstantNode>(Value::of_floating(literal.value)); }
  Compiled compile(const TextLiteral& literal, size_t) { return make<ConstantNode>(Value::of_text(literal.value)); }
  Compiled compile(const BytesLiteral& literal, size_t) { return make<ConstantNode>(Value::of_bytes(literal.value)); }

  Compiled compile(const EnumName& name, size_t column) {
    if (std::optional<int64_t> number = enum_value(name.name)) return make<ConstantNode>(Value::of_integer(*number));
    return expression_error(column, fmt::format("there is no enum {}{}", name.name, nearest_enum(name.name)));
  }

  Compiled compile(const ListLiteral& list, size_t column) {
    std::vector<ValueNodePointer> items;
    bool is_constant = true;
    for (const ExpressionPointer& item : list.items) {
      ASSIGN_OR_RETURN(ValueNodePointer node, value(*item));
      is_constant = is_constant && node->constant();
      items.push_back(std::move(node));
    }
    ValueNodePointer node = make<ListNode>(std::move(items));
    return is_constant ? folded(std::move(node), column) : Compiled(std::move(node));
  }

  Compiled compile(const MapLiteral& map, size_t column) {
    std::vector<std::pair<std::string, ValueNodePointer>> entries;
    bool is_constant = true;
    for (const auto& [key, item] : map.entries) {
      ASSIGN_OR_RETURN(ValueNodePointer node, value(*item));
      is_constant = is_constant && node->constant();
      entries.emplace_back(key, std::move(node));
    }
    ValueNodePointer node = make<MapNode>(std::move(entries));
    return is_constant ? folded(std::move(node), column) : Compiled(std::move(node));
  }

  Result<std::vector<CompiledKey>> keys(const std::vector<Key>& keys) {
    std::vector<CompiledKey> compiled;
    for (const Key& key : keys) {
      ASSIGN_OR_RETURN(ValueNodePointer node, value(*key.value));
      const Value* constant = node->constant();
      if (constant && constant->type != Value::Type::text && constant->type != Value::Type::integer)
        return expression_error(key.column, "a key is a text or an integer");
      compiled.push_back({std::move(node)});
    }
    return compiled;
  }

  Compiled compile(const Path& path, size_t column) {
    ASSIGN_OR_RETURN(std::vector<CompiledKey> compiled, keys(path.segments.back().keys));
    return compile_path(path, column, context_, std::move(compiled));
  }

  Result<CallArguments> arguments(const Call& call, size_t column) {
    const std::vector<Parameter>* parameters = parameters_of(call.function);
    if (!parameters)
      return expression_error(column, fmt::format("there is no function {}{}", call.function, nearest_function(call.function)));
    CallArguments arguments;
    arguments.values.resize(parameters->size());
    for (size_t i = 0; i < call.arguments.size(); i++) {
      const Argument& argument = call.arguments[i];
      size_t place = i;
      if (!argument.name.empty())
        for (place = 0; place < parameters->size() && (*parameters)[place].name != argument.name;) place++;
      if (place >= parameters->size() || arguments.values[place])
        return expression_error(argument.value->column,
                                fmt::format("{} takes no such argument; its parameters are ({})", call.function, described(*parameters)));
      ASSIGN_OR_RETURN(arguments.values[place], value(*argument.value));
    }
    for (size_t i = 0; i < parameters->size(); i++) {
      if (!arguments.values[i] && !(*parameters)[i].is_optional)
        return expression_error(column,
                                fmt::format("{} lacks an argument; its parameters are ({})", call.function, described(*parameters)));
    }
    return arguments;
  }

  static std::string described(const std::vector<Parameter>& parameters) {
    std::string text;
    for (const Parameter& parameter : parameters) {
      if (!text.empty()) text += ", ";
      text += parameter.name;
      if (parameter.is_optional) text += " (optional)";
    }
    return text;
  }

  Compiled compile(const Call& call, size_t column) {
    ASSIGN_OR_RETURN(CallArguments values, arguments(call, column));
    ASSIGN_OR_RETURN(ValueNodePointer node, compile_call(call, column, context_, std::move(values)));
    if (call.keys.empty()) return node;
    ASSIGN_OR_RETURN(std::vector<CompiledKey> compiled, keys(call.keys));
    return make<IndexNode>(std::move(node), std::move(compiled));
  }

  Compiled compile(const Negation& negation, size_t column) {
    ASSIGN_OR_RETURN(ValueNodePointer operand, value(*negation.operand));
    bool is_constant = operand->constant() != nullptr;
    ValueNodePointer node = make<NegationNode>(std::move(operand));
    return is_constant ? folded(std::move(node), column) : Compiled(std::move(node));
  }

  Compiled compile(const Arithmetic& arithmetic, size_t column) {
    ASSIGN_OR_RETURN(ValueNodePointer left, value(*arithmetic.left));
    ASSIGN_OR_RETURN(ValueNodePointer right, value(*arithmetic.right));
    bool is_constant = left->constant() && right->constant();
    ValueNodePointer node = make<ArithmeticNode>(arithmetic.operation, std::move(left), std::move(right));
    return is_constant ? folded(std::move(node), column) : Compiled(std::move(node));
  }

  // The parser lets no condition stand where a value is wanted.
  template <typename ConditionForm>
  Compiled compile(const ConditionForm&, size_t column) {
    return expression_error(column, "a condition cannot be used as a value");
  }

  Context context_;
};

}  // namespace

Value apply_keys(Evaluation& evaluation, Value value, const std::vector<CompiledKey>& keys) {
  for (const CompiledKey& compiled : keys) {
    Value key = compiled.value->evaluate(evaluation);
    if (evaluation.has_failed() || value.is_nil()) return {};
    if (value.type == Value::Type::map && key.type == Value::Type::text) {
      Value entry;
      for (const otlp::AttributeView& attribute : value.attributes()) {
        if (attribute.key != key.content) continue;
        entry = Value::of_any(attribute.value_message);
        break;
      }
      value = entry;
    } else if (value.type == Value::Type::list && key.type == Value::Type::integer) {
      int64_t left = key.integer;
      auto items = value.items();
      auto item = items.begin();
      for (; left > 0 && item != items.end(); left--) ++item;
      if (left != 0 || item == items.end()) return evaluation.fail(fmt::format("index {} is out of bounds", key.integer));
      value = Value::of_any(*item);
    } else {
      return evaluation.fail(fmt::format("cannot index {} with {}", type_name(value.type), type_name(key.type)));
    }
  }
  return value;
}

Result<TruthNodePointer> compile_condition(const Expression& expression, Context context) { return Compiler(context).truth(expression); }

}  // namespace vigia::ottl
