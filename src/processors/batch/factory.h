#pragma once

// The `batch` processor: small batches become large ones. See README.md.

#include "pipeline/component.h"

namespace vigia::processors {

pipeline::ProcessorFactory batch_processor();

}  // namespace vigia::processors
