#pragma once

// The typed tree that an expression becomes, and one run of it on an entry.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "operators/expression.h"
#include "operators/operation_internal.h"

namespace vigia::operators {

// What is known of a result before there is an entry.
enum class StaticType : uint8_t { any, nil, boolean, integer, floating, text, list, map, time };

constexpr size_t max_variables = 32;

// The element that a predicate such as `# > 3` looks at.
struct Frame {
  Value element;
  int64_t index = 0;
  Value accumulator;
};

class Evaluation {
 public:
  // How many elements predicates, ranges and the like may look at, and how many bytes the results in between may have.
  static constexpr size_t max_steps = 1'000'000;
  static constexpr size_t max_bytes = 16 << 20;

  Evaluation(Entry& given_entry, Tools& given_tools) : entry(given_entry), tools(given_tools), arena(given_tools.arena) {}
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  Entry& entry;
  Tools& tools;
  Arena& arena;
  const Frame* frame = nullptr;
  // Those of `let`; null until there is one.
  Value* variables = nullptr;
  // In a row such as a?.b.c: a was nil, so the rest is.
  bool is_chain_broken = false;

  bool has_failed() const { return has_failed_; }
  const Problem& problem() const { return problem_; }
  // There is no value here. Evaluation then ends at the next opportunity.
  Value fail(std::string_view what, std::string_view detail = {}) {
    if (!has_failed_) problem_ = {what, detail};
    has_failed_ = true;
    return {};
  }
  // False, and failed, when the expression costs too much.
  bool spend_steps(size_t count) {
    steps_ += count;
    if (steps_ > max_steps) fail("the expression takes too long on this entry");
    return !has_failed_;
  }
  bool spend_bytes(size_t count) {
    bytes_ += count;
    if (bytes_ > max_bytes) fail("the expression needs too much memory on this entry");
    return !has_failed_;
  }
  // A text in the arena.
  Value text(std::string_view text) { return spend_bytes(text.size()) ? Value::of_text(arena.copy(text)) : Value(); }

 private:
  bool has_failed_ = false;
  Problem problem_;
  size_t steps_ = 0;
  size_t bytes_ = 0;
};

class ExpressionNode {
 public:
  explicit ExpressionNode(StaticType type) : type_(type) {}
  virtual ~ExpressionNode() = default;
  // The result means nothing when the evaluation has failed.
  virtual Value evaluate(Evaluation& evaluation) const = 0;
  // The value when it is the same for every entry.
  virtual const Value* constant() const { return nullptr; }
  StaticType type() const { return type_; }

 private:
  StaticType type_;
};
using NodePointer = std::unique_ptr<const ExpressionNode>;

// --- Literals and places (expression_access.cpp) ---
NodePointer constant_node(const Value& value);
NodePointer text_node(std::string text);
enum class EntryPart : uint8_t { body, attributes, resource, timestamp };
NodePointer entry_node(EntryPart part);
NodePointer list_node(std::vector<NodePointer> items);
NodePointer map_node(std::vector<std::pair<NodePointer, NodePointer>> members);
NodePointer variable_node(size_t slot, StaticType type);
// `let`: sets a variable, then evaluates the rest.
NodePointer let_node(size_t slot, NodePointer value, NodePointer rest);
// `#`, `#index`, `#acc`.
NodePointer element_node();
NodePointer element_index_node();
NodePointer accumulator_node();
// `object.key`, `object[key]`, and with ?. in front of it.
NodePointer member_node(NodePointer object, NodePointer key, bool is_optional);
// The end of a chain with ?. in it: nil when a part in it was missing.
NodePointer chain_node(NodePointer inside);
NodePointer slice_node(NodePointer object, NodePointer from, NodePointer to);
// `object.key` as evaluated; for first(), get() and the like.
Value member_of(Evaluation& evaluation, const Value& object, const Value& key);

// A number as an index; a float loses what stands behind its point.
std::optional<int64_t> whole_number(const Value& value);
// A part of a text, or a repaired copy when it was cut inside of a character.
Value utf8_text(Evaluation& evaluation, std::string_view text);

// --- Operators (expression_operators.cpp, expression_nodes_internal.h) ---
// The error, without a column, when the types cannot fit.
Result<NodePointer> unary_node(std::string_view symbol, NodePointer operand);
Result<NodePointer> binary_node(std::string_view symbol, NodePointer left, NodePointer right);
NodePointer condition_node(NodePointer condition, NodePointer then, NodePointer otherwise);
// As `<` has it; fails for what has no order.
bool is_less(Evaluation& evaluation, const Value& left, const Value& right);

// --- Functions (expression_functions.cpp, expression_numbers.cpp, expression_texts.cpp, expression_lists.cpp, expression_predicates.cpp) ---
enum class CallShape : uint8_t {
  none,       // there is no such function
  plain,      // len(x)
  predicate,  // any(list, # > 3)
};
CallShape call_shape_of(std::string_view function);
Result<NodePointer> call_node(std::string_view function, std::vector<NodePointer> arguments);
// The nearest name of a function, "" when none is near.
std::string nearest_function(std::string_view function);

struct Function {
  std::string_view name;
  uint8_t least_arguments;
  uint8_t most_arguments;
  StaticType result;
  Value (*call)(Evaluation& evaluation, const Value* arguments, size_t count);
  // What the first argument has to be, when that can be told beforehand.
  StaticType first = StaticType::any;
};
// By what they are about; expression_functions.cpp has a few that are about anything.
std::span<const Function> number_functions();
std::span<const Function> text_functions();
std::span<const Function> list_functions();
// Whether all arguments are texts; fails otherwise.
bool are_texts(Evaluation& evaluation, const Value* arguments, size_t count);
// any, filter, reduce and others with a predicate.
bool is_predicate_function(std::string_view name);
void add_predicate_function_names(std::vector<std::string>& names);
Result<NodePointer> predicate_call_node(std::string_view function, std::vector<NodePointer> arguments);

}  // namespace vigia::operators
