#pragma once

// The processes of /proc, one after the other, and their files.

#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "host/proc_file.h"

namespace vigia::host {

class ProcessList {
 public:
  ProcessList(FileSystem& files, const std::string& root_path) : files_(files), folder_(below_root(root_path, "/proc")) {}

  Status begin();
  // The next process, whose files can then be read. False at the end.
  Result<bool> next();
  uint64_t pid() const { return pid_; }

  // A file of the process, such as "stat", up to 64 KiB of it; valid until the next call with the same `buffer`. NOT_FOUND and the like
  // when the process has ended.
  Result<std::string_view> read(std::string_view name, std::string& buffer);
  Result<std::string_view> read_link(std::string_view name, std::string& buffer);
  // Of a folder of the process, such as "task".
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name);

 private:
  const std::string& path_of(std::string_view name);

  FileSystem& files_;
  const std::string folder_;
  std::unique_ptr<Directory> directory_;
  uint64_t pid_ = 0;
  std::string path_;
};

// Whether a failure means that the process ended meanwhile, which is nobody's fault.
bool has_ended(const Status& status);

}  // namespace vigia::host
