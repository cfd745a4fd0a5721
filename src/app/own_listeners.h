#pragma once

// A rule about a whole configuration: no pipeline may send its data back to where it takes it from.

#include "config/diagnostics.h"
#include "config/node.h"
#include "pipeline/service_config.h"

namespace vigia::app {

// Adds an error for each exporter whose endpoint is the listener of an otlp receiver in the same pipeline. `service` was decoded from
// `root`.
void refuse_own_listeners(const config::Node& root, const pipeline::ServiceConfig& service, config::Diagnostics& diagnostics);

}  // namespace vigia::app
