#pragma once

// The `resourcedetection` processor: finds out what machine this is and says so in the resources of all telemetry. See README.md.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory resourcedetection_processor();

}  // namespace vigia::processors
