#include "operators/origin.h"

#include "otlp/attribute_write.h"

namespace vigia::operators {

Origin::Group::Item& Origin::Group::item(std::string_view key) {
  is_wire_current_ = false;
  for (Item& one : items_) {
    if (one.key == key) return one;
  }
  return items_.emplace_back(Item{std::string(key), {}});
}

void Origin::Group::set(std::string_view key, std::string_view text) {
  Item& one = item(key);
  one.text = text;
  one.is_number = false;
}

void Origin::Group::set(std::string_view key, int64_t number) {
  Item& one = item(key);
  one.number = number;
  one.is_number = true;
}

std::string_view Origin::Group::wire(uint32_t field_number) const {
  if (!is_wire_current_) {
    wire_.clear();
    for (const Item& one : items_) {
      if (one.is_number) {
        otlp::append_int_attribute(wire_, field_number, one.key, one.number);
      } else {
        otlp::append_attribute(wire_, field_number, one.key, one.text);
      }
    }
    is_wire_current_ = true;
  }
  return wire_;
}

Map* Origin::Group::map(Arena& arena) const {
  // Room for what parsers add.
  Map* map = Map::create(arena, static_cast<uint32_t>(items_.size()) + 12);
  for (const Item& one : items_) map->append(arena, one.key, one.is_number ? Value::of_integer(one.number) : Value::of_text(one.text));
  return map;
}

}  // namespace vigia::operators
