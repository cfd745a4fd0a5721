#include "extensions/agent_registry/query_parameter.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "pipeline/page_service.h"

namespace vigia::extensions {

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

}  // namespace vigia::extensions
