#include "config/load.h"

#include <utility>

#include "base/text.h"
#include "config/merge.h"
#include "config/scalar_text.h"
#include "config/yaml_reader.h"

namespace vigia::config {
namespace {

bool is_scheme_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-';
}

// "env" of "env:NAME"; "" for a path. A single letter is no scheme, as in the Collector.
std::string_view scheme_of(std::string_view value) {
  size_t length = 0;
  while (length < value.size() && is_scheme_character(value[length])) length++;
  bool starts_with_letter = length > 0 && !(value[0] >= '0' && value[0] <= '9') && value[0] != '+' && value[0] != '.' && value[0] != '-';
  if (length < 2 || length == value.size() || value[length] != ':' || !starts_with_letter) return {};
  return value.substr(0, length);
}

class Loader {
 public:
  Loader(FileSystem& files, const EnvironmentReader& environment, Diagnostics& diagnostics)
      : files_(files), environment_(environment), diagnostics_(diagnostics) {
    root_.kind = Kind::map;
  }

  void add_source(const std::string& value);
  void add_set(const std::string& value);
  void add_text(std::shared_ptr<const Source> source);
  Node take_root() { return std::move(root_); }

 private:
  void add_file(const std::string& path);
  void add_environment(const std::string& name);
  void fail(std::string source_name, std::string message) {
    diagnostics_.error({std::make_shared<Source>(Source{std::move(source_name), ""})}, "", std::move(message));
  }

  FileSystem& files_;
  const EnvironmentReader& environment_;
  Diagnostics& diagnostics_;
  Node root_;
};

void Loader::add_text(std::shared_ptr<const Source> source) {
  std::optional<Node> node = read_yaml(source, diagnostics_);
  if (!node || node->is_null()) return;
  if (!node->is_map()) {
    diagnostics_.error(node->position, "", "expected a map at the top of a configuration, found " + describe(*node));
    return;
  }
  split_top_keys(*node, diagnostics_);
  if (root_.position.line == 0) root_.position = node->position;
  merge_over(root_, std::move(*node));
}

void Loader::add_source(const std::string& value) {
  std::string_view scheme = scheme_of(value);
  if (scheme.empty()) return add_file(value);
  std::string rest = value.substr(scheme.size() + 1);
  if (scheme == "file") return add_file(rest);
  if (scheme == "env") return add_environment(rest);
  if (scheme == "yaml") return add_text(std::make_shared<Source>(Source{"yaml source", rest}));
  if (scheme == "http" || scheme == "https")
    return fail("--config", "cannot read " + quoted(value) + ": configuration over HTTP is not in this build");
  fail("--config", "cannot read " + quoted(value) + ": expected a path or one of file:, env:, yaml:, found " + quoted(scheme));
}

void Loader::add_file(const std::string& path) {
  if (path.empty()) return fail("--config", "expected the path of a file, found nothing");
  Result<std::string> text = files_.read_small_file(path, max_source_bytes);
  if (!text) return fail("--config", text.status().message());
  add_text(std::make_shared<Source>(Source{path, std::move(*text)}));
}

void Loader::add_environment(const std::string& name) {
  std::optional<std::string> text = environment_(name);
  if (!text) return fail("--config", "cannot read env:" + name + ": the environment variable is not set");
  add_text(std::make_shared<Source>(Source{"env:" + name, std::move(*text)}));
}

void Loader::add_set(const std::string& value) {
  size_t equal = value.find('=');
  if (equal == std::string::npos || trim(value.substr(0, equal)).empty()) {
    return fail("--set", "expected key=value, such as processors.batch.timeout=2s, found " + quoted(shortened(value)));
  }
  std::string_view given = trim(std::string_view(value).substr(equal + 1));
  if (is_null_text(given) && !given.empty())
    diagnostics_.warning({std::make_shared<Source>(Source{"--set", ""})}, "",
                         "null takes nothing away: " + quoted(shortened(value)) +
                             " leaves the key with its defaults, as in the Collector; protocols, queues and retries have enabled=false");
  std::string key;
  for (char c : trim(std::string_view(value).substr(0, equal))) key += c == '.' ? std::string("::") : std::string(1, c);
  std::string text = key + ": " + std::string(given);
  add_text(std::make_shared<Source>(Source{"--set", std::move(text)}));
}

}  // namespace

std::optional<Node> load(const LoadRequest& request, FileSystem& files, const EnvironmentReader& environment, Diagnostics& diagnostics) {
  size_t errors_before = diagnostics.error_count();
  Loader loader(files, environment, diagnostics);
  if (request.sources.empty() && request.presets.empty()) {
    diagnostics.error({}, "", "no configuration: give at least one --config");
  }
  for (const auto& preset : request.presets) loader.add_text(preset);
  for (const std::string& source : request.sources) loader.add_source(source);
  for (const std::string& set : request.sets) loader.add_set(set);
  if (diagnostics.error_count() > errors_before) return std::nullopt;
  Node root = loader.take_root();
  substitute(root, environment, files, diagnostics);
  return root;
}

}  // namespace vigia::config
