#pragma once

// The mounts of the system with their devices' real names.

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "host/mounts.h"
#include "host/proc_file.h"

namespace vigia::host {

// Reads the kernel's list anew only when it changed. One thread at a time.
class MountTable {
 public:
  MountTable(FileSystem& files, const std::string& root_path);
  // Says whether mounts() is another list now.
  Result<bool> refresh();
  const std::vector<Mount>& mounts() const { return mounts_; }
  // Whether a mount is on a disk and not a second view of one.
  bool is_on_disk(const Mount& mount) const;
  // Where the mount's files are for this process.
  std::string local_path(const Mount& mount) const;

 private:
  Result<std::string_view> read_mountinfo();
  void name_devices();

  FileSystem& files_;
  const std::string root_path_;
  ProcFile first_process_;
  ProcFile this_process_;
  std::string last_text_;
  std::vector<Mount> mounts_;
  std::vector<std::string> disk_types_;
};

}  // namespace vigia::host
