#include "config/render.h"

#include <algorithm>
#include <utility>

#include "config/scalar_text.h"
#include "config/secret_names.h"

namespace vigia::config {
namespace {

bool is_plain_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '_' || (c >= '0' && c <= '9'); }
bool is_plain(char c) { return is_plain_start(c) || std::string_view("._-+@=~^$()[]{},:;*|<> ").find(c) != std::string_view::npos; }

// Whether the text can stand without quotes and be read as the same text. Says no when in doubt.
bool is_plain_text(std::string_view text) {
  if (text.empty() || is_null_text(text) || scalar_type_of(text) != ScalarType::string) return false;
  if (!is_plain_start(text[0]) || text.back() == ' ' || text.back() == ':') return false;
  return std::all_of(text.begin(), text.end(), is_plain) && text.find(": ") == std::string_view::npos;
}

std::string yaml_text(std::string_view text) { return is_plain_text(text) ? std::string(text) : quoted(text); }

class Renderer {
 public:
  explicit Renderer(const RenderOptions& options) : options_(options) {}

  std::string take() { return std::move(out_); }
  // Writes the value after a key or a dash, and ends the line.
  void value(const Node& node, const std::string& path, size_t indent, bool is_secret);
  void map(const Node& node, const std::string& path, size_t indent, bool is_secret, bool continues_line);

 private:
  void list(const Node& node, const std::string& path, size_t indent, bool is_secret);
  std::string scalar(const Node& node, bool is_secret) const;
  bool is_secret_path(const std::string& path) const { return options_.redacts_secrets && options_.secret_paths.contains(path); }
  bool is_secret_entry(const Node& map, const MapEntry& entry) const;

  const RenderOptions& options_;
  std::string out_;
};

// `{name: Authorization, value: …}` is a secret under the name that stands beside it.
bool Renderer::is_secret_entry(const Node& map, const MapEntry& entry) const {
  if (!options_.redacts_secrets) return false;
  if (is_secret_name(entry.key)) return true;
  if (entry.key != "value") return false;
  for (std::string_view sibling : {"name", "key"}) {
    const MapEntry* found = map.find(sibling);
    if (found != nullptr && is_secret_name(found->value.text)) return true;
  }
  return false;
}

std::string Renderer::scalar(const Node& node, bool is_secret) const {
  bool is_flag = node.type == ScalarType::boolean;
  if (is_secret && !is_flag && !node.text.empty()) return quoted(redacted_text);
  if (node.type != ScalarType::string) return node.text;
  std::string text = options_.redacts_secrets ? redact_urls(node.text) : node.text;
  if (!options_.escapes_dollars) return yaml_text(text);
  std::string escaped;
  for (char c : text) escaped += c == '$' ? std::string("$$") : std::string(1, c);
  return yaml_text(escaped);
}

void Renderer::value(const Node& node, const std::string& path, size_t indent, bool is_secret) {
  is_secret = is_secret || is_secret_path(path);
  if (node.is_map() && !node.entries.empty()) {
    out_ += '\n';
    map(node, path, indent, is_secret, false);
  } else if (node.is_list() && !node.items.empty()) {
    out_ += '\n';
    list(node, path, indent, is_secret);
  } else {
    out_ += node.is_map() ? " {}" : node.is_list() ? " []" : node.is_null() ? " null" : " " + scalar(node, is_secret);
    out_ += '\n';
  }
}

void Renderer::map(const Node& node, const std::string& path, size_t indent, bool is_secret, bool continues_line) {
  for (const MapEntry& entry : node.entries) {
    if (!continues_line) out_.append(indent, ' ');
    continues_line = false;
    out_ += yaml_text(entry.key) + ":";
    value(entry.value, child_path(path, entry.key), indent + 2, is_secret || is_secret_entry(node, entry));
  }
}

void Renderer::list(const Node& node, const std::string& path, size_t indent, bool is_secret) {
  for (size_t i = 0; i < node.items.size(); i++) {
    const Node& item = node.items[i];
    std::string own_path = item_path(path, i);
    out_.append(indent, ' ');
    out_ += '-';
    if (item.is_map() && !item.entries.empty()) {
      out_ += ' ';
      map(item, own_path, indent + 2, is_secret || is_secret_path(own_path), true);
    } else {
      value(item, own_path, indent + 2, is_secret);
    }
  }
}

}  // namespace

std::string render_yaml(const Node& root, const RenderOptions& options) {
  Renderer renderer(options);
  if (root.is_map() && !root.entries.empty()) {
    renderer.map(root, "", 0, false, false);
    return renderer.take();
  }
  renderer.value(root, "", 0, false);
  std::string text = renderer.take();
  return text.substr(1);
}

}  // namespace vigia::config
