#pragma once

// The agent_recognition processor: tells a registry of agents who sends telemetry. See README.md.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory agent_recognition_processor();

}  // namespace vigia::processors
