#pragma once

// A journal: records are appended, are safe once that is answered, and stay until every cursor has released them.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal, Journal::open(options, environment));
//   journal->append(record, [](Result<Appended> answer) { … });    // any thread
//   int64_t next_ms = journal->work();                               // the disk thread, whenever `wake` was called
//
// - append() puts a record in line; work() writes all that waits as one group, syncs once, and answers. So one sync serves whoever came while
//   the last one ran.
// - A cursor takes a record, then releases it or gives it back. What is appended is taken at once, as live data, by each cursor that does not
//   hold too much already; what was left is read from the files by read(), as backlog. Both have a budget, so that new and old data share
//   what a slow reader can do.
// - A cursor that wants as much as its quota refuses newcomers (retryable, with the time that making room will take) or drops its oldest: a
//   file's worth, for which files are kept small, and nothing that somebody holds, for which no more than half of the quota is ever held.
// - A failed sync ends the life of its file: what had not been answered goes into a new one. A full disk refuses, and nothing else.
// - Releases are written with the next group or soon by themselves; after a crash some may be forgotten, and their records are read again.
// - Files that nobody wants are deleted whole; while data flows, one is kept to be written over.
//
// append, take-backs, releases and the questions: any thread. work() and read(): one thread at a time each, and never on an event loop.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/guarded.h"
#include "base/random.h"
#include "journal/books.h"
#include "journal/damage.h"
#include "journal/drain_rate.h"
#include "journal/log_writer.h"

namespace vigia::journal {

enum class SyncPolicy : uint8_t {
  always,    // Before the answer.
  interval,  // Within the interval after it.
  never,     // By the system.
};
enum class WhenFull : uint8_t { reject, drop_oldest };

struct CursorOptions {
  std::string name;
  Amount quota;  // Each part of it: the most the cursor may want; 0: any.
  WhenFull when_full = WhenFull::reject;
  // It gets its records in their order, without new ones among the old: it holds live data only while no old data waits or is held, and the other
  // way round. What it gives back may still come again behind newer ones that it holds.
  bool in_order = false;
};

struct JournalOptions {
  std::string directory;               // It is there.
  std::vector<CursorOptions> cursors;  // With those that are gone and still want something at most 64.
  SyncPolicy sync = SyncPolicy::always;
  int64_t sync_interval_ms = 1'000;
  uint64_t max_bytes = 0;  // Of all files; 0: any.
  uint64_t file_bytes = 16 << 20;
  uint64_t min_free_bytes = 64 << 20;      // What is left of the disk for others.
  uint64_t most_pending_bytes = 64 << 20;  // Unpacked, and with all that belongs to it.
  // What each cursor may hold of new and of old data, likewise. It may be passed by one record.
  uint64_t live_bytes = 12 << 20;
  uint64_t backlog_bytes = 12 << 20;
};

// Where from somebody holds a record.
enum class Origin : uint8_t { live, backlog };

struct Appended {
  RecordPlace place;
  uint64_t live_cursors = 0;  // Bit i: cursor i holds it.
};
// A record that was read for a cursor, which holds it now.
struct ReadRecord {
  RecordPlace place;
  Record record;
};

struct CursorState {
  Amount wanted;
  Amount held;
  Amount quota;
  Amount dropped;         // For want of room, since the start.
  int64_t oldest_ns = 0;  // About when the oldest that is wanted was received; 0: there is none.
};
struct JournalState {
  uint64_t size_bytes = 0;
  uint64_t files = 0;
  uint64_t syncs = 0;
  uint64_t failed_writes = 0;  // Syncs and writes.
  uint64_t damaged_bytes = 0;
  uint64_t lost_records = 0;
};

struct JournalEnvironment {
  FileSystem& files;
  const Clock& clock;
  MemoryLedger& ledger;
  Logger log;
  uint64_t seed = 0;  // 0: by the system.
};

class Journal {
 public:
  using AppendDone = Function<void(Result<Appended>)>;

  // Waits up to `lock_timeout_ms` for another process to let go of the directory.
  static Result<std::unique_ptr<Journal>> open(JournalOptions options, const JournalEnvironment& environment, int64_t lock_timeout_ms = 0);
  Journal(const Journal&) = delete;
  ~Journal();

  // From now on, `wake` is called when work() should be. Any thread may call it.
  void set_wake(std::function<void()> wake);
  // Other cursors, quotas and limits. What cursors that are gone still want is kept, and is the first to go when the journal must not grow.
  Status change_options(JournalOptions options);
  // What a cursor goes by for as long as this lives. REQUIRES: it is one of the options'.
  uint32_t cursor(std::string_view name) const;

  // `done` is called by work(), or at once with a refusal. `cursors`: bit i: cursor i gets it, if it is active.
  void append(Record record, AppendDone done, uint64_t cursors = ~uint64_t{0});
  // Whether a record of about this size would be refused now for what waits for the cursors, or for ever.
  Status room_for(const Amount& amount, uint64_t cursors) const;
  // Gives how long to wait until the next call if nobody wakes; −1: until somebody does.
  int64_t work();
  // Writes what has been released, so that a restart does not read it again.
  void flush();

  // The next records that wait for a cursor, oldest first, up to about `max_bytes`; nothing when none waits or it holds its budget.
  Result<std::vector<ReadRecord>> read(uint32_t cursor, uint64_t max_bytes);
  bool has_waiting(uint32_t cursor) const;
  // Whether read() may give something now.
  bool is_readable(uint32_t cursor) const;
  // Both say whether read() may give something now.
  bool release(uint32_t cursor, const RecordPlace& place, Origin origin);
  bool give_back(uint32_t cursor, const RecordPlace& place, Origin origin);

  CursorState cursor_state(uint32_t cursor) const;
  JournalState state() const;
  const std::string& directory() const { return directory_; }

 private:
  struct Pending {
    std::unique_ptr<FramedRecord> record;
    AppendDone done;
    uint64_t cursors = 0;
  };
  struct Holder {
    CursorOptions options;
    uint64_t live_bytes = 0;
    uint64_t backlog_bytes = 0;
    Amount dropped;
    DrainRate drain;
  };
  struct State {
    Books books;
    JournalOptions options;
    std::vector<Holder> holders;  // As the books' cursors, also those that are gone.
    std::vector<Pending> pending;
    Amount pending_amount;
    uint64_t pending_held_bytes = 0;
    std::vector<Released> releases;  // Not written yet.
    bool must_begin_file = false;
    bool is_short_of_room = false;  // Somebody was refused because of max_bytes: a drained file goes, however small it is.
    bool is_awake = false;          // work() has been asked for and has not begun.
    bool looks_again = false;       // It will be called soon, also if nobody asks for it.
  };
  struct Group {
    std::vector<Pending> records;
    std::vector<Released> releases;
    bool is_empty() const { return records.empty() && releases.empty(); }
  };
  // Where a cursor is reading.
  struct Reading {
    std::unique_ptr<FrameReader> reader;
    uint64_t next_number = 0;  // What comes next is not before it.
    int failures = 0;          // In a row.
  };
  // The file with the oldest record that waits, as far as it may be read.
  struct NextRead {
    FileIdentity file;
    uint64_t number = 0;
    uint64_t first_record = 0;
    uint64_t end_record = 0;
    uint64_t size_bytes = 0;
  };

  Journal(JournalOptions options, const JournalEnvironment& environment, std::unique_ptr<FileLock> lock);
  Status recover_files();
  Status use_options(State& state, JournalOptions options) const;

  // --- Appending ---
  Status admit(State& state, const FramedRecord& record, uint64_t cursors) const;
  static bool may_hold_live(const State& state, uint32_t cursor);
  static bool may_hold_backlog(const State& state, uint32_t cursor);
  static bool may_hold_more(const State& state, uint32_t cursor);
  static bool is_asked(const State& state, uint32_t cursor, uint64_t cursors);
  static Status admit_to_cursor(State& state, uint32_t cursor, const Amount& amount, int64_t now_ms);
  static Status fits_cursor(const State& state, uint32_t cursor, const Amount& amount);
  static Status room_of_cursor(const State& state, uint32_t cursor, const Amount& amount, int64_t now_ms);
  static bool is_readable(const State& state, uint32_t cursor);
  static std::optional<Amount> drop_oldest(State& state, uint32_t cursor);
  Status admit_to_disk(State& state, uint64_t bytes, int64_t now_ms) const;
  void drop_orphans(State& state, uint64_t bytes) const;
  void wake();

  // --- Writing ---
  Group take_group();
  Status write_and_sync(Group& group, std::vector<uint64_t>& offsets);
  Status write_once(Group& group, std::vector<uint64_t>& offsets);
  // Says whether it began one.
  Result<bool> begin_file_if_needed();
  Status begin_file();
  void abandon_file();
  static Amount most_per_file(const JournalOptions& options);
  Status sync_now();
  void answer(Group group, Status status, const std::vector<uint64_t>& offsets);
  static void note_release(State& state, uint32_t cursor, const RecordPlace& place);
  static uint64_t publish(State& state, const Pending& pending, const RecordPlace& place);
  Result<std::unique_ptr<LogWriter>> make_file(const FileHeader& header, std::string_view checkpoint);
  void remove_finished();
  void remove_drained_file();
  void remove_file(const FileIdentity& file);
  void remove_spare();
  bool has_room_for_spare() const;
  int64_t rest();

  // --- Reading ---
  std::optional<NextRead> next_to_read(uint32_t cursor) const;
  Status open_reading(Reading& reading, const NextRead& next) const;
  Status read_file(uint32_t cursor, Reading& reading, const NextRead& next, uint64_t max_bytes, std::vector<ReadRecord>& found,
                   uint64_t& bytes);
  Result<bool> take_record(uint32_t cursor, const FrameReader::Step& step, FrameReader& reader, std::vector<ReadRecord>& found,
                           uint64_t& bytes);
  void lose(uint64_t file, uint64_t first, uint64_t count);

  const std::string directory_;
  const JournalEnvironment environment_;
  const std::unique_ptr<FileLock> lock_;
  DamageKeeper damage_;
  Guarded<State> state_;
  Guarded<std::function<void()>> wake_;
  std::atomic<uint64_t> syncs_{0};
  std::atomic<uint64_t> failed_writes_{0};

  // Of work().
  Random random_;
  std::unique_ptr<LogWriter> writer_;
  Amount written_;                 // To the file.
  uint64_t checkpoint_bytes_ = 0;  // Of the file.
  uint64_t next_file_ = 1;
  uint64_t next_record_ = 1;
  bool has_spare_ = false;    // A finished file, kept to be written over.
  bool keeps_spares_ = true;  // Until the disk fails to make a name safe: an old one could come back with what is written over it.
  int64_t last_work_ms_ = 0;
  int64_t last_sync_ms_ = 0;
  bool is_full_told_ = false;
  // Of read().
  std::vector<Reading> readings_;
};

}  // namespace vigia::journal
