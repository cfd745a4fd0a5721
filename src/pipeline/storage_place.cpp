#include "pipeline/storage_place.h"

#include <charconv>
#include <utility>

#include <fmt/core.h>

namespace vigia::pipeline {

namespace {

journal::SyncPolicy policy_of(StorageSync sync) {
  switch (sync) {
    case StorageSync::always:
      return journal::SyncPolicy::always;
    case StorageSync::interval:
      return journal::SyncPolicy::interval;
    case StorageSync::never:
      return journal::SyncPolicy::never;
  }
  return journal::SyncPolicy::always;
}

}  // namespace

std::string directory_name(std::string_view name) {
  std::string directory;
  bool is_first_slash = true;
  for (char c : name) {
    bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (c == '/' && std::exchange(is_first_slash, false))
      directory += '-';
    else if (is_plain)
      directory += c;
    else
      directory += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return directory;
}

std::string name_of_directory(std::string_view directory) {
  std::string name;
  bool is_first_dash = true;
  for (size_t i = 0; i < directory.size(); i++) {
    uint8_t byte = 0;
    std::string_view digits = directory.substr(i + 1, 2);
    bool is_escaped =
        directory[i] == '%' && digits.size() == 2 && std::from_chars(digits.data(), digits.data() + 2, byte, 16).ptr == digits.data() + 2;
    // Types of components and signals have no dash of their own.
    if (is_escaped) {
      name += static_cast<char>(byte);
      i += 2;
    } else if (directory[i] == '-' && std::exchange(is_first_dash, false)) {
      name += '/';
    } else {
      name += directory[i];
    }
  }
  return name;
}

std::string journal_directory(const StorageSettings& storage, std::string_view pipeline) {
  return storage.directory + "/" + directory_name(pipeline);
}

std::string overflow_directory(const StorageSettings& storage, std::string_view pipeline, std::string_view exporter) {
  return fmt::format("{}/{}/{}/{}", storage.directory, overflow_root_name, directory_name(pipeline), directory_name(exporter));
}

void apply_storage(const StorageSettings& storage, journal::JournalOptions& options) {
  options.sync = policy_of(storage.sync);
  options.sync_interval_ms = storage.sync_interval_ms;
  options.max_bytes = storage.max_bytes;
}

Result<const Storage*> find_storage(const Context& context, const ComponentId& id) {
  for (const std::string& type : spellings_of(id.type))
    if (Extension* extension = context.find_extension({type, id.name})) {
      if (auto* storage = dynamic_cast<const Storage*>(extension)) return storage;
      return invalid_argument("the extension \"" + id.to_string() + "\" is no storage");
    }
  return invalid_argument("the extension \"" + id.to_string() + "\" does not run; list it in service::extensions");
}

}  // namespace vigia::pipeline
