#include "extensions/file_storage/file_storage.h"

#include <utility>

#include "extensions/file_storage/factory.h"

namespace vigia::extensions {

namespace {

std::string cannot_use(const std::string& directory) { return "cannot use " + directory + " for storage"; }

}  // namespace

Status check_storage_directory(FileSystem& files, const std::string& directory) {
  if (!files.exists(directory)) return not_found(cannot_use(directory) + ": it does not exist; create it or set create_directory: true");
  Result<std::vector<std::string>> names = files.list(directory);
  return names.is_ok() ? Status() : std::move(names).status().with_context(cannot_use(directory));
}

FileStorageExtension::FileStorageExtension(const pipeline::Context& context, FileStorageConfig config)
    : context_(context), config_(std::move(config)) {}

Status FileStorageExtension::start() {
  if (config_.creates_directory) RETURN_IF_ERROR(create_directory());
  RETURN_IF_ERROR(check_storage_directory(context_.files, config_.storage.directory));
  return try_to_write();
}

Status FileStorageExtension::create_directory() {
  const std::string& directory = config_.storage.directory;
  if (context_.files.exists(directory)) return {};
  Status status = context_.files.create_directories(directory);
  if (status.is_ok()) status = context_.files.set_permissions(directory, config_.directory_permissions);
  if (!status.is_ok()) return std::move(status).with_context(cannot_use(directory));
  context_.log.info("The storage directory was created", {{"directory", directory}});
  return {};
}

// Better known now than with the first data. A disk that is full may be emptied again, and what lies on it has to be sent meanwhile.
Status FileStorageExtension::try_to_write() {
  const std::string& directory = config_.storage.directory;
  std::string path = directory + "/.write-test";
  Result<std::unique_ptr<AppendFile>> file = context_.files.open_append(path);
  if (!file.is_ok()) {
    if (file.status().code() != StatusCode::resource_exhausted)
      return std::move(file).status().with_context(cannot_use(directory) + ": it cannot be written to");
    context_.log.warn("the storage's disk is full: nothing new can be kept", {{"directory", directory}});
    return {};
  }
  Status removed = context_.files.remove(path);
  // Another program that shares the directory may have been quicker.
  if (!removed.is_ok() && removed.code() != StatusCode::not_found) return std::move(removed).with_context(cannot_use(directory));
  return {};
}

pipeline::ExtensionFactory file_storage_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "file_storage";
  factory.decode = [](config::Section& section) -> std::any { return decode_file_storage(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    const auto& settings = std::any_cast<const FileStorageConfig&>(config);
    return std::unique_ptr<pipeline::Extension>(std::make_unique<FileStorageExtension>(context, settings));
  };
  return factory;
}

}  // namespace vigia::extensions
