#pragma once

// The processor `resource`: changes the attributes of resources, in all signals.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory resource_processor();

}  // namespace vigia::processors
