#pragma once

// From what the command line names to a decoded configuration, with every mistake told at once.

#include <optional>
#include <string>

#include "base/file.h"
#include "config/load.h"
#include "pipeline/service_config.h"

namespace vigia::app {

struct Configuration {
  config::Node tree;
  pipeline::ServiceConfig service;
};

// Reads variables of this process's environment.
std::optional<std::string> environment_variable(const std::string& name);

// Nothing when there are errors.
std::optional<Configuration> read_configuration(const config::LoadRequest& request, const pipeline::Components& components,
                                                FileSystem& files, config::Diagnostics& diagnostics);

}  // namespace vigia::app
