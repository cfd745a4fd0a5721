#pragma once

// What an entry's body, attributes and resource are made of: small values, and lists and maps of them in an arena.
//
// Values are copied freely: a text is a view of the line or of the arena, a list or map a pointer. Whoever wants to change a copy of a
// list or map without changing the original copies it deeply (deep_copy).

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "operators/arena.h"

namespace vigia::operators {

struct List;
struct Map;

struct Value {
  enum class Type : uint8_t { nil, boolean, integer, floating, text, bytes, list, map, time };

  Type type = Type::nil;
  uint32_t size = 0;  // of a text or of bytes
  union {
    int64_t integer = 0;  // also a time: nanoseconds since 1970
    bool boolean;
    double floating;
    const char* data;
    List* list;
    Map* map;
  };

  static Value of_boolean(bool value) {
    Value result;
    result.type = Type::boolean;
    result.boolean = value;
    return result;
  }
  static Value of_integer(int64_t value) {
    Value result;
    result.type = Type::integer;
    result.integer = value;
    return result;
  }
  static Value of_floating(double value) {
    Value result;
    result.type = Type::floating;
    result.floating = value;
    return result;
  }
  static Value of_time(int64_t unix_ns) {
    Value result = of_integer(unix_ns);
    result.type = Type::time;
    return result;
  }
  // The text must live as long as the value. Nothing that is longer than 4 GiB reaches us.
  static Value of_text(std::string_view text) {
    Value result;
    result.type = Type::text;
    result.size = static_cast<uint32_t>(text.size());
    result.data = text.data();
    return result;
  }
  static Value of_bytes(std::string_view bytes) {
    Value result = of_text(bytes);
    result.type = Type::bytes;
    return result;
  }
  static Value of_list(List* list) {
    Value result;
    result.type = Type::list;
    result.list = list;
    return result;
  }
  static Value of_map(Map* map) {
    Value result;
    result.type = Type::map;
    result.map = map;
    return result;
  }

  bool is_nil() const { return type == Type::nil; }
  bool is_text() const { return type == Type::text; }
  bool is_map() const { return type == Type::map; }
  bool is_list() const { return type == Type::list; }
  bool is_number() const { return type == Type::integer || type == Type::floating; }
  // REQUIRES: a text or bytes.
  std::string_view text() const { return {data, size}; }
  // REQUIRES: a number.
  double as_double() const { return type == Type::integer ? static_cast<double>(integer) : floating; }
};

// "text", "map", for messages.
std::string_view type_name(Value::Type type);

struct List {
  Value* items = nullptr;
  uint32_t count = 0;
  uint32_t capacity = 0;
  size_t wire_size = 0;  // kept by record_write while it writes

  static List* create(Arena& arena, uint32_t capacity = 4);
  void push_back(Arena& arena, const Value& value);
  const Value* begin() const { return items; }
  const Value* end() const { return items + count; }
};

struct Member {
  std::string_view key;
  Value value;
};

// Members in the order they came, no key twice. Looking up is linear in small maps and by hash in large ones.
struct Map {
  Member* members = nullptr;
  uint32_t count = 0;
  uint32_t capacity = 0;
  // A bit for each key's length and ends: tells most of the keys that are not here without looking.
  uint64_t seen = 0;
  uint32_t* index = nullptr;  // places of members plus one, once there are many
  uint32_t index_mask = 0;
  size_t wire_size = 0;  // kept by record_write while it writes

  static Map* create(Arena& arena, uint32_t capacity = 8);

  Value* find(std::string_view key) {
    if (!(seen & bit_of(key))) return nullptr;
    return find_seen(key);
  }
  const Value* find(std::string_view key) const { return const_cast<Map*>(this)->find(key); }
  // Replaces the value of a key that is there. The key must live as long as the map.
  void set(Arena& arena, std::string_view key, const Value& value) {
    if (Value* old = find(key)) {
      *old = value;
    } else {
      append(arena, key, value);
    }
  }
  // REQUIRES: the key is not there.
  void append(Arena& arena, std::string_view key, const Value& value);
  // Returns whether it was there, and its value. The order of the others stays.
  bool remove(std::string_view key, Value* removed = nullptr);
  void clear();

  Member* begin() { return members; }
  Member* end() { return members + count; }
  const Member* begin() const { return members; }
  const Member* end() const { return members + count; }

 private:
  static constexpr uint32_t indexed_from = 24;

  static uint64_t bit_of(std::string_view key) {
    if (key.empty()) return 1;
    auto first = static_cast<unsigned char>(key.front());
    auto last = static_cast<unsigned char>(key.back());
    return uint64_t{1} << ((key.size() * 29 + first * 7U + last * 13U) & 63);
  }
  uint32_t slot_of(std::string_view key) const;
  Value* find_seen(std::string_view key);
  void grow(Arena& arena);
  void build_index(Arena& arena);
  void put_in_index(uint32_t place);
};

// All of it in the arena: texts too, when `with_texts` (for what outlives the line).
Value deep_copy(Arena& arena, const Value& value, bool with_texts = false);

// Equal as Go's DeepEqual has it, but that integers and floats compare as numbers.
bool equal(const Value& left, const Value& right);

}  // namespace vigia::operators
