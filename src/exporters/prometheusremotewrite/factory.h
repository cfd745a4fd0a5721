#pragma once

// The `prometheusremotewrite` exporter: metrics to whatever takes Prometheus' remote write. See README.md.

#include "pipeline/component.h"

namespace vigia::exporters {

pipeline::ExporterFactory prometheus_remote_write_exporter();

}  // namespace vigia::exporters
