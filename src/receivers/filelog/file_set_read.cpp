// FileSet's part about open files and reading them in turn.

#include <algorithm>

#include "receivers/filelog/file_set.h"

namespace vigia::receivers {

namespace {

// One file's turn.
constexpr size_t turn_bytes = 1 << 20;
constexpr size_t most_unreadable_told = 10'000;

}  // namespace

// Opens it where it was last seen. False when it cannot be, or when another file is there now.
bool FileSet::open(TrackedFile& file) {
  if (file.file) return true;
  if (!has_room()) return false;
  Result<OpenedFile> opened = open_log_file(context_.files, file.path, config_);
  if (!opened.is_ok()) {
    tell_unreadable(file.path, opened.status());
    return false;
  }
  unreadable_.erase(file.path);
  if (opened->facts.inode != file.inode || opened->facts.device != file.device) return false;
  file.file = std::move(opened->file);
  file.compression = opened->compression;
  open_count_++;
  if (watching_.watch) file.watch = watching_.watch(file.path);
  return true;
}

// A new file. False when it is not to be read.
bool FileSet::take_opened(TrackedFile& file, OpenedFile opened) {
  file.compression = opened.compression;
  file.is_unwanted = opened.is_unwanted;
  if (opened.is_unwanted) {
    context_.log.warn("a compressed file matches and is not read; compression: auto would read it", {{"path", file.path}});
    return false;
  }
  file.file = std::move(opened.file);
  open_count_++;
  if (watching_.watch) file.watch = watching_.watch(file.path);
  return true;
}

void FileSet::close(TrackedFile& file) {
  if (!file.file) return;
  file.file.reset();
  open_count_--;
  if (file.watch >= 0 && watching_.unwatch) watching_.unwatch(file.watch);
  file.watch = -1;
}

// Closes the one that had nothing to read for the longest time. One that is still where it was can be opened again.
bool FileSet::make_room() {
  TrackedFile* idlest = nullptr;
  auto is_better = [&](const TrackedFile& file) {
    if (!idlest) return true;
    return file.is_present != idlest->is_present ? file.is_present : file.used_ms < idlest->used_ms;
  };
  known_.for_each([&](TrackedFile& file) {
    if (!file.file || &file == pinned_ || file.has_more || file.has_rest || !is_better(file)) return;
    // What is let go for good must have nothing that nobody has seen yet.
    Result<FileFacts> facts = file.is_present ? Result<FileFacts>(FileFacts()) : file.file->facts();
    bool is_done = file.is_present || !facts.is_ok() || (facts->size_bytes == file.size_bytes && facts->modified_ns == file.modified_ns);
    if (is_done) idlest = &file;
  });
  if (!idlest) return false;
  if (idlest->is_present || idlest->copy_of != 0)
    close(*idlest);
  else
    finish(*idlest);
  return true;
}

void FileSet::tell_unreadable(const std::string& path, const Status& why) {
  // It was there a moment ago: rotation is quick.
  if (why.code() == StatusCode::not_found) return;
  if (unreadable_.size() >= most_unreadable_told || !unreadable_.insert(path).second) return;
  context_.log.warn("cannot read a log file; it is tried again", {{"path", path}, {"error", why}});
}

void FileSet::want(TrackedFile& file) {
  file.has_more = true;
  wanted_.insert(file.id);
}

FileSet::Progress FileSet::read_some(size_t budget_bytes) {
  telemetry_.reading_files.set(static_cast<double>(wanted_.size()));
  size_t tries = wanted_.size();
  while (tries-- > 0 && !wanted_.empty()) {
    auto next = wanted_.upper_bound(last_read_);
    if (next == wanted_.end()) next = wanted_.begin();
    TrackedFile* file = known_.by_id(*next);
    // As long as it is not known whether it is a copy, it waits for the next look.
    if (!file || file->is_remembered || file->copy_of != 0 || !file->is_identified) {
      if (file) file->has_more = false;
      wanted_.erase(next);
      continue;
    }
    Progress progress = read(*file, std::min(budget_bytes, turn_bytes), false);
    if (progress == Progress::batch_full) return progress;  // Its turn is not over.
    last_read_ = file->id;
    if (progress == Progress::more) return progress;
  }
  return wanted_.empty() ? Progress::nothing_left : Progress::more;
}

FileSet::Progress FileSet::read(TrackedFile& file, size_t budget_bytes, bool ends_rest) {
  FileId id = file.id;
  if (!open(file)) {
    // The next look finds out what became of it.
    wanted_.erase(id);
    file.has_more = false;
    file.size_bytes = 0;
    return Progress::nothing_left;
  }
  FileReader::Outcome outcome = reader_.read(file, budget_bytes, ends_rest);
  if (outcome == FileReader::Outcome::full) {
    want(file);
    return Progress::batch_full;
  }
  if (outcome == FileReader::Outcome::more) {
    want(file);
    return Progress::more;
  }
  file.has_more = false;
  wanted_.erase(id);
  if (outcome == FileReader::Outcome::replaced) {
    start_over(file);
    identify_new();
    return Progress::more;
  }
  if (outcome == FileReader::Outcome::failed && !file.is_unwanted) file.size_bytes = 0;  // The next look tries again.
  if (file.has_rest)
    resting_.insert(id);
  else
    resting_.erase(id);
  return Progress::nothing_left;
}

FileSet::Progress FileSet::end_rests() {
  int64_t now = now_ms();
  std::vector<FileId> due;
  for (FileId id : resting_) {
    TrackedFile* file = known_.by_id(id);
    if (!file || !file->has_rest || file->rest_since_ms + config_.force_flush_period_ms <= now) due.push_back(id);
  }
  for (FileId id : due) {
    TrackedFile* file = known_.by_id(id);
    if (!file || !file->has_rest) {
      resting_.erase(id);
      continue;
    }
    // One that has grown meanwhile is not over.
    uint64_t rest = file->rest_bytes;
    Progress progress = read(*file, turn_bytes, false);
    if (progress == Progress::batch_full) return progress;
    if (file = known_.by_id(id); file && file->has_rest && file->rest_bytes == rest && progress == Progress::nothing_left)
      progress = read(*file, turn_bytes, true);
    if (progress == Progress::batch_full) return progress;
  }
  return Progress::nothing_left;
}

std::optional<int64_t> FileSet::next_rest_ms() const {
  if (config_.force_flush_period_ms == 0) return std::nullopt;
  std::optional<int64_t> next;
  for (FileId id : resting_)
    if (TrackedFile* file = known_.by_id(id))
      next = std::min(next.value_or(INT64_MAX), file->rest_since_ms + config_.force_flush_period_ms);
  return next;
}

// It has less than was read of it.
void FileSet::cut(TrackedFile& file, uint64_t size) {
  bool is_plain = file.compression == Compression::none;
  if (config_.on_truncate == OnTruncate::read_whole_file || !is_plain) {
    start_over(file);
    return;
  }
  if (config_.on_truncate == OnTruncate::ignore) {
    file.read.tail = {};  // What will be there then is not what was.
    known_.set_fingerprint(file, {});
    return;
  }
  telemetry_.truncated.add();
  known_.set_fingerprint(file, {});
  if (open(file)) start_at(file, size);
}

// The file goes on as a new one. The old one is remembered: a copy of it may hold what was not read, or turn up later.
TrackedFile& FileSet::start_over(TrackedFile& file) {
  telemetry_.truncated.add();
  auto next = std::make_unique<TrackedFile>();
  next->path = file.path;
  next->compression = file.compression;
  next->is_present = file.is_present;
  next->gone_ms = file.gone_ms;
  next->size_bytes = file.size_bytes;
  next->modified_ns = file.modified_ns;
  next->changed_ms = now_ms();
  next->seen_round = round_;
  next->file = std::move(file.file);
  next->watch = std::exchange(file.watch, -1);
  next->device = file.device;
  next->inode = file.inode;
  known_.release_inode(file);
  wanted_.erase(file.id);
  resting_.erase(file.id);
  TrackedFile& added = known_.add(std::move(next));
  known_.remember(file);
  is_dirty_ = true;
  return added;
}

// Only once the pipeline has all of it.
void FileSet::delete_if_read(TrackedFile& file) {
  bool is_read = file.is_present && !file.has_more && !file.has_rest && file.copy_of == 0 && file.read.offset > 0 &&
                 file.committed.offset == file.read.offset;
  if (!is_read) return;
  // What was written since is not lost.
  Result<FileFacts> facts = context_.files.facts(file.path);
  if (!facts.is_ok() || facts->inode != file.inode || facts->device != file.device || facts->size_bytes != file.size_bytes) return;
  Status removed = context_.files.remove(file.path);
  if (!removed.is_ok()) tell_unreadable(file.path, removed);
}

}  // namespace vigia::receivers
