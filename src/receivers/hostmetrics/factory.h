#pragma once

// The `hostmetrics` receiver: what /proc and /sys say of the machine, as metrics. See README.md.

#include "pipeline/component.h"

namespace vigia::receivers {

pipeline::ReceiverFactory hostmetrics_receiver();

}  // namespace vigia::receivers
