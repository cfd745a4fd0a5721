#pragma once

// The files that are read: which there are, which is which after they were rotated, and what there is to read. See README.md, "Rotation".
//
// A file is known by device, inode and content together. Who is sure that it is the same file goes on where it was left; who is not reads it
// whole, since reading twice does less harm than losing. No threads, no timers: the receiver says when to look and when to read.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipeline/component.h"
#include "receivers/filelog/config.h"
#include "receivers/filelog/file_reader.h"
#include "receivers/filelog/known_files.h"
#include "receivers/filelog/opened_file.h"

namespace vigia::receivers {

struct FileSetTelemetry {
  FileSetTelemetry(MetricRegistry& metrics, const pipeline::ComponentId& id);
  Gauge& open_files;
  Gauge& reading_files;
  Gauge& known_files;
  Counter& renamed;    // A file that goes on under another name, or under none that matches.
  Counter& truncated;  // Cut, or replaced in its place.
  Counter& copies;     // New files that hold what was read already.
};

class FileSet {
 public:
  // The watcher's part, or nothing: `watch` is told of files that were opened, `unwatch` of those that are closed or forgotten.
  struct Watching {
    std::function<int(const std::string& path)> watch;
    std::function<void(int)> unwatch;
  };

  FileSet(const pipeline::Context& context, const FilelogConfig& config, KnownFiles& known, FileReader& reader, Watching watching);

  // Files of an earlier run, before the first look. With some, `start_at` says nothing any more.
  void has_history() { is_first_look_ = false; }

  // Finds out what is there and what has become of what was. Gives the directories that were searched.
  const std::set<std::string>& look();
  // Somebody renamed a file. One that matched and was renamed between two looks is read all the same.
  void note_rename(const std::string& from, const std::string& to);
  // Somebody wrote to an open file.
  void look_at(TrackedFile& file);

  enum class Progress : uint8_t { nothing_left, more, batch_full };
  // Reads some, from one file after the other in turn.
  Progress read_some(size_t budget_bytes);
  // Ends the entries that have waited long enough for their end.
  Progress end_rests();
  // When end_rests() has something to do, by the steady clock.
  std::optional<int64_t> next_rest_ms() const;

  // The pipeline has taken everything of the file up to there.
  void commit(FileId file, const Position& position);
  // Something was committed since it was last asked.
  bool take_dirty() { return std::exchange(is_dirty_, false); }

 private:
  // Where they are (file_set.cpp).
  void find();
  void sight(const FoundFile& found, std::vector<const FoundFile*>& fresh);
  bool confirm(TrackedFile& file, const std::string& path);
  void lose(TrackedFile& file);
  enum class Search : uint8_t { found, not_there, no_room };
  Search find_moved(TrackedFile& file);
  TrackedFile* begin(const FoundFile& found);
  void begin_strays();
  bool is_wanted(const std::string& path) const;
  void verify(TrackedFile& file, const FileFacts& facts);
  void check(TrackedFile& file, const FileFacts& facts);
  void check_gone(TrackedFile& file);
  void finish(TrackedFile& file);

  // Whether they are copies (file_set_copies.cpp).
  void identify_new();
  bool learn_beginning(TrackedFile& file);
  bool find_original(TrackedFile& file);
  std::vector<TrackedFile*> candidates_for(TrackedFile& file, std::string_view beginning);
  enum class Likeness : uint8_t { none, so_far, all_that_was_read };
  Likeness compare(TrackedFile& file, TrackedFile& original);
  void check_copy(TrackedFile& file);
  void take_over(TrackedFile& file, TrackedFile& original, bool is_quiet);
  void read_on_its_own(TrackedFile& file);
  void start_at(TrackedFile& file, uint64_t offset);

  // Opening and reading (file_set_read.cpp).
  bool open(TrackedFile& file);
  bool take_opened(TrackedFile& file, OpenedFile opened);
  void close(TrackedFile& file);
  bool has_room() { return open_count_ < config_.max_concurrent_files || make_room(); }
  bool make_room();
  void tell_unreadable(const std::string& path, const Status& why);
  void want(TrackedFile& file);
  Progress read(TrackedFile& file, size_t budget_bytes, bool ends_rest);
  void cut(TrackedFile& file, uint64_t size);
  TrackedFile& start_over(TrackedFile& file);
  void delete_if_read(TrackedFile& file);
  int64_t now_ms() const { return context_.clock.steady_ms(); }

  const pipeline::Context context_;
  const FilelogConfig& config_;
  KnownFiles& known_;
  FileReader& reader_;
  const Watching watching_;
  FileSetTelemetry telemetry_;
  Found found_;
  bool is_first_look_ = true;
  bool is_dirty_ = false;
  bool is_cut_told_ = false;
  uint64_t round_ = 0;
  size_t open_count_ = 0;
  const TrackedFile* pinned_ = nullptr;  // It stays open while another one is opened.
  std::set<FileId> wanted_;              // There may be something to read.
  FileId last_read_ = 0;                 // The next one's turn comes after it.
  std::set<FileId> resting_;             // An entry waits for its end.
  std::set<std::string> unreadable_;     // Told, until they can be read.
  // By where it is now: a file that matched, under which name, and when it was renamed.
  struct Stray {
    std::string matched_as;
    int64_t since_ms = 0;
  };
  std::map<std::string, Stray> strays_;
};

}  // namespace vigia::receivers
