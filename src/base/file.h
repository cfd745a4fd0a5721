#pragma once

// Files, behind an interface so that tests can make the disk misbehave.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia {

// A file that is written at its end.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Status append(std::string_view bytes) = 0;
  virtual Status sync() = 0;
  virtual uint64_t size_bytes() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::string> read_file(const std::string& path) = 0;
  // Reads no further than it must to know that the file is larger, which is an error. For names that a user gave: /dev/zero never ends.
  virtual Result<std::string> read_small_file(const std::string& path, size_t max_bytes);
  // Opens for appending; an existing file is kept unless `truncate`.
  virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, bool truncate = false) = 0;
  // Replaces the whole file or leaves the old one: written beside it, synced, renamed.
  virtual Status write_file_atomically(const std::string& path, std::string_view content) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status create_directories(const std::string& path) = 0;
  // Names, without "." and "..", sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual bool exists(const std::string& path) = 0;
  // When the content last changed; nanoseconds since 1970.
  virtual Result<int64_t> modified_ns(const std::string& path) = 0;
};

class SystemFiles final : public FileSystem {
 public:
  Result<std::string> read_file(const std::string& path) override;
  Result<std::string> read_small_file(const std::string& path, size_t max_bytes) override;
  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, bool truncate) override;
  Status write_file_atomically(const std::string& path, std::string_view content) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status create_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  bool exists(const std::string& path) override;
  Result<int64_t> modified_ns(const std::string& path) override;
};

}  // namespace vigia
