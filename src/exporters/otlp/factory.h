#pragma once

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory otlp_exporter();

}  // namespace vigia::exporters
