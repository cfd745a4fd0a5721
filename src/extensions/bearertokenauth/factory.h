#pragma once

// The bearertokenauth extension: a secret text in a header, demanded by receivers or sent by exporters.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory bearertokenauth_extension();

}  // namespace vigia::extensions
