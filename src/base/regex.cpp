#include "base/regex.h"

#include <re2/re2.h>

#include <fmt/core.h>

namespace vigia {

// A pattern's program may not grow beyond this many bytes.
static constexpr int64_t max_program_bytes = 8 << 20;

static re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// RE2 of this release knows groups with names as (?P<name>…) only; configurations have (?<name>…), too. In a class, such as [(?<], it is
// only characters; (?<= and (?<! are something else, which RE2 refuses.
static std::string with_known_group_names(std::string_view pattern) {
  std::string result;
  size_t class_begin = std::string_view::npos;  // Its first member, while in a class: there a bracket does not close it.
  for (size_t i = 0; i < pattern.size(); i++) {
    std::string_view rest = pattern.substr(i);
    bool is_in_class = class_begin != std::string_view::npos;
    bool names_group = !is_in_class && rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!");
    bool is_pair = (rest[0] == '\\' && rest.size() > 1) || names_group;
    result += names_group ? "(?P" : rest.substr(0, is_pair ? 2 : 1);
    if (is_pair) i++;
    if (rest[0] == '[' && !is_in_class) class_begin = i + (rest.starts_with("[^") ? 2 : 1);
    if (rest[0] == ']' && i > class_begin) class_begin = std::string_view::npos;
  }
  return result;
}

Result<Regex> Regex::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_program_bytes);
  auto compiled = std::make_shared<const re2::RE2>(with_known_group_names(pattern), options);
  if (!compiled->ok()) return invalid_argument(fmt::format("cannot use pattern {}: {}", pattern, compiled->error()));
  return Regex(std::move(compiled));
}

bool Regex::is_found_in(std::string_view text) const {
  return compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

bool Regex::find(std::string_view text, size_t from, std::string_view& match) const {
  re2::StringPiece found;
  if (!compiled_->Match(piece(text), from, text.size(), re2::RE2::UNANCHORED, &found, 1)) return false;
  match = {found.data(), found.size()};
  return true;
}

bool Regex::find_groups(std::string_view text, std::vector<std::string_view>& groups) const {
  if (!find_from(text, 0, groups)) return false;
  groups.erase(groups.begin());
  return true;
}

bool Regex::find_from(std::string_view text, size_t from, std::vector<std::string_view>& match_and_groups) const {
  // Few patterns have more groups, and this comes for every line of a log.
  constexpr size_t few = 32;
  auto count = static_cast<size_t>(compiled_->NumberOfCapturingGroups()) + 1;
  re2::StringPiece on_stack[few];
  std::vector<re2::StringPiece> many(count > few ? count : 0);
  re2::StringPiece* found = count > few ? many.data() : on_stack;
  if (!compiled_->Match(piece(text), from, text.size(), re2::RE2::UNANCHORED, found, static_cast<int>(count))) return false;
  match_and_groups.clear();
  for (size_t i = 0; i < count; i++) match_and_groups.emplace_back(found[i].data(), found[i].size());
  return true;
}

std::vector<std::string> Regex::group_names() const {
  std::vector<std::string> names(static_cast<size_t>(compiled_->NumberOfCapturingGroups()));
  for (const auto& [index, name] : compiled_->CapturingGroupNames()) names[static_cast<size_t>(index) - 1] = name;
  return names;
}

const std::string& Regex::pattern() const { return compiled_->pattern(); }

}  // namespace vigia
