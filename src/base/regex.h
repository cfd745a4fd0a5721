#pragma once

// RE2 patterns, compiled once and used from any thread. Matching takes time linear in the text, whatever the pattern.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace re2 {
class RE2;
}

namespace vigia {

class Regex {
 public:
  // INVALID_ARGUMENT with RE2's explanation when the pattern is none.
  static Result<Regex> compile(std::string_view pattern);

  // Whether the pattern is found anywhere in the text.
  bool is_found_in(std::string_view text) const;
  // The first occurrence that begins at `from` or later. What stands before `from` is context: ^ and \b see it.
  bool find(std::string_view text, size_t from, std::string_view& match) const;
  // The groups of the first occurrence, without the whole match; false when there is none.
  // A group that took no part is empty.
  bool find_groups(std::string_view text, std::vector<std::string_view>& groups) const;
  // The whole match and its groups, of the first occurrence at `from` or behind it; for looking for one after the other.
  bool find_from(std::string_view text, size_t from, std::vector<std::string_view>& match_and_groups) const;
  // The groups' names in their order, "" for one without.
  std::vector<std::string> group_names() const;
  const std::string& pattern() const;

 private:
  explicit Regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace vigia
