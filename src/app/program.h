#pragma once

// The program: from words on the command line to an exit code.

#include <string>
#include <vector>

#include "app/console.h"

namespace vigia::app {

// `words` is the command line without the program's name. 0 is success, 1 is every failure.
int run_program(const std::vector<std::string>& words, Console console);

}  // namespace vigia::app
