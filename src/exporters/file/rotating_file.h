#pragma once

// A file that is written at its end and put aside when it has grown too large: "spans.json" becomes
// "spans-2025-06-04T00-15-23.123.json". Old ones are removed by number and age.
//
// Any thread; writers take turns.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "exporters/file/config.h"

namespace vigia::exporters {

class RotatingFile {
 public:
  RotatingFile(const FileConfig& config, FileSystem& files, const Clock& clock) : config_(config), files_(files), clock_(clock) {}

  // Opens the file unless it is open already. `keeps_content`: even if the configuration says otherwise.
  Status open(bool keeps_content);
  Status write(std::string_view record);
  Status sync();
  const FileConfig& config() const { return config_; }

 private:
  struct State {
    std::unique_ptr<AppendFile> file;
    int64_t last_backup_ns = 0;
  };
  Status rotate(State& state);
  Status remove_old_backups();
  std::string next_backup_path(State& state) const;

  const FileConfig config_;
  FileSystem& files_;
  const Clock& clock_;
  Guarded<State> state_;
};

}  // namespace vigia::exporters
