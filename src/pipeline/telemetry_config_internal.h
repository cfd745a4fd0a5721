#pragma once

// Decoding of service.telemetry.

#include "config/section.h"
#include "pipeline/service_config.h"

namespace vigia::pipeline {

void decode_telemetry(config::Section& in, TelemetryConfig& out);

}  // namespace vigia::pipeline
