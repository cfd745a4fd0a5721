#pragma once

// The `prometheus` receiver: scrapes targets that expose metrics for Prometheus. See README.md.

#include "pipeline/component.h"

namespace vigia::receivers {

pipeline::ReceiverFactory prometheus_receiver();

}  // namespace vigia::receivers
