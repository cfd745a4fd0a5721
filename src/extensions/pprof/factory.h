#pragma once

// The pprof extension: CPU profiles of this program, into a file (`save_to_file`) and on demand over HTTP.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory pprof_extension();

}  // namespace vigia::extensions
