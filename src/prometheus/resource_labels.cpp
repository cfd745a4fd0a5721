#include "prometheus/resource_labels.h"

#include <algorithm>

namespace vigia::prometheus {

// With one step back to the last star, which is enough for any number of them.
bool matches_glob(std::string_view pattern, std::string_view text) {
  constexpr size_t none = std::string_view::npos;
  size_t p = 0;
  size_t star = none;
  size_t retry = 0;
  for (size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      p++;
      t++;
    } else if (star != none) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == none;
}

bool ResourceLabels::matches(std::string_view attribute) const {
  auto is_in = [&](const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) { return matches_glob(pattern, attribute); });
  };
  if (is_in(excluded)) return false;
  return included.empty() ? !excluded.empty() : is_in(included);
}

}  // namespace vigia::prometheus
