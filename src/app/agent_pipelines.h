#pragma once

// The collector configuration that an agent's settings stand for, to be laid over presets/agent.yaml.

#include <memory>

#include "app/agent_settings.h"
#include "config/node.h"

namespace vigia::app {

// REQUIRES: settings without mistakes, with a data_dir.
std::shared_ptr<const config::Source> agent_source(const AgentSettings& settings);

// The exporters in it: one, or one for each signal where these have endpoints of their own.
std::vector<std::string> agent_exporters(const AgentSettings& settings);

}  // namespace vigia::app
