#pragma once

// `vigia health`: asks a running program over HTTP whether it is ready.

#include <string>
#include <vector>

#include "app/console.h"
#include "base/file.h"
#include "config/substitute.h"

namespace vigia::app {

// Whom it asks when nobody is named, the likeliest first: an agent where the variables or the agent's file speak of one, else a collector.
std::vector<std::string> usual_health_endpoints(const config::EnvironmentReader& environment, FileSystem& files);

int health_command(const std::vector<std::string>& words, Console& console);

}  // namespace vigia::app
