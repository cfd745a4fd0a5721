#pragma once

// Tells when files change, so that nobody has to look at them again and again. By Linux's inotify.
//
// What it tells are hints: some file systems (NFS, FUSE) say nothing of what others do, and the kernel grants a bounded number of watches.
// Who relies on it looks by himself at times, too. Used on one loop.

#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/status.h"
#include "net/event_loop.h"

namespace vigia::net {

class FileWatcher {
 public:
  using Id = int;  // never negative

  // Within one watched directory or from one to another.
  struct Rename {
    Id from_directory;
    std::string from;
    Id to_directory;
    std::string to;
  };

  struct Changes {
    bool names = false;           // In a watched directory something came, went or changed its permissions.
    bool is_incomplete = false;   // There were too many to tell.
    std::vector<Rename> renames;  // In the order in which they happened.
    std::vector<Id> contents;     // Files that were written to or cut. May name one that has been forgotten.
    std::vector<Id> ended;        // Their file or directory is no more, and their watch neither.
  };

  virtual ~FileWatcher() = default;
  // RESOURCE_EXHAUSTED when the system grants no more of them.
  static Result<std::unique_ptr<FileWatcher>> open(EventLoop& loop);

  // Watching the same thing twice gives the same id. UNIMPLEMENTED on a file system that does not tell.
  virtual Result<Id> watch_names(const std::string& directory) = 0;
  virtual Result<Id> watch_content(const std::string& path) = 0;
  virtual void forget(Id id) = 0;
  // Calls once when there are changes to take; changes until the next call of this wait.
  virtual void wait(Function<void()> changed) = 0;
  virtual Changes take() = 0;
};

}  // namespace vigia::net
