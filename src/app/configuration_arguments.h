#pragma once

// The words on the command line by which configurations are named.

#include <initializer_list>
#include <vector>

#include "app/command_line.h"
#include "base/status.h"
#include "config/load.h"

namespace vigia::app {

const std::vector<Flag>& configuration_flags();
std::vector<Flag> with_more(std::vector<Flag> flags, std::initializer_list<Flag> more);
config::LoadRequest load_request(const Arguments& arguments);
Status refuse_positional(const Arguments& arguments);

}  // namespace vigia::app
