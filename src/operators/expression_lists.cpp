// Functions of lists and maps. Those with a predicate are in expression_predicates.cpp.

#include "operators/expression_lists_internal.h"

#include <algorithm>
#include <iterator>

namespace vigia::operators {

const List* as_list(Evaluation& evaluation, const Value& value) {
  if (!value.is_list()) {
    evaluation.fail("a function needs a list, not", type_name(value.type));
    return nullptr;
  }
  return evaluation.spend_steps(value.list->count) ? value.list : nullptr;
}

List* new_list(Evaluation& evaluation, size_t count) {
  return evaluation.spend_bytes(count * sizeof(Value)) ? List::create(evaluation.arena, static_cast<uint32_t>(count)) : nullptr;
}

Value values_of(Evaluation& evaluation, const Map& map) {
  List* list = evaluation.spend_steps(map.count) ? new_list(evaluation, map.count) : nullptr;
  if (!list) return {};
  for (const Member& member : map) list->push_back(evaluation.arena, member.value);
  return Value::of_list(list);
}

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

namespace {

const Map* as_map(Evaluation& evaluation, const Value& value) {
  if (!value.is_map()) {
    evaluation.fail("a function needs a map, not", type_name(value.type));
    return nullptr;
  }
  return evaluation.spend_steps(value.map->count) ? value.map : nullptr;
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
  if (!arguments[0].is_map()) return evaluation.fail("a function needs a map, not", type_name(arguments[0].type));
  return values_of(evaluation, *arguments[0].map);
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

}  // namespace

std::span<const Function> list_functions() { return functions; }

}  // namespace vigia::operators
