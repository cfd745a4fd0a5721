#pragma once

// Parameters behind the question mark of a request's path.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::extensions {

// The value of the first of these names that is there, unescaped; nothing when none is. INVALID_ARGUMENT names the parameter.
Result<std::optional<std::string>> query_parameter(std::string_view query, std::initializer_list<std::string_view> names);

// INVALID_ARGUMENT names the first parameter that is none of these, and the one that was probably meant.
Status check_parameters(std::string_view query, const std::vector<std::string>& known);

}  // namespace vigia::extensions
