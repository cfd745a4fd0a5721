#include "config/node.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/scalar_text.h"

namespace vigia::config {

std::string Position::to_string() const {
  std::string text = source ? source->name : "configuration";
  if (line == 0) return text;
  return text + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Node Node::scalar(std::string text, ScalarType type, Position position) {
  Node node;
  node.kind = Kind::scalar;
  node.type = type;
  node.text = std::move(text);
  node.position = std::move(position);
  return node;
}

const MapEntry* Node::find(std::string_view key) const {
  auto found = std::find_if(entries.begin(), entries.end(), [key](const MapEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

MapEntry* Node::find(std::string_view key) { return const_cast<MapEntry*>(std::as_const(*this).find(key)); }

const std::string* Node::string_value() const {
  if (substitution) return &substitution->text;
  return is_scalar() ? &text : nullptr;
}

std::string child_path(std::string_view path, std::string_view key) {
  if (path.empty()) return std::string(key);
  return std::string(path) + "::" + std::string(key);
}

std::string item_path(std::string_view path, size_t index) { return std::string(path) + "[" + std::to_string(index) + "]"; }

static std::string describe_value(const Node& node) {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::scalar:
      break;
  }
  switch (node.type) {
    case ScalarType::boolean:
      return node.text;
    case ScalarType::integer:
    case ScalarType::floating:
      return "the number " + shortened(node.text);
    case ScalarType::string:
      break;
  }
  return "the text " + quoted(shortened(node.text));
}

std::string describe(const Node& node) {
  std::string text = describe_value(node);
  if (node.substitution) text += " (from " + shortened(node.substitution->expression) + ")";
  return text;
}

static void append_sized(std::string& out, char tag, std::string_view text) {
  out += tag;
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

static void append_canonical(std::string& out, const Node& node) {
  if (node.substitution) append_sized(out, 'o', node.substitution->text);
  switch (node.kind) {
    case Kind::null:
      out += 'n';
      return;
    case Kind::scalar: {
      constexpr std::array<char, 4> tags = {'s', 'b', 'i', 'f'};
      append_sized(out, tags[static_cast<size_t>(node.type)], node.text);
      return;
    }
    case Kind::list:
      out += '[';
      for (const Node& item : node.items) append_canonical(out, item);
      out += ']';
      return;
    case Kind::map:
      break;
  }
  std::vector<const MapEntry*> sorted;
  for (const MapEntry& entry : node.entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const MapEntry* a, const MapEntry* b) { return a->key < b->key; });
  out += '{';
  for (const MapEntry* entry : sorted) {
    append_sized(out, 'k', entry->key);
    append_canonical(out, entry->value);
  }
  out += '}';
}

std::string canonical_text(const Node& node) {
  std::string out;
  append_canonical(out, node);
  return out;
}

}  // namespace vigia::config
