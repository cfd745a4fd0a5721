#pragma once

// The file_storage extension: a directory where durable queues keep what they have accepted. See README.md.

#include "pipeline/component.h"

namespace vigia::extensions {

pipeline::ExtensionFactory file_storage_extension();

}  // namespace vigia::extensions
