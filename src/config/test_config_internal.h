#pragma once

// What the tests of this folder share: files and variables that exist only in memory, and short ways to read texts.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "config/diagnostics.h"
#include "config/load.h"
#include "config/yaml_reader.h"

namespace vigia::config {

// Files by path; only reading works.
class MemoryFiles final : public FileSystem {
 public:
  std::map<std::string, std::string> texts;

  Result<std::string> read_file(const std::string& path) override {
    auto found = texts.find(path);
    if (found == texts.end()) return not_found("cannot open " + path + ": No such file or directory");
    return found->second;
  }
  Result<std::unique_ptr<AppendFile>> open_append(const std::string&, bool) override { return unimplemented("read-only"); }
  Status write_file_atomically(const std::string&, std::string_view) override { return unimplemented("read-only"); }
  Status rename(const std::string&, const std::string&) override { return unimplemented("read-only"); }
  Status remove(const std::string&) override { return unimplemented("read-only"); }
  Status create_directories(const std::string&) override { return unimplemented("read-only"); }
  Result<std::vector<std::string>> list(const std::string&) override { return unimplemented("read-only"); }
  bool exists(const std::string& path) override { return texts.contains(path); }
  Result<int64_t> modified_ns(const std::string&) override { return unimplemented("read-only"); }
};

// Loads "c.yaml" with what stands around it.
struct Loading {
  MemoryFiles files;
  std::map<std::string, std::string> variables;
  LoadRequest request;
  Diagnostics diagnostics;

  explicit Loading(std::string text = "") {
    files.texts["c.yaml"] = std::move(text);
    request.sources = {"c.yaml"};
  }
  EnvironmentReader environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
  }
  Node load() { return config::load(request, files, environment(), diagnostics).value_or(Node()); }
  std::string first_error() const { return diagnostics.errors().empty() ? "" : one_line(diagnostics.errors()[0]); }
  std::string first_warning() const { return diagnostics.warnings().empty() ? "" : one_line(diagnostics.warnings()[0]); }
};

inline std::optional<Node> read_text(std::string text, Diagnostics& diagnostics) {
  return read_yaml(std::make_shared<Source>(Source{"c.yaml", std::move(text)}), diagnostics);
}

}  // namespace vigia::config
