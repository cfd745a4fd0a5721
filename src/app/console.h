#pragma once

// Where a command writes for people and programs.

#include <ostream>

namespace vigia::app {

struct Console {
  std::ostream& out;
  std::ostream& err;
};

}  // namespace vigia::app
