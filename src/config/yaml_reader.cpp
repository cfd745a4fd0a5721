#include "config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>
#include <utility>

#include "base/utf8.h"
#include "config/scalar_text.h"

namespace vigia::config {
namespace {

constexpr std::string_view plain_tag = "?";
constexpr std::string_view quoted_tag = "!";

// Builds the tree from the parser's events. After an error it only lets the remaining events pass, which the size of the text bounds.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics) : source_(source), diagnostics_(diagnostics) {}

  Node take_root() { return std::move(root_); }
  // Where in the text the document began.
  int start() const { return start_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark.pos; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map that is being read.
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    bool expects_value = false;  // Map: a key was read.
    bool is_merge = false;       // Map: that key is `<<`.
    std::string key;
    Position key_position;
    std::unordered_map<std::string, uint32_t> key_lines;
    std::vector<Node> merged;
  };

  Position position(const YAML::Mark& mark) const {
    return {source_, static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }
  bool expects_key() const { return !open_.empty() && open_.back().node.is_map() && !open_.back().expects_value; }
  void fail(Position at, std::string message) {
    if (!has_failed_) diagnostics_.error(std::move(at), "", std::move(message));
    has_failed_ = true;
  }
  bool is_within_bounds(const Position& at) {
    if (size_.is_too_large()) fail(at, "the document is too large once its aliases are expanded");
    return !has_failed_;
  }
  void open(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor);
  void close();
  void set_key(Node node);
  void add_value(Node node, YAML::anchor_t anchor);
  void put_entry(Open& map, Node node);
  void finish_merge(Open& map);
  void merge_entries(Open& map, Node& from);

  std::shared_ptr<const Source> source_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Node> anchors_;
  TreeSize size_;
  Node root_;
  int start_ = -1;
  bool has_failed_ = false;
};

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (has_failed_) return;
  if (expects_key()) return fail(position(mark), "a key must be a text, found nothing");
  Node node;
  node.position = position(mark);
  size_.add(node);
  if (is_within_bounds(node.position)) add_value(std::move(node), anchor);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) {
  if (has_failed_) return;
  bool is_typed = tag == plain_tag || tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:bool";
  Node node = Node::scalar(value, is_typed ? scalar_type_of(value) : ScalarType::string, position(mark));
  node.is_quoted = tag == quoted_tag;
  size_.add(node);
  if (!is_within_bounds(node.position)) return;
  if (expects_key()) {
    if (anchor != 0) anchors_[anchor] = node;
    set_key(std::move(node));
  } else {
    add_value(std::move(node), anchor);
  }
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (has_failed_) return;
  Position at = position(mark);
  auto found = anchors_.find(anchor);
  if (found == anchors_.end()) return fail(at, "an alias cannot stand inside the value it names");
  size_.add(found->second);
  if (!is_within_bounds(at)) return;
  Node copy = found->second;
  if (!expects_key()) return add_value(std::move(copy), 0);
  if (!copy.is_scalar()) return fail(at, "a key must be a text, found " + describe(copy));
  copy.position = at;
  set_key(std::move(copy));
}

void TreeBuilder::open(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (has_failed_) return;
  Position at = position(mark);
  if (expects_key()) return fail(at, std::string("a key must be a text, found a ") + (kind == Kind::list ? "list" : "map"));
  if (open_.size() >= max_depth) return fail(at, "the document is nested more than " + std::to_string(max_depth) + " levels deep");
  Open opened;
  opened.node.kind = kind;
  opened.node.position = std::move(at);
  opened.anchor = anchor;
  size_.nodes++;
  if (is_within_bounds(opened.node.position)) open_.push_back(std::move(opened));
}

void TreeBuilder::close() {
  if (has_failed_) return;
  Open closed = std::move(open_.back());
  open_.pop_back();
  finish_merge(closed);
  add_value(std::move(closed.node), closed.anchor);
}

void TreeBuilder::set_key(Node node) {
  Open& map = open_.back();
  map.is_merge = !node.is_quoted && node.text == "<<";
  map.key = std::move(node.text);
  map.key_position = std::move(node.position);
  map.expects_value = true;
}

void TreeBuilder::add_value(Node node, YAML::anchor_t anchor) {
  if (anchor != 0) {
    size_.add(node);
    if (!is_within_bounds(node.position)) return;
    anchors_[anchor] = node;
  }
  if (open_.empty()) {
    root_ = std::move(node);
  } else if (open_.back().node.is_list()) {
    open_.back().node.items.push_back(std::move(node));
  } else {
    put_entry(open_.back(), std::move(node));
  }
}

void TreeBuilder::put_entry(Open& map, Node node) {
  map.expects_value = false;
  if (map.is_merge) {
    map.merged.push_back(std::move(node));
    return;
  }
  auto [first, is_new] = map.key_lines.emplace(map.key, map.key_position.line);
  if (is_new) {
    map.node.entries.push_back({std::move(map.key), std::move(map.key_position), std::move(node)});
  } else {
    diagnostics_.error(
        map.key_position, "",
        "the key " + quoted(shortened(map.key)) + " stands twice in this map, first in line " + std::to_string(first->second));
  }
}

// A map's own entries win over merged ones, and earlier merged maps over later ones.
void TreeBuilder::finish_merge(Open& map) {
  for (Node& merged : map.merged) {
    if (merged.is_map()) {
      merge_entries(map, merged);
    } else if (merged.is_list()) {
      for (Node& item : merged.items) merge_entries(map, item);
    } else {
      fail(merged.position, "the merge key << expects a map or a list of maps, found " + describe(merged));
    }
  }
}

void TreeBuilder::merge_entries(Open& map, Node& from) {
  if (!from.is_map()) return fail(from.position, "the merge key << expects a map or a list of maps, found " + describe(from));
  for (MapEntry& entry : from.entries)
    if (map.key_lines.emplace(entry.key, entry.key_position.line).second) map.node.entries.push_back(std::move(entry));
}

Position position_at(const std::shared_ptr<const Source>& source, size_t offset) {
  std::string_view before = std::string_view(source->text).substr(0, offset);
  Position position{source, 1, 1};
  for (char c : before) {
    position.column++;
    if (c != '\n') continue;
    position.line++;
    position.column = 1;
  }
  return position;
}

// The parser replaces or stops at bytes that YAML does not allow; better to say where they are.
bool check_characters(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics) {
  std::string_view text = source->text;
  if (text.size() > max_source_bytes) {
    diagnostics.error({source}, "", "the text is larger than " + std::to_string(max_source_bytes >> 20) + " MiB");
    return false;
  }
  for (size_t i = 0; i < text.size(); i++) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 || c == '\n' || c == '\t' || c == '\r') continue;
    diagnostics.error(position_at(source, i), "",
                      "a control character (" + std::to_string(c) + ") cannot stand in YAML; escape it in double quotes");
    return false;
  }
  if (!is_valid_utf8(text)) {
    diagnostics.error({source}, "", "the text is not UTF-8");
    return false;
  }
  return true;
}

// Reads every document; only the first may hold anything.
std::optional<Node> parse(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics) {
  std::istringstream stream(source->text);
  YAML::Parser parser(stream);
  std::optional<Node> result;
  int last_start = -1;
  while (true) {
    TreeBuilder builder(source, diagnostics);
    if (!parser.HandleNextDocument(builder)) break;
    Node document = builder.take_root();
    // The parser stays for ever at a character that can begin nothing, such as a lone "]".
    if (builder.start() == last_start) {
      diagnostics.error(document.position, "", "not valid YAML: this cannot stand here");
      break;
    }
    last_start = builder.start();
    if (!result) {
      result = std::move(document);
    } else if (!document.is_null()) {
      diagnostics.error(document.position, "", "a second YAML document begins here; a configuration is one document");
      break;
    }
  }
  if (!result) result.emplace().position = {source, 1, 1};
  return result;
}

}  // namespace

void TreeSize::add(const Node& node) {
  nodes++;
  bytes += node.text.size();
  if (is_too_large()) return;
  for (const Node& item : node.items) add(item);
  for (const MapEntry& entry : node.entries) {
    bytes += entry.key.size();
    add(entry.value);
  }
}

std::optional<Node> read_yaml(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics) {
  if (!check_characters(source, diagnostics)) return std::nullopt;
  size_t errors_before = diagnostics.error_count();
  std::optional<Node> root;
  try {
    root = parse(source, diagnostics);
  } catch (const YAML::Exception& error) {
    Position at{source, static_cast<uint32_t>(error.mark.line + 1), static_cast<uint32_t>(error.mark.column + 1)};
    diagnostics.error(std::move(at), "", "not valid YAML: " + error.msg);
  } catch (const std::exception& error) {
    diagnostics.error({source}, "", std::string("cannot read the YAML: ") + error.what());
  }
  if (diagnostics.error_count() > errors_before) return std::nullopt;
  return root;
}

}  // namespace vigia::config
