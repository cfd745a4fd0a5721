#pragma once

// The basicauth extension: user and password (RFC 7617), demanded by receivers or sent by exporters.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory basicauth_extension();

}  // namespace vigia::extensions
