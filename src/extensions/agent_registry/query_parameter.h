#pragma once

// Parameters behind the question mark of a request's path.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace vigia::extensions {

// The value of the first of these names that is there, unescaped; nothing when none is. INVALID_ARGUMENT names the parameter.
Result<std::optional<std::string>> query_parameter(std::string_view query, std::initializer_list<std::string_view> names);

}  // namespace vigia::extensions
