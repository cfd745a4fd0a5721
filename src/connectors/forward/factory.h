#pragma once

// The `forward` connector: joins or splits pipelines of one signal. See README.md.

#include "pipeline/component.h"

namespace vigia::connectors {

pipeline::ConnectorFactory forward_connector();

}  // namespace vigia::connectors
