// Any bytes as a configuration: reading, merging, substituting, decoding and rendering them must end, within bounds, and what is
// rendered must read back as the same values.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "config/merge.h"
#include "config/render.h"
#include "config/section.h"
#include "config/test_config_internal.h"

namespace vigia::config {
namespace {

// Asks a section for a few keys of every type, and goes into everything else.
void decode_anything(Section& in, int depth) {
  bool flag = false;
  int64_t number = 0;
  uint64_t size = 0;
  double fraction = 0;
  std::string text;
  std::vector<std::string> texts;
  std::map<std::string, std::string> pairs;
  in.field("a", flag), in.field("b", number), in.field("c", fraction), in.field("d", text), in.field("e", texts), in.field("f", pairs);
  in.duration_ms("g", number), in.size_bytes("h", size), in.secret("i", text);
  in.choice("j", number, {{"one", 1}, {"two", 2}});
  if (depth == 0) return;
  in.section("k", [depth](Section& section) { decode_anything(section, depth - 1); });
  in.list("l", [depth](Section& item) { decode_anything(item, depth - 1); });
  in.each("m", [depth](const std::string&, Section& value) { decode_anything(value, depth - 1); });
}

bool has_long_key(const Node& node) {
  for (const Node& item : node.items)
    if (has_long_key(item)) return true;
  for (const MapEntry& entry : node.entries)
    if (entry.key.size() > 200 || has_long_key(entry.value)) return true;
  return false;
}

bool has_substitution(const Node& node) {
  if (node.substitution) return true;
  for (const Node& item : node.items)
    if (has_substitution(item)) return true;
  for (const MapEntry& entry : node.entries)
    if (has_substitution(entry.value)) return true;
  return false;
}

size_t depth_of(const Node& node) {
  size_t deepest = 0;
  for (const Node& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const MapEntry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return deepest + 1;
}

void check_reads_back(const Node& root) {
  // YAML limits the length of keys that are written in one line, and what came from a variable is known by two texts. Keys with
  // "::" add a few levels to the hundred that a text may have.
  if (has_long_key(root) || has_substitution(root) || depth_of(root) > 100) return;
  Diagnostics diagnostics;
  std::optional<Node> again = read_text(render_yaml(root, {.redacts_secrets = false, .escapes_dollars = false}), diagnostics);
  CHECK(again.has_value());
  CHECK(canonical_text(*again) == canonical_text(root));
}

}  // namespace
}  // namespace vigia::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::config;
  std::string text(reinterpret_cast<const char*>(data), size);
  Loading loading(text);
  loading.variables = {{"A", "1"}, {"B", "${A}"}, {"C", "{x: ${B}}"}, {"D", text.substr(0, text.find('\0'))}};
  loading.request.sources.push_back("yaml:k::b: 1");
  Node root = loading.load();
  {
    vigia::config::Section in(root, "", loading.diagnostics);
    decode_anything(in, 5);
  }
  check_reads_back(root);
  render_yaml(root, {.secret_paths = loading.diagnostics.secret_paths()});
  loading.diagnostics.render_errors();
  loading.diagnostics.render_warnings();
  return 0;
}
