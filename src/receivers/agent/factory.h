#pragma once

// The `agent` receiver: what a node's agent says about its node and about itself. See README.md.

#include "pipeline/component.h"

namespace vigia::receivers {

pipeline::ReceiverFactory agent_receiver();

}  // namespace vigia::receivers
