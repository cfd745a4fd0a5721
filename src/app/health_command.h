#pragma once

// `vigia health`: asks a running program over HTTP whether it is ready.

#include <string>
#include <vector>

#include "app/console.h"

namespace vigia::app {

int health_command(const std::vector<std::string>& words, Console& console);

}  // namespace vigia::app
