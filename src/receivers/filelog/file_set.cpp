#include "receivers/filelog/file_set.h"

#include <algorithm>
#include <utility>

namespace vigia::receivers {

namespace {

// How long a file that was rotated away is watched for what its writer still adds.
constexpr int64_t linger_ms = 60'000;
constexpr int64_t linger_of_removed_ms = 1'000;
// How long a rename is remembered that may concern a file not seen yet, and how many of them.
constexpr int64_t stray_ms = 10'000;
constexpr size_t most_strays = 1'000;

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

FileSetTelemetry::FileSetTelemetry(MetricRegistry& metrics, const pipeline::ComponentId& id)
    : open_files(metrics.gauge("otelcol_fileconsumer_open_files", "Number of open files", {{"receiver", id.to_string()}})),
      reading_files(metrics.gauge("otelcol_fileconsumer_reading_files", "Number of files that have something to read",
                                  {{"receiver", id.to_string()}})),
      known_files(metrics.gauge("vigia_filelog_known_files", "Files that are known, those that are gone among them.",
                                {{"receiver", id.to_string()}})),
      renamed(metrics.counter("vigia_filelog_renamed_files", "Files that went on under another name, or under none that matches.",
                              {{"receiver", id.to_string()}})),
      truncated(metrics.counter("vigia_filelog_truncated_files", "Files that were cut or replaced in their place.",
                                {{"receiver", id.to_string()}})),
      copies(metrics.counter("vigia_filelog_copied_files", "New files that held what had been read already and were not read twice.",
                             {{"receiver", id.to_string()}})) {}

FileSet::FileSet(const pipeline::Context& context, const FilelogConfig& config, KnownFiles& known, FileReader& reader, Watching watching)
    : context_(context),
      config_(config),
      known_(known),
      reader_(reader),
      watching_(std::move(watching)),
      telemetry_(context.metrics, context.id) {}

// The order matters: a copy is recognised by what is known of its original, so what became of old files is found out before new ones are compared
// with them, and both before anything is read.
const std::set<std::string>& FileSet::look() {
  round_++;
  find();
  std::vector<const FoundFile*> fresh;
  for (const FoundFile& found : found_.files) sight(found, fresh);
  known_.for_each([&](TrackedFile& file) {
    if (file.is_present && file.seen_round != round_) lose(file);
  });
  for (const FoundFile* found : fresh) begin(*found);
  begin_strays();
  for (const FoundFile& found : found_.files) {
    TrackedFile* file = known_.by_inode(found.facts.device, found.facts.inode);
    if (!file || !file->is_present || file->path != found.path) continue;
    if (fresh.empty())
      check(*file, found.facts);
    else
      verify(*file, found.facts);
  }
  identify_new();
  known_.for_each([&](TrackedFile& file) {
    if (!file.is_present && !file.is_remembered) check_gone(file);
    if (file.copy_of != 0) check_copy(file);
  });
  identify_new();  // Of those that are gone one may have been cut.
  known_.forget_some();
  is_first_look_ = false;
  telemetry_.open_files.set(static_cast<double>(open_count_));
  telemetry_.known_files.set(static_cast<double>(known_.size()));
  return found_.directories;
}

void FileSet::find() {
  found_ = find_files(context_.files, config_.finder, context_.clock.wall_ns());
  if (found_.is_cut && !std::exchange(is_cut_told_, true))
    context_.log.error("too many files match; the rest is not read", {{"limit", most_found_files}});
  for (const std::string& directory : found_.directories) unreadable_.erase(directory);
  for (const Unreadable& one : found_.unreadable) tell_unreadable(one.path, one.why);
  if (is_first_look_ && found_.files.empty()) context_.log.info("no log file matches yet; it is looked for again and again");
  if (config_.max_batches == 0) return;
  uint64_t most = config_.max_batches * std::max<uint64_t>(1, config_.max_concurrent_files / 2);
  if (found_.files.size() > most) found_.files.resize(most);
}

// Where there are new files it must be known now whether this one still is what it was: reading would only tell afterwards.
void FileSet::verify(TrackedFile& file, const FileFacts& facts) {
  bool has_changed = facts.size_bytes != file.size_bytes || facts.modified_ns != file.modified_ns;
  bool is_replaced = has_changed && file.file && file.compression == Compression::none && facts.size_bytes >= file.read.offset &&
                     !has_tail(*file.file, file.read);
  check(is_replaced ? start_over(file) : file, facts);
}

void FileSet::sight(const FoundFile& found, std::vector<const FoundFile*>& fresh) {
  TrackedFile* file = known_.by_inode(found.facts.device, found.facts.inode);
  if (!file) {
    fresh.push_back(&found);
    return;
  }
  // A second name of the same file. The first one stays, unless it has lost the file.
  if (file->seen_round == round_) {
    if (file->path != found.path || file->is_remembered) return;
  }
  bool is_sure = file->file != nullptr || (file->is_present && !file->is_restored);
  if (!is_sure && !confirm(*file, found.path)) {
    if (file->is_remembered) {
      known_.release_inode(*file);
      fresh.push_back(&found);
      return;
    }
    // The same place with another content. What was read of the old one may be found in a copy.
    if (file->file) {
      file = &start_over(*file);
    } else {
      file->seen_round = round_;  // It cannot be read now.
      return;
    }
  }
  if (file->path != found.path) {
    // Another name that leads to it may come later in the list.
    bool keeps_name =
        file->is_present && context_.files.facts(file->path).is_ok() &&
        std::any_of(found_.files.begin(), found_.files.end(), [&](const FoundFile& other) {
          return other.path == file->path && other.facts.inode == found.facts.inode && other.facts.device == found.facts.device;
        });
    if (!keeps_name) {
      file->path = found.path;
      telemetry_.renamed.add();
      is_dirty_ = true;
    }
  }
  file->is_present = true;
  file->seen_round = round_;
}

// Whether the file at the path is the one that was read, by its content. It is open afterwards, if it can be.
bool FileSet::confirm(TrackedFile& file, const std::string& path) {
  std::string old_path = std::exchange(file.path, path);
  if (!open(file)) {
    file.path = old_path;
    return false;
  }
  Result<std::string> beginning = read_range(*file.file, 0, file.fingerprint.size);
  bool is_same = beginning.is_ok() && file.fingerprint.fits(*beginning) && has_tail(*file.file, file.read);
  if (!is_same) {
    if (file.is_remembered) close(file);
    file.path = file.is_remembered ? old_path : path;
    return false;
  }
  if (file.is_remembered) known_.revive(file);
  file.is_restored = false;
  file.is_identified = true;
  file.size_bytes = 0;  // It is to be looked at anew.
  return true;
}

// Its path leads elsewhere, or nowhere, or is not wanted any more. It is read to its end first.
void FileSet::lose(TrackedFile& file) {
  file.is_present = false;
  file.gone_ms = now_ms();
  telemetry_.renamed.add();
  is_dirty_ = true;
}

// It was closed when it was renamed: its inode shows which one it is now.
FileSet::Search FileSet::find_moved(TrackedFile& file) {
  if (!has_room()) return Search::no_room;
  std::string directory = directory_of(file.path);
  Result<std::vector<std::string>> names = context_.files.list(directory.empty() ? "." : directory);
  if (!names.is_ok()) return Search::not_there;
  for (const std::string& name : *names) {
    Result<FileFacts> facts = context_.files.facts(directory + name);
    if (!facts.is_ok() || facts->kind != FileKind::regular || facts->inode != file.inode || facts->device != file.device) continue;
    std::string path = file.path;
    bool is_it = confirm(file, directory + name);
    file.path = path;  // Its entries go on under the name they were found by.
    if (is_it) return Search::found;
    close(file);
  }
  return Search::not_there;
}

TrackedFile* FileSet::begin(const FoundFile& found) {
  if (!has_room()) return nullptr;  // Its turn comes.
  Result<OpenedFile> opened = open_log_file(context_.files, found.path, config_);
  if (!opened.is_ok()) {
    tell_unreadable(found.path, opened.status());
    return nullptr;
  }
  unreadable_.erase(found.path);
  // Somebody may have put another one there since.
  if (known_.by_inode(opened->facts.device, opened->facts.inode)) return nullptr;
  auto file = std::make_unique<TrackedFile>();
  file->path = found.path;
  file->device = opened->facts.device;
  file->inode = opened->facts.inode;
  file->modified_ns = opened->facts.modified_ns;
  file->changed_ms = now_ms();
  file->seen_round = round_;
  TrackedFile& added = known_.add(std::move(file));
  is_dirty_ = true;
  if (!take_opened(added, std::move(*opened)) || !is_first_look_ || config_.starts_at_beginning) return &added;
  // To find the end of what is compressed it would have to be read; and nobody writes to it any more.
  added.is_unwanted = added.compression != Compression::none;
  if (added.is_unwanted) {
    close(added);
    return &added;
  }
  start_at(added, found.facts.size_bytes);
  added.size_bytes = added.read.offset;
  // What was there before is known of it, should it be copied.
  Result<std::string> beginning = read_range(*added.file, 0, config_.fingerprint_size);
  if (!beginning.is_ok() || beginning->empty()) return &added;
  known_.set_fingerprint(added, Sample::of(*beginning));
  added.is_identified = true;
  return &added;
}

bool FileSet::is_wanted(const std::string& path) const {
  auto matches = [&](const Glob& glob) { return glob.matches(path); };
  const FinderConfig& finder = config_.finder;
  return std::any_of(finder.include.begin(), finder.include.end(), matches) &&
         std::none_of(finder.exclude.begin(), finder.exclude.end(), matches);
}

void FileSet::note_rename(const std::string& from, const std::string& to) {
  auto stray = strays_.extract(from);
  if (stray.empty() && !is_wanted(from)) return;
  Stray moved = stray.empty() ? Stray{from, now_ms()} : std::move(stray.mapped());
  if (!is_wanted(to) && (strays_.contains(to) || strays_.size() < most_strays)) strays_[to] = std::move(moved);
}

// What matched and does not any more before anybody has looked: rotation that is quicker than we are.
void FileSet::begin_strays() {
  for (const auto& [path, stray] : strays_) {
    Result<FileFacts> facts = context_.files.facts(path);
    if (!facts.is_ok() || facts->kind != FileKind::regular || known_.by_inode(facts->device, facts->inode)) continue;
    TrackedFile* file = begin({path, *facts});
    if (!file) continue;
    file->path = stray.matched_as;
    file->is_present = false;
    file->gone_ms = now_ms();
    file->size_bytes = facts->size_bytes;
    file->modified_ns = facts->modified_ns;
    telemetry_.renamed.add();
  }
  // It may be renamed once more before its turn comes.
  std::erase_if(strays_, [&](const auto& one) { return now_ms() - one.second.since_ms > stray_ms; });
}

// What the file system says of it now, against what was seen last.
void FileSet::check(TrackedFile& file, const FileFacts& facts) {
  if (file.is_unwanted) return;
  bool is_plain = file.compression == Compression::none;
  bool has_changed = facts.size_bytes != file.size_bytes || facts.modified_ns != file.modified_ns;
  if (has_changed) file.changed_ms = now_ms();
  if (facts.size_bytes != file.size_bytes && file.copy_of != 0) file.copy_since_ms = now_ms();
  bool is_cut = is_plain ? facts.size_bytes < file.read.offset : facts.size_bytes < file.size_bytes;
  file.size_bytes = facts.size_bytes;
  file.modified_ns = facts.modified_ns;
  if (is_cut) cut(file, facts.size_bytes);
  if (is_cut || file.copy_of != 0) return;
  if (has_changed) want(file);
  if (config_.deletes_after_read) delete_if_read(file);
}

void FileSet::check_gone(TrackedFile& file) {
  if (file.is_unwanted) return finish(file);
  if (!file.file) {
    Search search = find_moved(file);
    if (search == Search::not_there) return finish(file);
    if (search == Search::no_room) return;  // Its turn comes.
  }
  Result<FileFacts> facts = file.file->facts();
  if (!facts.is_ok()) return finish(file);
  FileId id = file.id;
  check(file, *facts);
  // It may have been started over as another one.
  if (known_.by_id(id) != &file || file.is_remembered) return;
  if (file.copy_of != 0) {
    if (now_ms() - file.gone_ms >= linger_ms) finish(file);
    return;
  }
  if (file.has_more || (file.has_rest && config_.force_flush_period_ms > 0)) return;
  int64_t linger = facts->links == 0 ? linger_of_removed_ms : linger_ms;
  if (now_ms() - std::max(file.changed_ms, file.gone_ms) >= linger) finish(file);
}

// Nothing of it will be read any more.
void FileSet::finish(TrackedFile& file) {
  close(file);
  wanted_.erase(file.id);
  resting_.erase(file.id);
  known_.remember(file);
  is_dirty_ = true;
}

void FileSet::look_at(TrackedFile& file) {
  if (!file.file || file.is_remembered) return;
  Result<FileFacts> facts = file.file->facts();
  if (!facts.is_ok()) return;
  check(file, *facts);
  identify_new();
}

void FileSet::commit(FileId id, const Position& position) {
  TrackedFile* file = known_.by_id(id);
  if (!file) return;
  is_dirty_ = true;
  file->committed = position;
  TrackedFile* next = file->continued_by != 0 ? known_.by_id(file->continued_by) : nullptr;
  if (next && next->committed.offset < position.offset && position.offset <= next->read.offset) next->committed = position;
  if (config_.deletes_after_read) delete_if_read(*file);
}

}  // namespace vigia::receivers
