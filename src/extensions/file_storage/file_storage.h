#pragma once

// The extension: sees to it at the start that the directory can be used, and says what was configured.

#include <string>

#include "extensions/file_storage/config.h"
#include "pipeline/component.h"
#include "pipeline/storage.h"

namespace vigia::extensions {

// The directory is there and is one; says what to do when it is not.
Status check_storage_directory(FileSystem& files, const std::string& directory);

class FileStorageExtension final : public pipeline::Extension, public pipeline::Storage {
 public:
  FileStorageExtension(const pipeline::Context& context, FileStorageConfig config);

  Status start() override;
  const pipeline::StorageSettings& storage() const override { return config_.storage; }

 private:
  Status create_directory();
  Status try_to_write();

  const pipeline::Context context_;
  const FileStorageConfig config_;
};

}  // namespace vigia::extensions
