#pragma once

// The commands that look at configurations without running them.

#include <string>
#include <vector>

#include "app/console.h"

namespace vigia::app {

int validate_command(const std::vector<std::string>& words, Console& console);
int print_config_command(const std::vector<std::string>& words, Console& console);

}  // namespace vigia::app
