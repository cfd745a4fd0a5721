#pragma once

// The books of a journal: which files there are, and what each cursor still wants of each of them.
//
// Every record is wanted by all cursors that were active when its file was begun. A cursor takes a record (somebody holds it in memory) and
// then releases it (it never wants it again) or gives it back. A file that nobody wants anything of is finished.
//
// Bookkeeping only: no disk, one thread at a time. encode() and decode() are the checkpoint that every file begins with.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/bits.h"
#include "journal/format.h"
#include "journal/record.h"

namespace vigia::journal {

struct FileEntry {
  FileIdentity identity;
  uint64_t first_record = 0;
  uint64_t end_record = 0;  // One past the last.
  uint64_t size_bytes = 0;  // Up to where it may be read.
  int64_t created_ns = 0;
};

// What a cursor wants of one file.
struct Share {
  Bits released;
  Bits taken;
  Amount wanted;  // Not released; what is taken counts as well.
  Amount held;    // Taken.
};

class Books {
 public:
  struct Cursor {
    std::string name;
    bool is_active = false;            // It gets what is appended to files that are begun from now on.
    std::map<uint64_t, Share> shares;  // By file; none where nothing is wanted. The newest file's stays in any case.
    Amount wanted;
    Amount held;
  };

  // The cursor's index, which stays the same for the life of the books.
  uint32_t find_or_add_cursor(std::string_view name);
  void set_active(uint32_t cursor, bool is_active) { cursors_[cursor].is_active = is_active; }
  const std::vector<Cursor>& cursors() const { return cursors_; }
  const Cursor& cursor(uint32_t index) const { return cursors_[index]; }
  // Cursors that are not active and want nothing are forgotten; the others' indexes change.
  void forget_idle_cursors();

  // --- Files and records ---

  void begin_file(const FileEntry& file);
  void remove_file(uint64_t number);
  // The file is only so large. What the books know of it and it cannot hold is forgotten; says how many records that are.
  // REQUIRES: there is one of this number.
  uint64_t fit_file(uint64_t number, uint64_t size_bytes);
  const std::map<uint64_t, FileEntry>& files() const { return files_; }
  // REQUIRES: there is one.
  FileEntry& newest_file() { return files_.rbegin()->second; }
  const FileEntry* find_file(uint64_t number) const;
  // The sum of all files.
  uint64_t size_bytes() const { return size_bytes_; }
  void set_file_size(uint64_t number, uint64_t size_bytes);

  // The next record of the newest file, at its end. Gives its number.
  uint64_t add(const Amount& amount, int64_t received_ns);
  // As if the records before `number` had been added and lost.
  void skip_to(uint64_t number);

  bool is_waiting(uint32_t cursor, uint64_t file, uint64_t number) const;
  // The first record that `cursor` neither holds nor has released, at or after this place.
  struct Position {
    uint64_t file = 0;
    uint64_t number = 0;
    auto operator<=>(const Position&) const = default;
  };
  std::optional<Position> next_waiting(uint32_t cursor, const Position& from) const;
  // Each says whether it changed anything.
  bool take(uint32_t cursor, const RecordPlace& place);
  bool give_back(uint32_t cursor, const RecordPlace& place);
  bool release(uint32_t cursor, const RecordPlace& place);
  void apply(const Released& released);
  // Nobody can have these any more. What of them was wanted by somebody is given; its items and bytes are not known.
  uint64_t lose(uint64_t file, uint64_t first, uint64_t count);
  // Releases what waits of the oldest file that has something waiting, and adds it to `dropped`. Nothing when nothing waits.
  struct Dropped {
    Amount amount;
    std::vector<Released> ranges;
  };
  std::optional<Dropped> drop_oldest(uint32_t cursor);

  // Files that nobody wants anything of; not the newest.
  std::vector<FileIdentity> finished_files() const;
  // About when the oldest record that the cursor wants was received; 0 when there is none.
  int64_t oldest_ns(uint32_t cursor) const;

  std::string encode() const;
  // Nothing when they contradict themselves. Whether the files hold what they say is for fit_file().
  static std::optional<Books> decode(std::string_view payload);

 private:
  struct TimeMark {
    uint64_t number;
    int64_t received_ns;
  };

  Share* find_share(uint32_t cursor, uint64_t file);
  const Share* find_share(uint32_t cursor, uint64_t file) const;
  void recount(Cursor& cursor, uint64_t file, uint64_t records);
  void settle_share(uint32_t cursor, uint64_t file, Share& share);
  void mark_time(uint64_t number, int64_t received_ns);

  std::map<uint64_t, FileEntry> files_;
  std::vector<Cursor> cursors_;
  uint64_t size_bytes_ = 0;
  // When records were received, at most one mark a second and few altogether.
  std::map<uint64_t, std::vector<TimeMark>> times_;
};

}  // namespace vigia::journal
