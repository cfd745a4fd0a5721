#pragma once

// The exporter `prometheus`, which some configurations point at a Prometheus rather than at an address of their own.

#include "pipeline/component.h"

namespace vigia::app {

// `page`, or where the endpoint is a URL `remote_write`; without a path it is Prometheus' own.
pipeline::ExporterFactory prometheus_by_endpoint(pipeline::ExporterFactory page, pipeline::ExporterFactory remote_write);

}  // namespace vigia::app
