#pragma once

// Journals and the threads they run on. A journal belongs to its directory, not to who opened it: in a reload the old and the new user of a
// pipeline share it for a moment.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "journal/journal.h"
#include "net/event_loop.h"
#include "pipeline/dead_letters.h"

namespace vigia::pipeline {

// A journal whose work is done when there is some. Any thread.
class JournalRunner : public std::enable_shared_from_this<JournalRunner> {
 public:
  JournalRunner(std::unique_ptr<journal::Journal> journal, net::LoopGroup& disk_loops);
  ~JournalRunner();

  journal::Journal& journal() { return *journal_; }
  // Runs the task where reading from the disk holds nobody else up. All reads of one journal come one after the other.
  void read_soon(net::Task task, int64_t delay_ms = 0);

  // Whoever appends to the journal and reads from it. In a reload there are two for a while: the journal then has the cursors of both, under
  // the newer one's limits, each appends for its own, and what becomes readable is the newest one's to read.
  class User {
   public:
    virtual ~User() = default;
    // Something may be there for this cursor. Says whether that is this user's to read. Any thread.
    virtual bool on_readable(uint32_t cursor) = 0;
  };
  // The cursors and limits are taken over from `user` until leave(). Control thread.
  Status join(const std::shared_ptr<User>& user, const journal::JournalOptions& options);
  // Hands the cursors to whoever is left. Control thread.
  void leave(const User& user);
  void tell_readable(uint32_t cursor);

 private:
  friend class JournalShelf;
  void start();
  void close();
  void work();
  Status use_options();

  struct Member {
    std::shared_ptr<User> user;
    journal::JournalOptions options;
  };

  const std::unique_ptr<journal::Journal> journal_;
  // Null once the loops are gone.
  Guarded<net::EventLoop*> write_loop_;
  Guarded<net::EventLoop*> read_loop_;
  net::EventLoop::TimerId timer_ = 0;   // On the write loop.
  Guarded<std::vector<Member>> users_;  // The newest last.
};

// All journals of the program, and the dead letters beside them. Control thread, but for the destructor's caller: no event loop may run any
// more that uses one.
class JournalShelf {
 public:
  JournalShelf(FileSystem& files, const Clock& clock, MemoryLedger& ledger, Logger log);
  ~JournalShelf();

  // The journal of a directory: the one that is open, whose options stay as they are until somebody joins, or a new one.
  Result<std::shared_ptr<JournalRunner>> open(const journal::JournalOptions& options, int64_t lock_timeout_ms);
  // Runs the task where waiting for the disk holds nobody up but readers. Any thread, once a journal is open.
  void run_soon(net::Task task) { disk_loops_->at(1).post(std::move(task)); }
  // The one that writes there. Any thread.
  std::shared_ptr<DeadLetters> letters(DeadLetterPlace place, MetricRegistry& metrics, const DeadLetterLimits& limits);

 private:
  const journal::JournalEnvironment environment_;
  // One thread writes, one reads; they exist once somebody wants a journal.
  std::unique_ptr<net::LoopGroup> disk_loops_;
  std::map<std::string, std::weak_ptr<JournalRunner>> runners_;
  Guarded<std::map<std::string, std::shared_ptr<DeadLetters>>> letters_;  // By directory.
};

}  // namespace vigia::pipeline
