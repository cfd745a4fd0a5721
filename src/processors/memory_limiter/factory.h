#pragma once

// The `memory_limiter` processor: refuses data while memory is short. See README.md.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory memory_limiter_processor();

}  // namespace vigia::processors
