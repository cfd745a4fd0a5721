#pragma once

// What this program is made of: the one explicit list of components.

#include <string>

#include "pipeline/component.h"

namespace vigia::app {

pipeline::Components all_components();

// The list as YAML, as `vigia components` prints it.
std::string describe_components(const pipeline::Components& components, std::string_view version);

}  // namespace vigia::app
