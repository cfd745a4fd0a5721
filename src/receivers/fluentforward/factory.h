#pragma once

// The `fluentforward` receiver: logs by the forward protocol of Fluentd and Fluent Bit. See README.md.

#include "pipeline/component.h"

namespace vigia::receivers {

pipeline::ReceiverFactory fluentforward_receiver();

}  // namespace vigia::receivers
