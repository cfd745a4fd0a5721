#pragma once

// Opening a log file: as what is in it, when it is compressed and that is wanted.

#include <memory>
#include <string>

#include "base/compress.h"
#include "base/file.h"
#include "receivers/filelog/config.h"

namespace vigia::receivers {

struct OpenedFile {
  std::unique_ptr<File> file;
  FileFacts facts;
  Compression compression = Compression::none;
  bool is_unwanted = false;  // It is compressed, and `compression` does not say to look into such files.
};

// An error also when it is no regular file.
Result<OpenedFile> open_log_file(FileSystem& files, const std::string& path, const FilelogConfig& config);

}  // namespace vigia::receivers
