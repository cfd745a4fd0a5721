#pragma once

// The `filelog` receiver: log files become log records, line by line. See README.md.

#include "pipeline/component.h"

namespace vigia::receivers {

pipeline::ReceiverFactory filelog_receiver();

}  // namespace vigia::receivers
