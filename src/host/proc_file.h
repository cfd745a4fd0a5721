#pragma once

// A file of /proc or /sys that is read again and again: it stays open, its buffer is kept, and a reading that succeeds allocates nothing.
//
// One thread at a time.

#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"

namespace vigia::host {

class ProcFile {
 public:
  // `files` must outlive this.
  ProcFile(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // What is in it now; valid until the next call. Opened at the first call, and again after a failure.
  Result<std::string_view> read();
  const std::string& path() const { return path_; }

 private:
  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<File> file_;
  std::string buffer_;
};

// `path` below the directory that stands for "/": root_path of a container that has the host's files mounted somewhere.
std::string below_root(const std::string& root_path, std::string_view path);

}  // namespace vigia::host
