#pragma once

// A file system in memory whose disk misbehaves as disks do: the fault-injecting twin of SystemFiles for simulations. Everything it does follows
// from its seed.
//
// - What is written is volatile until it is synced, sector by sector; so are a file's size, and creations, renames and removals in a directory.
// - crash() is the power cut: each unsynced sector survives or not on its own, and a beginning of the unsynced changes of directories does.
//   kill() ends the process only: nothing is lost. Both leave all open files and locks dead.
// - A failed sync behaves as Linux does: what it did not write stays visible until the crash but counts as clean, so that a later sync does not
//   save it either. So it is with a directory's entries: the kernel keeps them in buffers as it keeps a file's data, and a buffer whose writing
//   failed counts as clean. Of what a failed sync of a directory was to save a beginning survives; a name is safe again once it has been
//   changed anew and that was synced. (A file system with a journal of its own may go read-only instead: then nothing is synced any more.)
// - A full disk refuses growth, be it by writing or by truncate(). A file that was opened for reading refuses to be written to.
//
// Any thread; directories need not be created.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/guarded.h"
#include "base/random.h"

namespace vigia::test {

// Probabilities of a failure, per call.
struct Faults {
  double read_error = 0;
  double write_error = 0;  // A beginning of it may have been written.
  double sync_error = 0;
  double open_error = 0;
};

class FaultyFiles final : public FileSystem {
 public:
  explicit FaultyFiles(uint64_t seed);
  ~FaultyFiles() override;

  void crash();
  void kill();
  void set_faults(const Faults& faults);
  void fail_next_sync(int count = 1);  // Of files.
  void fail_next_directory_sync(int count = 1);
  void fail_next_write(int count = 1);
  // 0: no bound.
  void set_capacity_bytes(uint64_t bytes);
  // Bit rot: changes bytes in what is visible and in what is safe.
  void damage(const std::string& path, uint64_t offset, size_t count);

  uint64_t used_bytes() const;
  uint64_t sync_count() const;
  std::vector<std::string> paths() const;

  Result<std::string> read_file(const std::string& path) override;
  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, bool truncate) override;
  Status write_file_atomically(const std::string& path, std::string_view content) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status create_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  bool exists(const std::string& path) override;
  Result<int64_t> modified_ns(const std::string& path) override;
  Result<std::unique_ptr<File>> open_file(const std::string& path, FileMode mode) override;
  Status sync_directory(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;
  Result<DiskSpace> disk_space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  struct Inode;
  struct Disk;
  class OpenFile;
  class OpenAppend;
  class Lock;
  const std::shared_ptr<Guarded<Disk>> disk_;
};

}  // namespace vigia::test
