#pragma once

// `vigia admin dead-letters`: what exporters could not deliver is listed, shown, sent again and removed, also while the program runs.

#include <string>
#include <vector>

#include "app/console.h"

namespace vigia::app {

int admin_command(const std::vector<std::string>& words, Console& console);

}  // namespace vigia::app
