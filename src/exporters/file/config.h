#pragma once

// The options of the `file` exporter.

#include <cstdint>
#include <optional>
#include <string>

#include "config/section.h"

namespace vigia::exporters {

enum class FileFormat : uint8_t { json, proto };

struct RotationConfig {
  uint64_t max_megabytes = 100;
  uint64_t max_days = 0;       // 0: however old.
  uint64_t max_backups = 100;  // 0: however many.
  bool uses_local_time = false;

  bool operator==(const RotationConfig&) const = default;
};

struct FileConfig {
  std::string path;
  FileFormat format = FileFormat::json;
  bool is_compressed = false;
  bool appends = false;
  bool creates_directory = false;
  std::optional<RotationConfig> rotation;

  bool operator==(const FileConfig&) const = default;
};

void decode(config::Section& in, FileConfig& out);

}  // namespace vigia::exporters
