#pragma once

// The processor `filter`: drops resources, spans, span events, metrics, data points and log records by conditions.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory filter_processor();

}  // namespace vigia::processors
