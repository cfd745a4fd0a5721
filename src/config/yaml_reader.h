#pragma once

// Reads YAML text into a tree with positions.
//
// Anchors, aliases and merge keys (`<<`) are supported. Hostile text gives errors: the text, the depth, the number of nodes and
// the size after expanding aliases are bounded. A key that stands twice in a map is an error, as is a second document.

#include <memory>
#include <optional>

#include "config/diagnostics.h"
#include "config/node.h"

namespace vigia::config {

constexpr size_t max_source_bytes = 16 << 20;
// Of one tree, with every alias counted as a copy.
constexpr size_t max_nodes = 500'000;
constexpr size_t max_tree_bytes = 64 << 20;

// Nothing after errors were added. Text without a document is a null node.
std::optional<Node> read_yaml(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics);

// How much of the bounds above a tree takes.
struct TreeSize {
  size_t nodes = 0;
  size_t bytes = 0;

  void add(const Node& node);
  bool is_too_large() const { return nodes > max_nodes || bytes > max_tree_bytes; }
};

}  // namespace vigia::config
