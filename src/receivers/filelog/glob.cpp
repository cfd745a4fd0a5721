#include "receivers/filelog/glob.h"

#include <optional>

#include "base/text.h"

namespace vigia::receivers {

namespace {

constexpr size_t most_alternatives = 1000;

// Where the brace that opens at `open` is closed, or npos.
size_t closing_brace(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); i++) {
    if (text[i] == '\\')
      i++;
    else if (text[i] == '{')
      depth++;
    else if (text[i] == '}' && --depth == 0)
      return i;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> split_choices(std::string_view inside) {
  std::vector<std::string_view> choices;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i < inside.size(); i++) {
    if (inside[i] == '\\')
      i++;
    else if (inside[i] == '{')
      depth++;
    else if (inside[i] == '}')
      depth--;
    else if (inside[i] == ',' && depth == 0) {
      choices.push_back(inside.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  choices.push_back(inside.substr(std::min(begin, inside.size())));
  return choices;
}

size_t find_unescaped(std::string_view text, char wanted) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\')
      i++;
    else if (text[i] == wanted)
      return i;
  }
  return std::string_view::npos;
}

// The patterns that one with braces stands for.
Status expand(std::string_view pattern, std::vector<std::string>& out) {
  size_t open = find_unescaped(pattern, '{');
  if (open == std::string_view::npos) {
    if (out.size() >= most_alternatives) return invalid_argument("stands for more than 1000 patterns");
    out.emplace_back(pattern);
    return {};
  }
  size_t close = closing_brace(pattern, open);
  if (close == std::string_view::npos) return invalid_argument("a { is not closed");
  for (std::string_view choice : split_choices(pattern.substr(open + 1, close - open - 1))) {
    std::string one(pattern.substr(0, open));
    one.append(choice).append(pattern.substr(close + 1));
    RETURN_IF_ERROR(expand(one, out));
  }
  return {};
}

// The character at `at`, or behind a backslash there; moves behind it.
char take_character(std::string_view text, size_t& at) {
  if (text[at] == '\\' && at + 1 < text.size()) at++;
  return text[at++];
}

// A class like [a-z] that begins at `at`, behind the bracket. Moves behind its end; nothing when it has none.
std::optional<bool> class_holds(std::string_view pattern, size_t& at, char wanted) {
  bool is_negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (is_negated) at++;
  bool holds = false;
  for (bool is_first = true; at < pattern.size(); is_first = false) {
    if (pattern[at] == ']' && !is_first) {
      at++;
      return holds != is_negated;
    }
    auto low = static_cast<unsigned char>(take_character(pattern, at));
    auto high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      at++;
      high = static_cast<unsigned char>(take_character(pattern, at));
    }
    auto c = static_cast<unsigned char>(wanted);
    holds = holds || (low <= c && c <= high);
  }
  return std::nullopt;
}

Status check_classes(std::string_view part) {
  for (size_t at = 0; at < part.size();) {
    if (part[at] == '\\' && at + 1 == part.size()) return invalid_argument("ends in a backslash");
    bool is_class = part[at] == '[';
    take_character(part, at);
    if (is_class && !class_holds(part, at, 'x')) return invalid_argument("a [ is not closed");
  }
  return {};
}

// Without recursion: after a mismatch the last star takes one character more.
bool name_matches(std::string_view pattern, std::string_view name) {
  size_t at = 0;
  size_t i = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  while (i < name.size() || at < pattern.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_name = i;
      continue;
    }
    if (at < pattern.size() && i < name.size()) {
      size_t next = at;
      bool fits = false;
      if (pattern[at] == '?') {
        fits = true;
        next++;
      } else if (pattern[at] == '[') {
        next++;
        fits = class_holds(pattern, next, name[i]).value_or(false);
      } else {
        fits = take_character(pattern, next) == name[i];
      }
      if (fits) {
        at = next;
        i++;
        continue;
      }
    }
    if (star == std::string_view::npos || star_name >= name.size()) return false;
    at = star;
    i = ++star_name;
  }
  return true;
}

std::string without_escapes(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) plain += take_character(text, at);
  return plain;
}

// At slashes that are not within a class; a class never holds one.
Result<Glob::Parts> parse_parts(std::string_view pattern) {
  Glob::Parts parts;
  bool is_first = true;
  for (std::string_view text : split(pattern, '/')) {
    // Doubled slashes and "." say nothing, but for the slash at the beginning.
    bool says_nothing = text == "." || (text.empty() && !is_first);
    is_first = false;
    if (says_nothing && !(text == "." && parts.empty())) continue;
    RETURN_IF_ERROR(check_classes(text));
    if (text == "**") {
      if (parts.empty() || parts.back().kind != Glob::Part::Kind::any_depth) parts.push_back({Glob::Part::Kind::any_depth, ""});
    } else if (text.find_first_of("*?[") != std::string_view::npos) {
      parts.push_back({Glob::Part::Kind::pattern, std::string(text)});
    } else {
      parts.push_back({Glob::Part::Kind::literal, without_escapes(text)});
    }
  }
  return parts;
}

bool path_matches(const Glob::Parts& parts, size_t part, const std::vector<std::string_view>& names, size_t name) {
  for (; part < parts.size(); part++, name++) {
    if (parts[part].kind == Glob::Part::Kind::any_depth) {
      if (part + 1 == parts.size()) return true;
      for (size_t skipped = name; skipped <= names.size(); skipped++)
        if (path_matches(parts, part + 1, names, skipped)) return true;
      return false;
    }
    if (name >= names.size() || !parts[part].matches(names[name])) return false;
  }
  return name == names.size();
}

}  // namespace

bool Glob::Part::matches(std::string_view name) const {
  switch (kind) {
    case Kind::literal:
      return text == name;
    case Kind::pattern:
      return name_matches(text, name);
    default:
      return true;
  }
}

Result<Glob> Glob::parse(std::string_view pattern) {
  if (pattern.empty()) return invalid_argument("an empty pattern matches nothing");
  std::vector<std::string> expanded;
  RETURN_IF_ERROR(expand(pattern, expanded));
  Glob glob;
  glob.pattern_ = pattern;
  for (const std::string& one : expanded) {
    ASSIGN_OR_RETURN(Parts parts, parse_parts(one));
    if (parts.empty()) return invalid_argument("names no file");
    glob.alternatives_.push_back(std::move(parts));
  }
  return glob;
}

bool Glob::matches(std::string_view path) const {
  std::vector<std::string_view> names;
  bool is_first = true;
  for (std::string_view name : split(path, '/')) {
    if (!name.empty() || is_first) names.push_back(name);
    is_first = false;
  }
  for (const Parts& parts : alternatives_)
    if (path_matches(parts, 0, names, 0)) return true;
  return false;
}

}  // namespace vigia::receivers
