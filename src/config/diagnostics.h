#pragma once

// All that was found wrong with a configuration, in the order it was found. Decoding goes on after an error, so that one run tells
// everything.

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "config/node.h"

namespace vigia::config {

struct Diagnostic {
  Position position;
  std::string path;     // "processors::batch::timeout", or "" when the trouble is not about one value.
  std::string message;  // "expected a duration such as 200ms, found the text \"fast\"".
};

// What a decoder has read and cannot judge alone: an address somebody else may want too, the name of another component, a file.
// Whoever sees the whole configuration judges it and reports at this place.
struct Claim {
  std::string topic;  // Who is to judge; "" is `check`.
  std::string value;
  Position position;
  std::string path;
  std::function<Status(FileSystem&)> check;
};

class Diagnostics {
 public:
  // Further ones are only counted.
  static constexpr size_t max_kept = 200;

  void error(Position position, std::string path, std::string message);
  void warning(Position position, std::string path, std::string message);

  bool has_errors() const { return error_count_ > 0; }
  size_t error_count() const { return error_count_; }
  const std::vector<Diagnostic>& errors() const { return errors_; }
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

  // OK without errors, else INVALID_ARGUMENT with render_errors() as its message.
  Status status() const;
  // "collector.yaml:12:5: processors::batch::timeot: unknown key; …", each with its line of the file and a caret below; in the order of
  // the lines, file by file.
  std::string render_errors() const;
  std::string render_warnings() const;

  // Paths of values that decoders read as secrets; they are never shown, neither in messages nor when the tree is rendered.
  void mark_secret(std::string path) { secret_paths_.insert(std::move(path)); }
  const std::set<std::string, std::less<>>& secret_paths() const { return secret_paths_; }

  void add_claim(Claim claim) { claims_.push_back(std::move(claim)); }
  // Those added since the last call.
  std::vector<Claim> take_claims() { return std::exchange(claims_, {}); }

 private:
  std::string render(const std::vector<Diagnostic>& list, size_t count, std::string_view word) const;

  std::vector<Claim> claims_;
  std::vector<Diagnostic> errors_;
  std::vector<Diagnostic> warnings_;
  size_t error_count_ = 0;
  size_t warning_count_ = 0;
  std::set<std::string, std::less<>> secret_paths_;
};

// "collector.yaml:12:5: path: message", without the source line.
std::string one_line(const Diagnostic& diagnostic);

}  // namespace vigia::config
