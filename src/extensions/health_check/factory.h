#pragma once

// The health_check extension: says over HTTP whether the program is ready.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory health_check_extension();

}  // namespace vigia::extensions
