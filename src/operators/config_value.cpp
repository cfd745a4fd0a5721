#include "operators/config_value.h"

#include "base/text.h"
#include "operators/value_text.h"

namespace vigia::operators {

Value ConfigValue::read_scalar(const config::Node& node) {
  switch (node.type) {
    case config::ScalarType::boolean:
      return Value::of_boolean(equals_ignoring_case(node.text, "true"));
    case config::ScalarType::integer:
      if (std::optional<int64_t> number = parse_int(node.text)) return Value::of_integer(*number);
      break;
    case config::ScalarType::floating:
      if (std::optional<double> number = parse_double(node.text)) return Value::of_floating(*number);
      break;
    case config::ScalarType::string:
      break;
  }
  return Value::of_text(arena_->copy(node.text));
}

Value ConfigValue::read(const config::Node& node) {
  switch (node.kind) {
    case config::Kind::null:
      return {};
    case config::Kind::scalar:
      return read_scalar(node);
    case config::Kind::list: {
      List* list = List::create(*arena_, static_cast<uint32_t>(node.items.size()));
      for (const config::Node& item : node.items) list->push_back(*arena_, read(item));
      return Value::of_list(list);
    }
    case config::Kind::map: {
      Map* map = Map::create(*arena_, static_cast<uint32_t>(node.entries.size()));
      for (const config::MapEntry& entry : node.entries) map->set(*arena_, arena_->copy(entry.key), read(entry.value));
      return Value::of_map(map);
    }
  }
  return {};
}

namespace {

void store_times_as_text(Arena& arena, Value& value) {
  if (value.type == Value::Type::time) {
    std::string text;
    append_time_text(text, value.integer);
    value = Value::of_text(arena.copy(text));
  } else if (value.is_list()) {
    for (uint32_t i = 0; i < value.list->count; i++) store_times_as_text(arena, value.list->items[i]);
  } else if (value.is_map()) {
    for (Member& member : *value.map) store_times_as_text(arena, member.value);
  }
}

}  // namespace

Value storable_copy(Arena& arena, const Value& value) {
  Value copy = deep_copy(arena, value);
  store_times_as_text(arena, copy);
  return copy;
}

}  // namespace vigia::operators
