#pragma once

// The tree a configuration is made of: null, scalar, list, map, each knowing where it was written.
//
// Nodes are plain values. A tree that was read, merged or substituted is at most max_depth deep, so walking it recursively is safe.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vigia::config {

constexpr size_t max_depth = 100;

// One text that configuration came from. The text is kept so that errors can show the line.
struct Source {
  std::string name;  // "collector.yaml", "env:SETTINGS"
  std::string text;
};

// Lines and columns count from 1; line 0 means that only the source is known. Columns count bytes.
struct Position {
  std::shared_ptr<const Source> source;
  uint32_t line = 0;
  uint32_t column = 0;

  // "collector.yaml:12:5".
  std::string to_string() const;
};

enum class Kind : uint8_t { null, scalar, list, map };

// What YAML takes a scalar for.
enum class ScalarType : uint8_t { string, boolean, integer, floating };

// What a value was before `${…}` in it was replaced.
struct Substitution {
  std::string expression;  // "${env:PORT}"
  std::string text;        // What a string field receives: the value's own text, unparsed.
};

struct MapEntry;

struct Node {
  Kind kind = Kind::null;
  ScalarType type = ScalarType::string;
  bool is_quoted = false;
  Position position;
  std::string text;               // Scalar: the text as written, without quotes.
  std::vector<Node> items;        // List.
  std::vector<MapEntry> entries;  // Map: in the order of the file, no key twice.
  std::shared_ptr<const Substitution> substitution;

  static Node scalar(std::string text, ScalarType type, Position position);

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }

  // The map's entry for the key, or nullptr; also nullptr when this is no map.
  const MapEntry* find(std::string_view key) const;
  MapEntry* find(std::string_view key);

  // The text for a field of type string: a scalar's text, or what `${…}` gave. Null for lists and maps that were written out.
  const std::string* string_value() const;
};

struct MapEntry {
  std::string key;
  Position key_position;
  Node value;
};

// "processors::batch" and "timeout" → "processors::batch::timeout"; "actions" and 0 → "actions[0]".
std::string child_path(std::string_view path, std::string_view key);
std::string item_path(std::string_view path, size_t index);

// What a node is, for messages: "the number 5", "the text \"abc\"", "a list", "nothing".
std::string describe(const Node& node);

// The same value gives the same text, whatever the order of keys, comments and positions; for telling whether a component's
// configuration changed.
std::string canonical_text(const Node& node);

}  // namespace vigia::config
