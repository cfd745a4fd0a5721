#pragma once

// The agent_registration extension: registers this program with a registry of agents, and keeps its heartbeat. See README.md.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory agent_registration_extension();

}  // namespace vigia::extensions
