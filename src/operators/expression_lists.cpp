// Functions of lists and maps, with predicates and without.

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "operators/expression_internal.h"

namespace vigia::operators {

namespace {

// The list, or nullptr and a failure.
const List* as_list(Evaluation& evaluation, const Value& value) {
  if (!value.is_list()) {
    evaluation.fail("a function needs a list, not", type_name(value.type));
    return nullptr;
  }
  return evaluation.spend_steps(value.list->count) ? value.list : nullptr;
}

const Map* as_map(Evaluation& evaluation, const Value& value) {
  if (!value.is_map()) {
    evaluation.fail("a function needs a map, not", type_name(value.type));
    return nullptr;
  }
  return evaluation.spend_steps(value.map->count) ? value.map : nullptr;
}

// An empty list with room; nullptr and a failure when that is too much.
List* new_list(Evaluation& evaluation, size_t count) {
  return evaluation.spend_bytes(count * sizeof(Value)) ? List::create(evaluation.arena, static_cast<uint32_t>(count)) : nullptr;
}

Value call_len(Evaluation& evaluation, const Value* arguments, size_t) {
  const Value& value = arguments[0];
  if (value.is_list()) return Value::of_integer(value.list->count);
  if (value.is_map()) return Value::of_integer(value.map->count);
  if (!value.is_text()) return evaluation.fail("len does not go with", type_name(value.type));
  std::string_view text = value.text();
  return Value::of_integer(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Value call_join(Evaluation& evaluation, const Value* arguments, size_t count) {
  const List* list = as_list(evaluation, arguments[0]);
  if (!list) return {};
  if (count == 2 && !arguments[1].is_text()) return evaluation.fail("join needs a text between the parts");
  std::string text;
  for (const Value& item : *list) {
    if (!item.is_text()) return evaluation.fail("join needs texts, not", type_name(item.type));
    if (&item != list->begin() && count == 2) text += arguments[1].text();
    text += item.text();
    if (text.size() > Evaluation::max_bytes) return evaluation.fail("join makes a text that is too large");
  }
  return evaluation.text(text);
}

Value call_first(Evaluation&, const Value* arguments, size_t) {
  return arguments[0].is_list() && arguments[0].list->count > 0 ? arguments[0].list->items[0] : Value();
}
Value call_last(Evaluation&, const Value* arguments, size_t) {
  return arguments[0].is_list() && arguments[0].list->count > 0 ? arguments[0].list->items[arguments[0].list->count - 1] : Value();
}

// As object[key], but nil where that fails.
Value call_get(Evaluation&, const Value* arguments, size_t) {
  const Value& object = arguments[0];
  if (object.is_map()) {
    const Value* found = arguments[1].is_text() ? object.map->find(arguments[1].text()) : nullptr;
    return found ? *found : Value();
  }
  if (!object.is_list() || arguments[1].type != Value::Type::integer) return {};
  int64_t index = arguments[1].integer + (arguments[1].integer < 0 ? object.list->count : 0);
  return index >= 0 && index < object.list->count ? object.list->items[index] : Value();
}

Value part_of(Evaluation& evaluation, const List& list, size_t from, size_t to) {
  List* part = new_list(evaluation, to - from);
  if (!part) return {};
  for (size_t i = from; i < to; i++) part->push_back(evaluation.arena, list.items[i]);
  return Value::of_list(part);
}

Value call_take(Evaluation& evaluation, const Value* arguments, size_t) {
  const List* list = as_list(evaluation, arguments[0]);
  if (!list) return {};
  if (arguments[1].type != Value::Type::integer || arguments[1].integer < 0) return evaluation.fail("take needs a number of elements");
  return part_of(evaluation, *list, 0, static_cast<size_t>(std::min<int64_t>(arguments[1].integer, list->count)));
}

Value call_keys(Evaluation& evaluation, const Value* arguments, size_t) {
  const Map* map = as_map(evaluation, arguments[0]);
  List* list = map ? new_list(evaluation, map->count) : nullptr;
  if (!list) return {};
  for (const Member& member : *map) list->push_back(evaluation.arena, Value::of_text(member.key));
  return Value::of_list(list);
}

Value call_values(Evaluation& evaluation, const Value* arguments, size_t) {
  const Map* map = as_map(evaluation, arguments[0]);
  List* list = map ? new_list(evaluation, map->count) : nullptr;
  if (!list) return {};
  for (const Member& member : *map) list->push_back(evaluation.arena, member.value);
  return Value::of_list(list);
}

Value call_to_pairs(Evaluation& evaluation, const Value* arguments, size_t) {
  const Map* map = as_map(evaluation, arguments[0]);
  List* list = map ? new_list(evaluation, map->count * 4) : nullptr;
  if (!list) return {};
  for (const Member& member : *map) {
    List* pair = List::create(evaluation.arena, 2);
    pair->push_back(evaluation.arena, Value::of_text(member.key));
    pair->push_back(evaluation.arena, member.value);
    list->push_back(evaluation.arena, Value::of_list(pair));
  }
  return Value::of_list(list);
}

Value call_from_pairs(Evaluation& evaluation, const Value* arguments, size_t) {
  const List* list = as_list(evaluation, arguments[0]);
  if (!list || !evaluation.spend_bytes(list->count * sizeof(Member))) return {};
  Map* map = Map::create(evaluation.arena, list->count);
  for (const Value& pair : *list) {
    if (!pair.is_list() || pair.list->count != 2 || !pair.list->items[0].is_text())
      return evaluation.fail("fromPairs needs pairs of a text and a value");
    map->set(evaluation.arena, pair.list->items[0].text(), pair.list->items[1]);
  }
  return Value::of_map(map);
}

Value call_reverse(Evaluation& evaluation, const Value* arguments, size_t) {
  const List* list = as_list(evaluation, arguments[0]);
  List* result = list ? new_list(evaluation, list->count) : nullptr;
  if (!result) return {};
  for (uint32_t i = list->count; i-- > 0;) result->push_back(evaluation.arena, list->items[i]);
  return Value::of_list(result);
}

Value call_uniq(Evaluation& evaluation, const Value* arguments, size_t) {
  const List* list = as_list(evaluation, arguments[0]);
  List* result = list ? new_list(evaluation, list->count) : nullptr;
  if (!result) return {};
  for (const Value& item : *list) {
    if (!evaluation.spend_steps(result->count)) return {};
    if (std::none_of(result->begin(), result->end(), [&](const Value& known) { return equal(known, item); }))
      result->push_back(evaluation.arena, item);
  }
  return Value::of_list(result);
}

Value call_concat(Evaluation& evaluation, const Value* arguments, size_t count) {
  List* result = new_list(evaluation, 0);
  for (size_t i = 0; i < count && result; i++) {
    const List* list = as_list(evaluation, arguments[i]);
    if (!list || !evaluation.spend_bytes(list->count * sizeof(Value))) return {};
    for (const Value& item : *list) result->push_back(evaluation.arena, item);
  }
  return result ? Value::of_list(result) : Value();
}

constexpr int max_nesting = 64;

bool flatten_into(Evaluation& evaluation, const List& list, List& result, int levels) {
  if (levels == 0 || !evaluation.spend_steps(list.count) || !evaluation.spend_bytes(list.count * sizeof(Value))) return false;
  for (const Value& item : list) {
    if (!item.is_list()) {
      result.push_back(evaluation.arena, item);
    } else if (!flatten_into(evaluation, *item.list, result, levels - 1)) {
      return false;
    }
  }
  return true;
}

Value call_flatten(Evaluation& evaluation, const Value* arguments, size_t) {
  const List* list = as_list(evaluation, arguments[0]);
  List* result = list ? new_list(evaluation, 0) : nullptr;
  return result && flatten_into(evaluation, *list, *result, max_nesting) ? Value::of_list(result) : Value();
}

// Calls `take` with each number in values and lists of them.
template <typename Take>
bool each_number(Evaluation& evaluation, const Value* values, size_t count, const Take& take, int levels = max_nesting) {
  for (size_t i = 0; i < count; i++) {
    if (values[i].is_list()) {
      if (levels == 0 || !evaluation.spend_steps(values[i].list->count)) return false;
      if (!each_number(evaluation, values[i].list->items, values[i].list->count, take, levels - 1)) return false;
    } else if (values[i].is_number()) {
      take(values[i]);
    } else {
      evaluation.fail("a function needs numbers, not", type_name(values[i].type));
      return false;
    }
  }
  return true;
}

template <bool is_max>
Value call_extreme(Evaluation& evaluation, const Value* arguments, size_t count) {
  // A single value that is no number is its own extreme, as the language has it.
  if (count == 1 && !arguments[0].is_list()) return arguments[0];
  Value result;
  each_number(evaluation, arguments, count, [&](const Value& value) {
    if (result.is_nil() || (is_max ? result.as_double() < value.as_double() : value.as_double() < result.as_double())) result = value;
  });
  return result;
}

Value call_mean(Evaluation& evaluation, const Value* arguments, size_t count) {
  double sum = 0;
  size_t numbers = 0;
  each_number(evaluation, arguments, count, [&](const Value& value) {
    sum += value.as_double();
    numbers++;
  });
  return Value::of_floating(numbers == 0 ? 0 : sum / static_cast<double>(numbers));
}

Value call_median(Evaluation& evaluation, const Value* arguments, size_t count) {
  std::vector<double> numbers;
  each_number(evaluation, arguments, count, [&](const Value& value) { numbers.push_back(value.as_double()); });
  if (numbers.empty()) return Value::of_floating(0);
  std::sort(numbers.begin(), numbers.end());
  size_t middle = numbers.size() / 2;
  return Value::of_floating(numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2);
}

// Sorts keys with their elements. Fails when some keys have no order among them.
Value sorted(Evaluation& evaluation, const List& list, std::vector<Value> keys, const Value* order) {
  bool is_descending = order && order->is_text() && order->text() == "desc";
  if (order && !is_descending && !(order->is_text() && order->text() == "asc")) return evaluation.fail("an order is asc or desc");
  bool are_numbers = std::all_of(keys.begin(), keys.end(), [](const Value& key) { return key.is_number(); });
  bool are_texts = std::all_of(keys.begin(), keys.end(), [](const Value& key) { return key.is_text(); });
  if (!are_numbers && !are_texts) return evaluation.fail("only numbers or only texts can be sorted");
  std::vector<uint32_t> places(list.count);
  for (uint32_t i = 0; i < list.count; i++) places[i] = i;
  std::stable_sort(places.begin(), places.end(), [&](uint32_t a, uint32_t b) {
    const Value& left = keys[is_descending ? b : a];
    const Value& right = keys[is_descending ? a : b];
    // NaN is no number to sort by; it counts as the least.
    if (are_texts) return left.text() < right.text();
    double x = left.as_double(), y = right.as_double();
    return x < y || (x != x && y == y);
  });
  if (!evaluation.spend_steps(list.count * 20ULL)) return {};
  List* result = new_list(evaluation, list.count);
  if (!result) return {};
  for (uint32_t place : places) result->push_back(evaluation.arena, list.items[place]);
  return Value::of_list(result);
}

Value call_sort(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (arguments[0].is_nil()) return Value::of_list(List::create(evaluation.arena));
  const List* list = as_list(evaluation, arguments[0]);
  if (!list) return {};
  return sorted(evaluation, *list, std::vector<Value>(list->begin(), list->end()), count == 2 ? &arguments[1] : nullptr);
}

constexpr Function functions[] = {
    {"len", 1, 1, StaticType::integer, call_len},
    {"join", 1, 2, StaticType::text, call_join, StaticType::list},
    {"first", 1, 1, StaticType::any, call_first},
    {"last", 1, 1, StaticType::any, call_last},
    {"get", 2, 2, StaticType::any, call_get},
    {"take", 2, 2, StaticType::list, call_take, StaticType::list},
    {"keys", 1, 1, StaticType::list, call_keys, StaticType::map},
    {"values", 1, 1, StaticType::list, call_values, StaticType::map},
    {"toPairs", 1, 1, StaticType::list, call_to_pairs, StaticType::map},
    {"fromPairs", 1, 1, StaticType::map, call_from_pairs, StaticType::list},
    {"reverse", 1, 1, StaticType::list, call_reverse, StaticType::list},
    {"uniq", 1, 1, StaticType::list, call_uniq, StaticType::list},
    {"concat", 1, 16, StaticType::list, call_concat, StaticType::list},
    {"flatten", 1, 1, StaticType::list, call_flatten, StaticType::list},
    {"max", 1, 16, StaticType::any, call_extreme<true>},
    {"min", 1, 16, StaticType::any, call_extreme<false>},
    {"mean", 1, 16, StaticType::floating, call_mean},
    {"median", 1, 16, StaticType::floating, call_median},
    {"sort", 1, 2, StaticType::list, call_sort, StaticType::list},
};

// --- With predicates ---

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
    if (value.is_map()) value = call_values(evaluation, &value, 1);
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

const Function* find_list_function(std::string_view name) {
  auto found = std::find_if(std::begin(functions), std::end(functions), [&](const Function& one) { return one.name == name; });
  return found == std::end(functions) ? nullptr : found;
}

void add_list_function_names(std::vector<std::string>& names) {
  for (const Function& one : functions) names.emplace_back(one.name);
}

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
