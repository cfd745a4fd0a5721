#pragma once

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory otlphttp_exporter();

}  // namespace vigia::exporters
