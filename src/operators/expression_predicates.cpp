// Functions that look at each element of a list by an expression: any(list, # > 3), reduce(list, #acc + #).

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "operators/expression_lists_internal.h"

namespace vigia::operators {

namespace {

enum class Kind : uint8_t {
  all,
  none,
  any,
  one,
  filter,
  map,
  find,
  find_index,
  find_last,
  find_last_index,
  count,
  sum,
  group_by,
  sort_by,
  reduce
};

struct PredicateFunction {
  std::string_view name;
  Kind kind;
  StaticType result;
  bool is_predicate_optional = false;
  bool takes_third = false;
};
constexpr PredicateFunction predicate_functions[] = {
    {"all", Kind::all, StaticType::boolean},
    {"none", Kind::none, StaticType::boolean},
    {"any", Kind::any, StaticType::boolean},
    {"one", Kind::one, StaticType::boolean},
    {"filter", Kind::filter, StaticType::list},
    {"map", Kind::map, StaticType::list},
    {"find", Kind::find, StaticType::any},
    {"findIndex", Kind::find_index, StaticType::any},
    {"findLast", Kind::find_last, StaticType::any},
    {"findLastIndex", Kind::find_last_index, StaticType::any},
    {"count", Kind::count, StaticType::integer, true},
    {"sum", Kind::sum, StaticType::any, true},
    {"groupBy", Kind::group_by, StaticType::map},
    {"sortBy", Kind::sort_by, StaticType::list, false, true},
    {"reduce", Kind::reduce, StaticType::any, false, true},
};

const PredicateFunction* find_predicate_function(std::string_view name) {
  auto found =
      std::find_if(std::begin(predicate_functions), std::end(predicate_functions), [&](const auto& one) { return one.name == name; });
  return found == std::end(predicate_functions) ? nullptr : found;
}

class PredicateCallNode final : public ExpressionNode {
 public:
  PredicateCallNode(const PredicateFunction& function, std::vector<NodePointer> arguments)
      : ExpressionNode(function.result), kind_(function.kind), arguments_(std::move(arguments)) {}

  Value evaluate(Evaluation& evaluation) const override {
    Value value = arguments_[0]->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    // A predicate looks at the values of a map.
    if (value.is_map()) value = values_of(evaluation, *value.map);
    if (evaluation.has_failed()) return {};
    const List* list = as_list(evaluation, value);
    if (!list) return {};
    const Frame* outer = evaluation.frame;
    Value result = run(evaluation, *list);
    evaluation.frame = outer;
    return result;
  }

 private:
  Value run(Evaluation& evaluation, const List& list) const;
  Value search(Evaluation& evaluation, const List& list, bool from_end, bool wants_index) const;
  Value test_all(Evaluation& evaluation, const List& list) const;
  Value filter(Evaluation& evaluation, const List& list) const;
  Value map(Evaluation& evaluation, const List& list) const;
  Value sum(Evaluation& evaluation, const List& list) const;
  Value group(Evaluation& evaluation, const List& list) const;
  Value sort(Evaluation& evaluation, const List& list) const;
  Value reduce(Evaluation& evaluation, const List& list) const;

  // The predicate's value for an element; without a predicate the element itself.
  Value value_of(Evaluation& evaluation, Frame& frame, const List& list, uint32_t index) const {
    frame.element = list.items[index];
    frame.index = index;
    if (arguments_.size() < 2) return frame.element;
    if (!evaluation.spend_steps(1)) return {};
    evaluation.frame = &frame;
    return arguments_[1]->evaluate(evaluation);
  }
  bool test(Evaluation& evaluation, Frame& frame, const List& list, uint32_t index) const {
    Value value = value_of(evaluation, frame, list, index);
    if (evaluation.has_failed()) return false;
    if (value.type == Value::Type::boolean) return value.boolean;
    evaluation.fail("a predicate gives neither true nor false but", type_name(value.type));
    return false;
  }

  Kind kind_;
  std::vector<NodePointer> arguments_;
};

Value PredicateCallNode::run(Evaluation& evaluation, const List& list) const {
  switch (kind_) {
    case Kind::all:
    case Kind::none:
    case Kind::any:
    case Kind::one:
    case Kind::count:
      return test_all(evaluation, list);
    case Kind::filter:
      return filter(evaluation, list);
    case Kind::map:
      return map(evaluation, list);
    case Kind::find:
      return search(evaluation, list, false, false);
    case Kind::find_index:
      return search(evaluation, list, false, true);
    case Kind::find_last:
      return search(evaluation, list, true, false);
    case Kind::find_last_index:
      return search(evaluation, list, true, true);
    case Kind::sum:
      return sum(evaluation, list);
    case Kind::group_by:
      return group(evaluation, list);
    case Kind::sort_by:
      return sort(evaluation, list);
    case Kind::reduce:
      return reduce(evaluation, list);
  }
  return {};
}

// What decides first ends it, as `and` and `or` do.
Value PredicateCallNode::test_all(Evaluation& evaluation, const List& list) const {
  Frame frame;
  int64_t hits = 0;
  for (uint32_t i = 0; i < list.count; i++) {
    bool is_hit = test(evaluation, frame, list, i);
    if (evaluation.has_failed()) return {};
    hits += is_hit;
    if (kind_ == Kind::any && is_hit) return Value::of_boolean(true);
    if (kind_ == Kind::all && !is_hit) return Value::of_boolean(false);
    if (kind_ == Kind::none && is_hit) return Value::of_boolean(false);
  }
  if (kind_ == Kind::count) return Value::of_integer(hits);
  return Value::of_boolean(kind_ == Kind::one ? hits == 1 : kind_ != Kind::any);
}

Value PredicateCallNode::filter(Evaluation& evaluation, const List& list) const {
  Frame frame;
  List* result = new_list(evaluation, list.count);
  for (uint32_t i = 0; result && i < list.count; i++) {
    if (test(evaluation, frame, list, i)) result->push_back(evaluation.arena, list.items[i]);
    if (evaluation.has_failed()) return {};
  }
  return result ? Value::of_list(result) : Value();
}

Value PredicateCallNode::map(Evaluation& evaluation, const List& list) const {
  Frame frame;
  List* result = new_list(evaluation, list.count);
  for (uint32_t i = 0; result && i < list.count; i++) {
    Value value = value_of(evaluation, frame, list, i);
    if (evaluation.has_failed()) return {};
    result->push_back(evaluation.arena, value);
  }
  return result ? Value::of_list(result) : Value();
}

Value PredicateCallNode::search(Evaluation& evaluation, const List& list, bool from_end, bool wants_index) const {
  Frame frame;
  for (uint32_t step = 0; step < list.count; step++) {
    uint32_t i = from_end ? list.count - 1 - step : step;
    bool is_hit = test(evaluation, frame, list, i);
    if (evaluation.has_failed()) return {};
    if (is_hit) return wants_index ? Value::of_integer(i) : list.items[i];
  }
  return {};
}

Value PredicateCallNode::sum(Evaluation& evaluation, const List& list) const {
  Frame frame;
  bool are_integers = true;
  uint64_t whole = 0;
  double total = 0;
  for (uint32_t i = 0; i < list.count; i++) {
    Value value = value_of(evaluation, frame, list, i);
    if (evaluation.has_failed()) return {};
    if (!value.is_number()) return evaluation.fail("sum needs numbers, not", type_name(value.type));
    are_integers &= value.type == Value::Type::integer;
    if (are_integers) whole += static_cast<uint64_t>(value.integer);
    total += value.as_double();
  }
  return are_integers ? Value::of_integer(static_cast<int64_t>(whole)) : Value::of_floating(total);
}

Value PredicateCallNode::group(Evaluation& evaluation, const List& list) const {
  Frame frame;
  Map* groups = Map::create(evaluation.arena);
  if (!evaluation.spend_bytes(list.count * sizeof(Member) * 4)) return {};
  for (uint32_t i = 0; i < list.count; i++) {
    Value key = value_of(evaluation, frame, list, i);
    if (evaluation.has_failed()) return {};
    if (!key.is_text()) return evaluation.fail("groupBy needs texts to group by, not", type_name(key.type));
    Value* group = groups->find(key.text());
    if (!group) {
      groups->append(evaluation.arena, key.text(), Value::of_list(List::create(evaluation.arena)));
      group = groups->find(key.text());
    }
    group->list->push_back(evaluation.arena, list.items[i]);
  }
  return Value::of_map(groups);
}

Value PredicateCallNode::sort(Evaluation& evaluation, const List& list) const {
  Frame frame;
  std::vector<Value> keys;
  for (uint32_t i = 0; i < list.count; i++) {
    keys.push_back(value_of(evaluation, frame, list, i));
    if (evaluation.has_failed()) return {};
  }
  if (arguments_.size() < 3) return sorted(evaluation, list, std::move(keys), nullptr);
  Value order = arguments_[2]->evaluate(evaluation);
  return evaluation.has_failed() ? Value() : sorted(evaluation, list, std::move(keys), &order);
}

// Without a value to begin with, that is the first element.
Value PredicateCallNode::reduce(Evaluation& evaluation, const List& list) const {
  Frame frame;
  uint32_t from = 0;
  if (arguments_.size() == 3) {
    frame.accumulator = arguments_[2]->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
  } else {
    if (list.count == 0) return evaluation.fail("reduce of an empty list needs a value to begin with");
    frame.accumulator = list.items[0];
    from = 1;
  }
  for (uint32_t i = from; i < list.count; i++) {
    frame.accumulator = value_of(evaluation, frame, list, i);
    if (evaluation.has_failed()) return {};
  }
  return frame.accumulator;
}

}  // namespace

bool is_predicate_function(std::string_view name) { return find_predicate_function(name) != nullptr; }

void add_predicate_function_names(std::vector<std::string>& names) {
  for (const PredicateFunction& one : predicate_functions) names.emplace_back(one.name);
}

Result<NodePointer> predicate_call_node(std::string_view function, std::vector<NodePointer> arguments) {
  const PredicateFunction& found = *find_predicate_function(function);
  size_t least = found.is_predicate_optional ? 1 : 2;
  size_t most = found.takes_third ? 3 : 2;
  if (arguments.size() < least || arguments.size() > most)
    return invalid_argument(fmt::format("{} takes a list and a predicate such as # > 3", function));
  return NodePointer(std::make_unique<PredicateCallNode>(found, std::move(arguments)));
}

}  // namespace vigia::operators
