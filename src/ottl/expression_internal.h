#pragma once

// The compiled form of an expression: a tree of nodes that is immutable and may be evaluated on any thread.

#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ottl/context.h"
#include "ottl/value.h"

namespace vigia::ottl {

// One run of a condition on one item: what it sees, the memory of values that had to be made, and the first error.
class Evaluation {
 public:
  explicit Evaluation(const Item& seen) : item(seen) {}
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  const Item& item;

  // Text that lives as long as the evaluation.
  std::string& scratch() { return scratch_.emplace_front(); }

  // Notes that the expression has no value here. Evaluation then ends at the next opportunity.
  Value fail(std::string message) {
    if (error_.is_ok()) error_ = invalid_argument(std::move(message));
    return {};
  }
  bool has_failed() const { return !error_.is_ok(); }
  Status take_error() { return std::move(error_); }

 private:
  std::forward_list<std::string> scratch_;
  Status error_;
};

class ValueNode {
 public:
  virtual ~ValueNode() = default;
  virtual Value evaluate(Evaluation& evaluation) const = 0;
  // The value when it is the same for every item, else nullptr.
  virtual const Value* constant() const { return nullptr; }
};
using ValueNodePointer = std::unique_ptr<const ValueNode>;

class TruthNode {
 public:
  virtual ~TruthNode() = default;
  virtual bool test(Evaluation& evaluation) const = 0;
};
using TruthNodePointer = std::unique_ptr<const TruthNode>;

// A value known beforehand, with the memory it stands in.
class ConstantNode final : public ValueNode {
 public:
  explicit ConstantNode(Value value) : value_(value), memory_(value.content) { value_.content = memory_; }
  Value evaluate(Evaluation&) const override { return value_; }
  const Value* constant() const override { return &value_; }

 private:
  Value value_;
  std::string memory_;
};

// A key behind a path or a function.
struct CompiledKey {
  ValueNodePointer value;
};

// The part of `value` that the keys name: entries of maps by text, items of lists by integer. An entry that is missing is nil.
Value apply_keys(Evaluation& evaluation, Value value, const std::vector<CompiledKey>& keys);

// What a path's name means in a context.
Result<ValueNodePointer> compile_path(const Path& path, size_t column, Context context, std::vector<CompiledKey> keys);

// The results of + - * / and of a minus sign; types that do not fit make the evaluation fail.
Value calculate(Evaluation& evaluation, Operator operation, const Value& left, const Value& right);
Value negated(Evaluation& evaluation, const Value& value);

Result<TruthNodePointer> compile_condition(const Expression& expression, Context context);

// A converter's arguments in the order of its parameters; a missing optional one is null.
struct CallArguments {
  std::vector<ValueNodePointer> values;
};
Result<ValueNodePointer> compile_call(const Call& call, size_t column, Context context, CallArguments arguments);

// What a converter takes, to match arguments with. nullptr when there is none of this name.
struct Parameter {
  std::string_view name;
  bool is_optional = false;
};
const std::vector<Parameter>* parameters_of(std::string_view function);
// " (did you mean X?)", or "" when no name of a converter is near.
std::string nearest_function(std::string_view function);

std::optional<int64_t> enum_value(std::string_view name);
std::string nearest_enum(std::string_view name);

}  // namespace vigia::ottl
