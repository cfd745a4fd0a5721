#pragma once

// Patterns for paths: `*` and `?` within a name, `[a-z]` and `[!a-z]`, `{one,other}`, `**` for directories of any depth, `\` before what
// shall mean itself.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::receivers {

class Glob {
 public:
  // What a pattern says of one name of a path.
  struct Part {
    enum class Kind : uint8_t { literal, pattern, any_depth };
    Kind kind = Kind::literal;
    std::string text;  // Without escapes when it is a literal.
    bool matches(std::string_view name) const;
  };
  // A pattern without braces. A path from the root begins with an empty literal.
  using Parts = std::vector<Part>;

  static Result<Glob> parse(std::string_view pattern);

  bool matches(std::string_view path) const;
  const std::vector<Parts>& alternatives() const { return alternatives_; }
  const std::string& pattern() const { return pattern_; }

 private:
  std::string pattern_;
  std::vector<Parts> alternatives_;
};

}  // namespace vigia::receivers
