#pragma once

// The `nop` exporter: takes everything and does nothing with it. See README.md.

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory nop_exporter();

}  // namespace vigia::exporters
