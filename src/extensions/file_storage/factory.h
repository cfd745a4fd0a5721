#pragma once

// The `file_storage` extension: a directory where durable pipelines keep what is not delivered yet. See README.md.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory file_storage_extension();

}  // namespace vigia::extensions
