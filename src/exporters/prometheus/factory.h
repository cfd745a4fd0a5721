#pragma once

// The `prometheus` exporter: metrics on a page that Prometheus scrapes. See README.md.

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory prometheus_exporter();

}  // namespace vigia::exporters
