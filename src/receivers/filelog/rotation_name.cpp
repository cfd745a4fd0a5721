#include "receivers/filelog/rotation_name.h"

#include <array>
#include <cctype>

namespace vigia::receivers {

namespace {

std::string_view base_name(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_separator(char c) { return c == '.' || c == '-' || c == '_'; }

bool drop_suffix(std::string& name, std::string_view suffix) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

// Digits with their separators at the end of `text`: ".1", "-20240131", "-2024-01-31T10-00-00", "_17". Where they begin.
size_t number_suffix(std::string_view text) {
  size_t begin = text.size();
  for (size_t i = text.size(); i > 0; i--) {
    char c = text[i - 1];
    if (is_separator(c) && begin == i)
      begin = i - 1;
    else if (is_separator(c) && i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])))
      begin = i - 1;
    else if (std::isdigit(static_cast<unsigned char>(c)) || c == 'T' || c == 'Z' || c == ':')
      continue;
    else
      break;
  }
  bool has_digit = false;
  for (char c : text.substr(begin)) has_digit = has_digit || std::isdigit(static_cast<unsigned char>(c));
  return has_digit && begin > 0 ? begin : text.size();
}

bool is_compressed_name(std::string_view name) { return name.ends_with(".gz") || name.ends_with(".zst"); }

}  // namespace

std::string name_before_rotation(std::string_view full) {
  std::string name(full);
  static constexpr std::array<std::string_view, 9> words = {".gz", ".zst", ".bz2", ".xz", ".old", ".bak", ".orig", ".copy", "~"};
  for (bool has_changed = true; has_changed;) {
    has_changed = false;
    for (std::string_view word : words) has_changed = drop_suffix(name, word) || has_changed;
    size_t number = number_suffix(name);
    if (number < name.size()) {
      name.resize(number);
      has_changed = true;
    }
  }
  // A date before the extension: app-2024-01-31.log.
  size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return name;
  size_t number = number_suffix(std::string_view(name).substr(0, dot));
  return number < dot ? name.substr(0, number) + name.substr(dot) : name;
}

NameRelation relation_of(std::string_view earlier, std::string_view later) {
  std::string_view before = base_name(earlier);
  std::string_view after = base_name(later);
  if (earlier == later || name_before_rotation(before) != name_before_rotation(after)) return NameRelation::none;
  bool is_same_directory = earlier.size() - before.size() == later.size() - after.size() &&
                           earlier.substr(0, earlier.size() - before.size()) == later.substr(0, later.size() - after.size());
  bool is_live = name_before_rotation(before) == before;
  bool is_longer = after.size() > before.size();
  // Elsewhere, it has to look rotated: a log of the same name in another directory is another log.
  if (!is_same_directory && !(is_longer && is_live)) return NameRelation::none;
  if (is_longer && (is_live || (is_compressed_name(after) && !is_compressed_name(before)))) return NameRelation::rotated;
  return is_compressed_name(after) && !is_compressed_name(before) ? NameRelation::rotated : NameRelation::siblings;
}

}  // namespace vigia::receivers
