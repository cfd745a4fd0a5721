#pragma once

// The `debug` exporter prints what it gets; `logging` is its deprecated twin with the older options. See README.md.

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory debug_exporter();
pipeline::ExporterFactory logging_exporter();

}  // namespace vigia::exporters
