#pragma once

// The processor `attributes`: changes the attributes of spans, log records and data points.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory attributes_processor();

}  // namespace vigia::processors
