#include "base/regex.h"

#include <re2/re2.h>

#include <fmt/core.h>

namespace vigia {

// A pattern's program may not grow beyond this many bytes.
static constexpr int64_t max_program_bytes = 8 << 20;

static re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

Result<Regex> Regex::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_program_bytes);
  auto compiled = std::make_shared<const re2::RE2>(piece(pattern), options);
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
