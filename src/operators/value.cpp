#include "operators/value.h"

#include <algorithm>
#include <cstddef>
#include <new>

#include "base/hash.h"

namespace vigia::operators {

std::string_view type_name(Value::Type type) {
  constexpr std::string_view names[] = {"nil", "a boolean", "an integer", "a float", "a text", "bytes", "a list", "a map", "a time"};
  return names[static_cast<size_t>(type)];
}

List* List::create(Arena& arena, uint32_t capacity) {
  List* list = new (arena.allocate(sizeof(List))) List;
  list->capacity = capacity;
  list->items = arena.allocate_array<Value>(capacity);
  return list;
}

void List::push_back(Arena& arena, const Value& value) {
  if (count == capacity) {
    capacity = std::max(4U, capacity * 2);
    Value* larger = arena.allocate_array<Value>(capacity);
    if (count > 0) std::memcpy(static_cast<void*>(larger), items, count * sizeof(Value));
    items = larger;
  }
  items[count++] = value;
}

Map* Map::create(Arena& arena, uint32_t capacity) {
  Map* map = new (arena.allocate(sizeof(Map))) Map;
  map->capacity = capacity;
  map->members = arena.allocate_array<Member>(capacity);
  return map;
}

Value* Map::find_seen(std::string_view key) {
  if (index) {
    for (uint32_t slot = slot_of(key); index[slot] != 0; slot = (slot + 1) & index_mask) {
      Member& member = members[index[slot] - 1];
      if (member.key == key) return &member.value;
    }
    return nullptr;
  }
  for (Member& member : *this) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void Map::append(Arena& arena, std::string_view key, const Value& value) {
  if (count == capacity) grow(arena);
  members[count] = Member{key, value};
  count++;
  seen |= bit_of(key);
  if (index) {
    put_in_index(count - 1);
  } else if (count == indexed_from) {
    build_index(arena);
  }
}

void Map::grow(Arena& arena) {
  capacity = std::max(8U, capacity * 2);
  Member* larger = arena.allocate_array<Member>(capacity);
  if (count > 0) std::memcpy(static_cast<void*>(larger), members, count * sizeof(Member));
  members = larger;
  if (index) build_index(arena);
}

// At most half full, since it is built anew whenever the members get more room.
void Map::build_index(Arena& arena) {
  uint32_t slots = 1;
  while (slots < capacity * 2) slots *= 2;
  index = arena.allocate_array<uint32_t>(slots);
  std::memset(index, 0, slots * sizeof(uint32_t));
  index_mask = slots - 1;
  for (uint32_t place = 0; place < count; place++) put_in_index(place);
}

// Seeded by where the map stands, so that nobody can choose keys that all want the same slot.
uint32_t Map::slot_of(std::string_view key) const {
  return static_cast<uint32_t>(hash64(key, reinterpret_cast<uintptr_t>(this))) & index_mask;
}

void Map::put_in_index(uint32_t place) {
  uint32_t slot = slot_of(members[place].key);
  while (index[slot] != 0) slot = (slot + 1) & index_mask;
  index[slot] = place + 1;
}

bool Map::remove(std::string_view key, Value* removed) {
  Value* value = find(key);
  if (!value) return false;
  if (removed) *removed = *value;
  auto* member = reinterpret_cast<Member*>(reinterpret_cast<char*>(value) - offsetof(Member, value));
  std::memmove(static_cast<void*>(member), member + 1, static_cast<size_t>(end() - member - 1) * sizeof(Member));
  count--;
  if (index) {
    std::memset(index, 0, (size_t{index_mask} + 1) * sizeof(uint32_t));
    for (uint32_t place = 0; place < count; place++) put_in_index(place);
  }
  return true;
}

void Map::clear() {
  count = 0;
  seen = 0;
  index = nullptr;
}

Value deep_copy(Arena& arena, const Value& value, bool with_texts) {
  switch (value.type) {
    case Value::Type::text:
    case Value::Type::bytes: {
      Value copy = value;
      if (with_texts) copy.data = arena.copy(value.text()).data();
      return copy;
    }
    case Value::Type::list: {
      List* list = List::create(arena, value.list->count);
      for (const Value& item : *value.list) list->push_back(arena, deep_copy(arena, item, with_texts));
      return Value::of_list(list);
    }
    case Value::Type::map: {
      Map* map = Map::create(arena, value.map->count);
      for (const Member& member : *value.map)
        map->append(arena, with_texts ? arena.copy(member.key) : member.key, deep_copy(arena, member.value, with_texts));
      return Value::of_map(map);
    }
    default:
      return value;
  }
}

namespace {

bool equal_lists(const List& left, const List& right) { return std::equal(left.begin(), left.end(), right.begin(), right.end(), equal); }

bool equal_maps(const Map& left, const Map& right) {
  return left.count == right.count && std::all_of(left.begin(), left.end(), [&](const Member& member) {
           const Value* other = right.find(member.key);
           return other && equal(member.value, *other);
         });
}

}  // namespace

bool equal(const Value& left, const Value& right) {
  if (left.type != right.type) return left.is_number() && right.is_number() && left.as_double() == right.as_double();
  switch (left.type) {
    case Value::Type::nil:
      return true;
    case Value::Type::boolean:
      return left.boolean == right.boolean;
    case Value::Type::integer:
    case Value::Type::time:
      return left.integer == right.integer;
    case Value::Type::floating:
      return left.floating == right.floating;
    case Value::Type::text:
    case Value::Type::bytes:
      return left.text() == right.text();
    case Value::Type::list:
      return equal_lists(*left.list, *right.list);
    case Value::Type::map:
      return equal_maps(*left.map, *right.map);
  }
  return false;
}

}  // namespace vigia::operators
