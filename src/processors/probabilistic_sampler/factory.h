#pragma once

// The processor `probabilistic_sampler`: keeps a share of the spans or log records, chosen by trace id.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory probabilistic_sampler_processor();

}  // namespace vigia::processors
