#pragma once

// From what the command line names to a decoded configuration, with every mistake told at once.

#include <memory>
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

// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not.
std::shared_ptr<const pipeline::ProxyRules> proxies_of_environment();

// How far a configuration is looked into.
enum class Depth : uint8_t {
  text,     // What it says.
  machine,  // Also whether the files that it names are there and good.
};

// Nothing when there are errors.
std::optional<Configuration> read_configuration(const config::LoadRequest& request, const pipeline::Components& components, Depth depth,
                                                FileSystem& files, config::Diagnostics& diagnostics);

// Makes all components without starting them. What cannot be made becomes an error.
void try_components(const pipeline::ServiceConfig& service, FileSystem& files, config::Diagnostics& diagnostics);

}  // namespace vigia::app
