#pragma once

// How far each file was read, as it is kept over restarts. docs/formats/filelog_positions.md is the same in words.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "receivers/filelog/known_files.h"

namespace vigia::receivers {

// Up to where the pipeline has taken everything.
std::string write_positions(KnownFiles& files);
// Adds them as files of an earlier run. DATA_LOSS when the text is damaged; nothing is added then.
Status read_positions(std::string_view text, KnownFiles& files);

// <storage>/filelog/<receiver>.positions
std::string positions_directory(const std::string& storage_directory);
std::string positions_path(const std::string& storage_directory, std::string_view receiver);

}  // namespace vigia::receivers
