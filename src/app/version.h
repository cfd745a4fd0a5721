#pragma once

#include <string>
#include <string_view>

namespace vigia::app {

// "0.1.0".
std::string_view version();
// "vigia version 0.1.0".
std::string version_line();

}  // namespace vigia::app
