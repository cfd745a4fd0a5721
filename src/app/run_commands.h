#pragma once

// The commands that run a collector until it is told to stop: `run` and the roles.

#include <string>
#include <vector>

#include "app/console.h"

namespace vigia::app {

int run_command(const std::vector<std::string>& words, Console& console);
// `up`, `edge` or `gateway`.
int role_command(const std::string& role, const std::vector<std::string>& words, Console& console);
int agent_command(const std::vector<std::string>& words, Console& console);

}  // namespace vigia::app
