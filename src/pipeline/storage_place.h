#pragma once

// Where in a storage somebody's journal lies, and what the storage's settings are to a journal.

#include <string>
#include <string_view>

#include "journal/journal.h"
#include "pipeline/component.h"
#include "pipeline/storage.h"

namespace vigia::pipeline {

// A pipeline's or a component's name as that of a directory; different names stay different.
std::string directory_name(std::string_view name);
// And back.
std::string name_of_directory(std::string_view directory);

// <storage>/<pipeline>
std::string journal_directory(const StorageSettings& storage, std::string_view pipeline);
// <storage>/overflow/<pipeline>/<exporter>
constexpr std::string_view overflow_root_name = "overflow";
std::string overflow_directory(const StorageSettings& storage, std::string_view pipeline, std::string_view exporter);

void apply_storage(const StorageSettings& storage, journal::JournalOptions& options);
// The extension, if it runs and is a storage.
Result<const Storage*> find_storage(const Context& context, const ComponentId& id);

}  // namespace vigia::pipeline
