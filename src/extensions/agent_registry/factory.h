#pragma once

// The agent_registry extension: which agents there are, by what they say and by what they send. See README.md.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory agent_registry_extension();

}  // namespace vigia::extensions
