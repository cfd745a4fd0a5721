#include "extensions/agent_registry/query_parameter.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "pipeline/page_service.h"

namespace vigia::extensions {

namespace {

// Longer names are no slips, and nobody wants to read them again.
constexpr size_t most_shown_bytes = 100;

std::string unknown_parameter(std::string_view name, const std::vector<std::string>& known) {
  bool is_long = name.size() > most_shown_bytes;
  std::string nearest = is_long ? "" : nearest_word(name, known);
  std::string listed;
  for (const std::string& one : known) listed += (listed.empty() ? "" : ", ") + one;
  return fmt::format("{}{}: unknown parameter{} (known parameters: {})", name.substr(0, most_shown_bytes), is_long ? "…" : "",
                     nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest), listed);
}

}  // namespace

Result<std::optional<std::string>> query_parameter(std::string_view query, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    std::string value(pipeline::query_value(query, name));
    if (value.empty()) continue;
    std::replace(value.begin(), value.end(), '+', ' ');
    std::optional<std::string> decoded = percent_decoded(value);
    if (!decoded) return invalid_argument(fmt::format("{}: a % needs two hexadecimal digits behind it", name));
    return decoded;
  }
  return std::optional<std::string>();
}

Status check_parameters(std::string_view query, const std::vector<std::string>& known) {
  for (std::string_view part : split(query, '&')) {
    std::string_view name = part.substr(0, part.find('='));
    if (part.empty() || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return invalid_argument(unknown_parameter(name, known));
  }
  return {};
}

}  // namespace vigia::extensions
