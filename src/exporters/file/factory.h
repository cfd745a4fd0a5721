#pragma once

// The `file` exporter: writes telemetry to a file. See README.md.

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory file_exporter();

}  // namespace vigia::exporters
