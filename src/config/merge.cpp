#include "config/merge.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace vigia::config {

static constexpr std::string_view separator = "::";

void merge_over(Node& base, Node overlay) {
  if (!base.is_map() || !overlay.is_map()) {
    base = std::move(overlay);
    return;
  }
  std::unordered_map<std::string, size_t> index_of;
  for (size_t i = 0; i < base.entries.size(); i++) index_of.emplace(base.entries[i].key, i);
  for (MapEntry& entry : overlay.entries) {
    auto [found, is_new] = index_of.emplace(entry.key, base.entries.size());
    if (is_new) {
      base.entries.push_back(std::move(entry));
      continue;
    }
    MapEntry& existing = base.entries[found->second];
    existing.key_position = std::move(entry.key_position);
    merge_over(existing.value, std::move(entry.value));
  }
}

// "a::b::c" and a value → {b: {c: value}}, the key becoming "a".
static void wrap(MapEntry& entry) {
  for (size_t at = entry.key.rfind(separator); at != std::string::npos; at = entry.key.rfind(separator)) {
    Node map;
    map.kind = Kind::map;
    map.position = entry.key_position;
    map.entries.push_back({entry.key.substr(at + separator.size()), entry.key_position, std::move(entry.value)});
    entry.value = std::move(map);
    entry.key.resize(at);
  }
}

static size_t count_separators(std::string_view key) {
  size_t count = 0;
  for (size_t at = key.find(separator); at != std::string_view::npos; at = key.find(separator, at + separator.size())) count++;
  return count;
}

// Each split costs a merge, so their number is bounded.
static constexpr size_t max_splits = 1000;
// Nor does anybody mean a key of more parts than this; each part is a level of the tree.
static constexpr size_t max_separators_of_key = 20;

void split_top_keys(Node& root, Diagnostics& diagnostics) {
  size_t total = 0;
  for (const MapEntry& entry : root.entries) {
    size_t separators = count_separators(entry.key);
    if (separators > max_separators_of_key)
      return diagnostics.error(entry.key_position, "",
                               "the key has more than " + std::to_string(max_separators_of_key) + " parts between \"::\"");
    total += separators;
    if (total > max_splits) return diagnostics.error(entry.key_position, "", "too many keys with \"::\" in one source");
  }
  if (total == 0) return;
  Node split;
  split.kind = Kind::map;
  split.position = root.position;
  for (MapEntry& entry : root.entries) {
    wrap(entry);
    MapEntry* existing = split.find(entry.key);
    if (existing != nullptr) {
      merge_over(existing->value, std::move(entry.value));
    } else {
      split.entries.push_back(std::move(entry));
    }
  }
  root = std::move(split);
}

}  // namespace vigia::config
