#include "config/substitute.h"

#include <set>
#include <utility>

#include "base/text.h"
#include "config/scalar_text.h"
#include "config/yaml_reader.h"

namespace vigia::config {
namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_character(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

size_t name_length(std::string_view text) {
  if (text.empty() || !is_name_start(text[0])) return 0;
  size_t length = 1;
  while (length < text.size() && is_name_character(text[length])) length++;
  return length;
}

// What one `${…}` stands for.
struct Retrieved {
  std::string text;
  std::shared_ptr<const Source> source;
  bool is_text = false;  // An explicit empty default: the empty text rather than nothing.
};

// A stretch of a scalar's text.
struct Cursor {
  std::string_view text;
  size_t at = 0;
};

class Substituter {
 public:
  Substituter(const EnvironmentReader& environment, FileSystem& files, Diagnostics& diagnostics)
      : environment_(environment), files_(files), diagnostics_(diagnostics) {}

  void replace_in(Node& node, const std::string& path, size_t level);

 private:
  void replace_scalar(Node& node, const std::string& path, size_t level);
  bool replace_whole(Node& node, std::string_view expression, size_t level, size_t nesting);
  bool replace_nested(Node& node, size_t level, size_t nesting);
  Node parse_value(const Retrieved& retrieved);

  std::optional<std::string> expand_text(std::string_view text, size_t nesting);
  bool expand_dollar(Cursor& cursor, std::string& out, size_t nesting);
  bool expand_naked(Cursor& cursor, std::string& out, size_t nesting);
  std::optional<Retrieved> retrieve_at(Cursor& cursor, size_t nesting);
  std::optional<std::string> read_uri(Cursor& cursor, size_t nesting);
  std::optional<Retrieved> retrieve(const std::string& uri);
  std::optional<Retrieved> retrieve_environment(std::string_view rest);
  std::optional<Retrieved> retrieve_file(const std::string& path);

  void fail(std::string message);
  void warn_unset(const std::string& name);
  void warn_naked(std::string_view name);
  bool count_expansion(size_t nesting);

  const EnvironmentReader& environment_;
  FileSystem& files_;
  Diagnostics& diagnostics_;
  TreeSize total_;
  std::set<std::string, std::less<>> warned_names_;
  bool has_warned_naked_ = false;
  // About the scalar of the file that is being replaced.
  Position position_;
  std::string path_;
  size_t expansions_ = 0;
  size_t expanded_bytes_ = 0;
  size_t muted_ = 0;
};

bool contains_dollar(const Node& node) { return node.is_scalar() && node.text.find('$') != std::string::npos; }

// The end of the `${…}` that begins the text, or npos. Braces pair only with "${", as in the Collector.
size_t expression_end(std::string_view text) {
  if (text.find('}') == std::string_view::npos) return std::string_view::npos;
  size_t depth = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (text.substr(i, 2) == "${") {
      depth++;
      i++;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

void Substituter::fail(std::string message) {
  if (muted_ == 0) diagnostics_.error(position_, path_, std::move(message));
}

void Substituter::warn_unset(const std::string& name) {
  constexpr size_t max_remembered = 1000;
  if (warned_names_.size() >= max_remembered || !warned_names_.insert(name).second) return;
  diagnostics_.warning(position_, path_,
                       "the environment variable " + name + " is not set and is read as empty; ${env:" + name + ":-…} gives it a default");
}

void Substituter::warn_naked(std::string_view name) {
  if (has_warned_naked_) return;
  has_warned_naked_ = true;
  std::string word(shortened(name));
  diagnostics_.warning(position_, path_,
                       "$" + word + " without braces is deprecated: write ${env:" + word + "}, or $$" + word + " for a dollar sign");
}

bool Substituter::count_expansion(size_t nesting) {
  expansions_++;
  if (expansions_ <= max_expansions && nesting <= max_depth) return true;
  fail("${…} is replaced over and over: the values name each other, or there are more than " + std::to_string(max_expansions) +
       " in one value");
  return false;
}

void Substituter::replace_in(Node& node, const std::string& path, size_t level) {
  if (level > max_depth) {
    diagnostics_.error(node.position, path, "the value is nested more than " + std::to_string(max_depth) + " levels deep");
    node = Node{.position = node.position};
    return;
  }
  if (contains_dollar(node)) return replace_scalar(node, path, level);
  for (size_t i = 0; i < node.items.size(); i++) replace_in(node.items[i], item_path(path, i), level + 1);
  for (MapEntry& entry : node.entries) replace_in(entry.value, child_path(path, entry.key), level + 1);
}

void Substituter::replace_scalar(Node& node, const std::string& path, size_t level) {
  position_ = node.position;
  path_ = path;
  expansions_ = 0;
  expanded_bytes_ = 0;
  if (!replace_nested(node, level, 0)) node = Node{.position = position_};
}

// Replaces in a value, of the file or of another `${…}`, and in all that is inside it.
bool Substituter::replace_nested(Node& node, size_t level, size_t nesting) {
  if (level > max_depth) {
    fail("the value is nested more than " + std::to_string(max_depth) + " levels deep");
    return false;
  }
  for (Node& item : node.items)
    if (!replace_nested(item, level + 1, nesting)) return false;
  for (MapEntry& entry : node.entries)
    if (!replace_nested(entry.value, level + 1, nesting)) return false;
  if (!contains_dollar(node)) return true;

  std::string expression = node.text;
  if (expression.starts_with("${") && expression_end(expression) == expression.size()) {
    return replace_whole(node, expression, level, nesting);
  }
  if (expression.starts_with('$') && name_length(std::string_view(expression).substr(1)) == expression.size() - 1) {
    std::string name = expression.substr(1);
    warn_naked(name);
    if (!environment_(name)) return true;
    return replace_whole(node, "${env:" + name + "}", level, nesting);
  }
  std::optional<std::string> text = expand_text(expression, nesting);
  if (!text) return false;
  node.text = *text;
  node.type = ScalarType::string;
  if (expansions_ > 0) node.substitution = std::make_shared<Substitution>(Substitution{std::move(expression), std::move(*text)});
  return true;
}

// The scalar is one `${…}`: it becomes what its value is in YAML.
bool Substituter::replace_whole(Node& node, std::string_view expression, size_t level, size_t nesting) {
  Cursor cursor{expression};
  if (!count_expansion(nesting)) return false;
  std::optional<Retrieved> retrieved = retrieve_at(cursor, nesting);
  if (!retrieved) return false;

  Node value = parse_value(*retrieved);
  if (value.is_scalar() || value.is_null()) value.position = node.position;
  total_.add(value);
  if (total_.is_too_large()) {
    fail("the configuration is too large once ${…} is replaced");
    return false;
  }
  if (!replace_nested(value, level, nesting + 1)) return false;

  auto substitution = std::make_shared<Substitution>();
  substitution->expression = expression;
  if (value.substitution) {
    substitution->text = value.substitution->text;
  } else if (value.is_scalar() && value.type == ScalarType::string) {
    substitution->text = value.text;
  } else {
    // The text is expanded on its own; when that fails the value still stands.
    muted_++;
    std::optional<std::string> text = expand_text(retrieved->text, nesting + 1);
    muted_--;
    substitution->text = text ? std::move(*text) : std::move(retrieved->text);
  }
  value.substitution = std::move(substitution);
  value.position = node.position;
  node = std::move(value);
  return true;
}

// What YAML makes of a value. A text is taken exactly as it came, quotes and line ends included, and so is what is no YAML.
Node Substituter::parse_value(const Retrieved& retrieved) {
  Node text = Node::scalar(retrieved.text, ScalarType::string, {retrieved.source, 1, 1});
  if (retrieved.is_text) return text;
  Diagnostics unheard;
  std::optional<Node> parsed = read_yaml(retrieved.source, unheard);
  if (!parsed || (parsed->is_scalar() && parsed->type == ScalarType::string)) return text;
  return std::move(*parsed);
}

std::optional<std::string> Substituter::expand_text(std::string_view text, size_t nesting) {
  std::string out;
  Cursor cursor{text};
  while (cursor.at < text.size()) {
    size_t dollar = std::min(text.find('$', cursor.at), text.size());
    out += text.substr(cursor.at, dollar - cursor.at);
    cursor.at = dollar;
    if (dollar < text.size() && !expand_dollar(cursor, out, nesting)) return std::nullopt;
  }
  expanded_bytes_ += out.size();
  if (expanded_bytes_ > max_tree_bytes) {
    fail("the value is too long once ${…} is replaced");
    return std::nullopt;
  }
  return out;
}

// At a dollar sign.
bool Substituter::expand_dollar(Cursor& cursor, std::string& out, size_t nesting) {
  std::string_view rest = cursor.text.substr(cursor.at);
  if (rest.starts_with("$$")) {
    out += '$';
    cursor.at += 2;
    return true;
  }
  if (rest.starts_with("${") && !count_expansion(nesting)) return false;
  if (rest.starts_with("${") && expression_end(rest) != std::string_view::npos) {
    std::optional<Retrieved> retrieved = retrieve_at(cursor, nesting);
    if (!retrieved) return false;
    std::optional<std::string> text = expand_text(retrieved->text, nesting + 1);
    if (text) out += *text;
    return text.has_value();
  }
  if (name_length(rest.substr(1)) > 0) return expand_naked(cursor, out, nesting);
  out += '$';
  cursor.at++;
  return true;
}

bool Substituter::expand_naked(Cursor& cursor, std::string& out, size_t nesting) {
  std::string_view rest = cursor.text.substr(cursor.at + 1);
  std::string name(rest.substr(0, name_length(rest)));
  cursor.at += 1 + name.size();
  warn_naked(name);
  std::optional<std::string> value = environment_(name);
  if (!value) {
    out += "$" + name;
    return true;
  }
  if (!count_expansion(nesting)) return false;
  std::optional<std::string> text = expand_text(*value, nesting + 1);
  if (text) out += *text;
  return text.has_value();
}

// At "${": moves past the closing brace.
std::optional<Retrieved> Substituter::retrieve_at(Cursor& cursor, size_t nesting) {
  std::optional<std::string> uri = read_uri(cursor, nesting);
  if (!uri) return std::nullopt;
  if (uri->find('$') != std::string::npos) {
    fail("a dollar sign cannot stand inside ${…}: " + quoted(shortened(*uri)));
    return std::nullopt;
  }
  return retrieve(*uri);
}

// The text between the braces, with inner `${…}` replaced.
std::optional<std::string> Substituter::read_uri(Cursor& cursor, size_t nesting) {
  std::string uri;
  cursor.at += 2;
  while (cursor.at < cursor.text.size() && cursor.text[cursor.at] != '}') {
    if (cursor.text.substr(cursor.at, 2) != "${") {
      uri += cursor.text[cursor.at++];
      continue;
    }
    if (!count_expansion(nesting + 1)) return std::nullopt;
    std::optional<Retrieved> inner = retrieve_at(cursor, nesting + 1);
    if (!inner) return std::nullopt;
    std::optional<std::string> text = expand_text(inner->text, nesting + 1);
    if (!text) return std::nullopt;
    uri += *text;
  }
  cursor.at++;
  return uri;
}

std::optional<Retrieved> Substituter::retrieve(const std::string& uri) {
  size_t colon = uri.find(':');
  if (colon == std::string::npos) return retrieve_environment(uri);
  std::string scheme = uri.substr(0, colon);
  std::string rest = uri.substr(colon + 1);
  if (scheme == "env") return retrieve_environment(rest);
  if (scheme == "file") return retrieve_file(rest);
  if (scheme == "yaml") return Retrieved{rest, std::make_shared<Source>(Source{"${yaml:…}", rest})};
  if (rest.starts_with('-') && name_length(scheme) == scheme.size()) {
    fail("a default needs the word env: write ${env:" + shortened(uri) + "}");
  } else if (scheme == "http" || scheme == "https") {
    fail("${" + shortened(uri) + "}: reading configuration over HTTP is not in this build; expected env, file or yaml");
  } else {
    fail("${" + shortened(uri) + "}: expected env, file or yaml before the colon, found " + quoted(shortened(scheme)));
  }
  return std::nullopt;
}

std::optional<Retrieved> Substituter::retrieve_environment(std::string_view rest) {
  size_t separator = rest.find(":-");
  std::string name(rest.substr(0, separator));
  if (name.empty() || name_length(name) != name.size()) {
    fail("${" + shortened(rest) + "}: expected the name of an environment variable (letters, digits and _), found " +
         quoted(shortened(name)));
    return std::nullopt;
  }
  std::optional<std::string> value = environment_(name);
  bool is_default = !value && separator != std::string_view::npos;
  if (is_default) value = rest.substr(separator + 2);
  if (!value) warn_unset(name);
  Retrieved retrieved{value.value_or("")};
  retrieved.is_text = is_default && retrieved.text.empty();
  retrieved.source = std::make_shared<Source>(Source{"env:" + name, retrieved.text});
  return retrieved;
}

std::optional<Retrieved> Substituter::retrieve_file(const std::string& path) {
  Result<std::string> text = files_.read_small_file(path, max_source_bytes);
  if (!text) {
    fail(text.status().message());
    return std::nullopt;
  }
  return Retrieved{*text, std::make_shared<Source>(Source{path, *text})};
}

}  // namespace

void substitute(Node& root, const EnvironmentReader& environment, FileSystem& files, Diagnostics& diagnostics) {
  Substituter(environment, files, diagnostics).replace_in(root, "", 0);
}

}  // namespace vigia::config
