#pragma once

// Journals and the threads they run on. A journal belongs to its directory, not to who opened it: in a reload the old and the new user of a
// pipeline share it for a moment.

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "journal/journal.h"
#include "net/event_loop.h"

namespace vigia::pipeline {

// A journal whose work is done when there is some. Any thread.
class JournalRunner : public std::enable_shared_from_this<JournalRunner> {
 public:
  JournalRunner(std::unique_ptr<journal::Journal> journal, net::LoopGroup& disk_loops);
  ~JournalRunner();

  journal::Journal& journal() { return *journal_; }
  // Runs the task where reading from the disk holds nobody else up. All reads of one journal come one after the other.
  void read_soon(net::Task task, int64_t delay_ms = 0);
  // Whose cursors and limits the journal has now.
  std::atomic<const void*>& owner() { return owner_; }

 private:
  friend class JournalShelf;
  void start();
  void close();
  void work();

  const std::unique_ptr<journal::Journal> journal_;
  // Null once the loops are gone.
  Guarded<net::EventLoop*> write_loop_;
  Guarded<net::EventLoop*> read_loop_;
  net::EventLoop::TimerId timer_ = 0;  // On the write loop.
  std::atomic<const void*> owner_{nullptr};
};

// All journals of the program. Control thread, but for the destructor's caller: no event loop may run any more that uses one.
class JournalShelf {
 public:
  JournalShelf(FileSystem& files, const Clock& clock, MemoryLedger& ledger, Logger log);
  ~JournalShelf();

  // The journal of a directory: the one that is open, with these options from now on, or a new one.
  Result<std::shared_ptr<JournalRunner>> open(const journal::JournalOptions& options, int64_t lock_timeout_ms);
  // Runs the task where waiting for the disk holds nobody up but readers. Any thread, once a journal is open.
  void run_soon(net::Task task) { disk_loops_->at(1).post(std::move(task)); }

 private:
  const journal::JournalEnvironment environment_;
  // One thread writes, one reads; they exist once somebody wants a journal.
  std::unique_ptr<net::LoopGroup> disk_loops_;
  std::map<std::string, std::weak_ptr<JournalRunner>> runners_;
};

}  // namespace vigia::pipeline
