#pragma once

// The options of the file_storage extension.

#include <cstdint>

#include "config/section.h"
#include "pipeline/storage.h"

namespace vigia::extensions {

struct FileStorageConfig {
  pipeline::StorageSettings storage{.directory = "/var/lib/otelcol/file_storage"};
  bool creates_directory = false;
  uint32_t directory_permissions = 0750;  // Of a directory that we create.
  int64_t lock_timeout_ms = 1'000;
};

FileStorageConfig decode_file_storage(config::Section& section);

}  // namespace vigia::extensions
