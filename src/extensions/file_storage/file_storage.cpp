#include "extensions/file_storage/factory.h"
#include "pipeline/storage.h"

namespace vigia::extensions {

namespace {

struct FileStorageConfig {
  pipeline::StorageSettings settings;
  bool creates_directory = false;
};

class FileStorage final : public pipeline::Extension, public pipeline::Storage {
 public:
  FileStorage(const pipeline::Context& context, FileStorageConfig config) : context_(context), config_(std::move(config)) {}
  Status start() override {
    if (config_.creates_directory) return context_.files.create_directories(config_.settings.directory);
    return {};
  }
  const pipeline::StorageSettings& storage() const override { return config_.settings; }

 private:
  const pipeline::Context& context_;
  const FileStorageConfig config_;
};

}  // namespace

pipeline::ExtensionFactory file_storage_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "file_storage";
  factory.decode = [](config::Section& in) -> std::any {
    FileStorageConfig config;
    config.settings.directory = "/var/lib/otelcol/file_storage";
    in.field("directory", config.settings.directory);
    in.field("create_directory", config.creates_directory);
    std::string sync = "always";
    if (in.field("sync", sync)) config.settings.sync = sync == "never" ? pipeline::StorageSync::never : sync == "interval" ? pipeline::StorageSync::interval : pipeline::StorageSync::always;
    bool fsync = true;
    in.field("fsync", fsync);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    return std::unique_ptr<pipeline::Extension>(std::make_unique<FileStorage>(context, std::any_cast<const FileStorageConfig&>(config)));
  };
  return factory;
}

}  // namespace vigia::extensions
