#pragma once

// Files, behind an interface so that tests can make the disk misbehave.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia {

enum class FileKind : uint8_t { regular, directory, other };

// What the file system says about a file, or about what a link leads to.
struct FileFacts {
  FileKind kind = FileKind::other;
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  uint64_t links = 0;  // 0: it was removed, and lives as long as it is open.
  uint32_t owner = 0;
  uint32_t group = 0;
  uint32_t permissions = 0;  // As chmod takes them.
};

// A file that is written at its end.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Status append(std::string_view bytes) = 0;
  virtual Status sync() = 0;
  virtual uint64_t size_bytes() const = 0;
};

// A file that is read and written at any place. One writer at a time; reads may come from another thread meanwhile.
class File {
 public:
  virtual ~File() = default;
  // Reads up to `size` bytes into `out`; fewer only at the end of the file. Returns how many.
  virtual Result<size_t> read_at(uint64_t offset, char* out, size_t size) = 0;
  // Writes the parts one after the other from `offset` on: all, or an error. After an error any of it may have been written.
  virtual Status write_at(uint64_t offset, std::span<const std::string_view> parts) = 0;
  // Everything written so far survives a power cut once this is OK. After an error nothing is known of what was written since the last
  // sync that was OK, and another sync proves nothing.
  virtual Status sync() = 0;
  virtual Status truncate(uint64_t size_bytes) = 0;
  virtual Result<uint64_t> size_bytes() = 0;
  // UNIMPLEMENTED where nobody needs it.
  virtual Result<FileFacts> facts();
};

// A lock is held by one process at a time, and given back when it is destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class FileMode : uint8_t {
  read,
  create,  // It must not exist yet. Read and write.
  update,  // It must exist. Read and write.
};

// What the file system that holds a path has.
struct DiskSpace {
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;       // Also what is kept for root.
  uint64_t available_bytes = 0;  // What an ordinary user may still write.
  uint64_t total_inodes = 0;
  uint64_t free_inodes = 0;
};

// A directory that is listed again and again, without an allocation.
class Directory {
 public:
  virtual ~Directory() = default;
  // Begins again, with what is there now.
  virtual Status rewind() = 0;
  // The next name, in no order, without "." and ".."; valid until the next call. False at the end.
  virtual Result<bool> next(std::string_view& name) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::string> read_file(const std::string& path) = 0;
  // Reads no further than it must to know that the file is larger, which is an error. For names that a user gave: /dev/zero never ends.
  virtual Result<std::string> read_small_file(const std::string& path, size_t max_bytes);
  // The beginning of a file, up to `size` bytes, without an allocation when it succeeds. Returns how many. For small files that are looked at
  // often under changing names, such as those of /proc.
  virtual Result<size_t> read_start(const std::string& path, char* out, size_t size);
  // Opens for appending; an existing file is kept unless `truncate`.
  virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, bool truncate = false) = 0;
  // The next nine are UNIMPLEMENTED where nobody needs them.
  virtual Result<std::unique_ptr<File>> open_file(const std::string& path, FileMode mode);
  // Makes creations, renames and removals in it survive a power cut.
  virtual Status sync_directory(const std::string& path);
  // What an ordinary user may still write on the disk that holds `path`.
  virtual Result<uint64_t> free_bytes(const std::string& path);
  // May wait for as long as a server of a network file system does not answer.
  virtual Result<DiskSpace> disk_space(const std::string& path);
  // Where a symbolic link points, up to `size` bytes of it. Returns how many.
  virtual Result<size_t> read_link(const std::string& path, char* out, size_t size);
  // Fails at once when somebody else has it. Creates the file.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path);
  // As chmod takes them: 0750.
  virtual Status set_permissions(const std::string& path, uint32_t permissions);
  // Links are followed.
  virtual Result<FileFacts> facts(const std::string& path);
  // The absolute name without links in it.
  virtual Result<std::string> resolve(const std::string& path);
  // The names of FileFacts::owner and group; the number where it has none.
  virtual Result<std::string> user_name(uint32_t owner);
  virtual Result<std::string> group_name(uint32_t group);
  // Replaces the whole file or leaves the old one: written beside it, synced, renamed.
  virtual Status write_file_atomically(const std::string& path, std::string_view content) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status create_directories(const std::string& path) = 0;
  // Names, without "." and "..", sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<std::unique_ptr<Directory>> open_directory(const std::string& path);
  virtual bool exists(const std::string& path) = 0;
  // When the content last changed; nanoseconds since 1970.
  virtual Result<int64_t> modified_ns(const std::string& path) = 0;
};

class SystemFiles final : public FileSystem {
 public:
  Result<std::string> read_file(const std::string& path) override;
  Result<std::string> read_small_file(const std::string& path, size_t max_bytes) override;
  Result<size_t> read_start(const std::string& path, char* out, size_t size) override;
  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, bool truncate) override;
  Result<std::unique_ptr<File>> open_file(const std::string& path, FileMode mode) override;
  Status sync_directory(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;
  Result<DiskSpace> disk_space(const std::string& path) override;
  Result<size_t> read_link(const std::string& path, char* out, size_t size) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Status set_permissions(const std::string& path, uint32_t permissions) override;
  Result<FileFacts> facts(const std::string& path) override;
  Result<std::string> resolve(const std::string& path) override;
  Result<std::string> user_name(uint32_t owner) override;
  Result<std::string> group_name(uint32_t group) override;
  Status write_file_atomically(const std::string& path, std::string_view content) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status create_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<int64_t> modified_ns(const std::string& path) override;
};

}  // namespace vigia
