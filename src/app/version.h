#pragma once

#include <string_view>

namespace vigia::app {

// "0.1.0".
std::string_view version();

}  // namespace vigia::app
