#include "journal/recovery.h"

#include <algorithm>
#include <optional>

#include "journal/frame_reader.h"
#include "journal/record.h"

namespace vigia::journal {

namespace {

// A file that is there, as far as its beginning tells.
struct Found {
  FileIdentity identity;
  uint64_t size_bytes = 0;
  int64_t created_ns = 0;
  bool is_header_good = false;  // Not when it is damaged, or was never finished.
  std::optional<Books> checkpoint;
  // Of the header; else of the first record that can be read; none when there is neither.
  std::optional<uint64_t> first_record;
};

class Recovery {
 public:
  Recovery(FileSystem& files, const std::string& directory, DamageKeeper& damage, const Logger& log)
      : files_(files), directory_(directory), damage_(damage), log_(log) {}

  Result<Recovered> run(const std::vector<std::string>& cursors) {
    RETURN_IF_ERROR(find_files());
    size_t base = newest_checkpoint();
    if (base < found_.size()) {
      books_ = std::move(*found_[base].checkpoint);
      RETURN_IF_ERROR(match_files(base));
    } else {
      base = 0;
      for (const std::string& name : cursors) books_.set_active(books_.find_or_add_cursor(name), true);
    }
    for (size_t i = base; i < found_.size(); i++) RETURN_IF_ERROR(read_whole(i));
    return finish();
  }

 private:
  std::string path_of(const FileIdentity& identity) const { return directory_ + "/" + identity.name(); }

  Status find_files() {
    ASSIGN_OR_RETURN(std::vector<std::string> names, files_.list(directory_));
    for (const std::string& name : names)
      if (std::optional<FileIdentity> identity = FileIdentity::parse(name)) found_.emplace_back().identity = *identity;
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.identity.number < b.identity.number; });
    for (Found& found : found_) RETURN_IF_ERROR(read_header(found));
    return remove_ghosts();
  }

  // Of two files with one number one could not be made safe in the directory and was given up, before anything was written behind its
  // checkpoint: it was not seen when the other was begun, and came back with a power cut.
  Status remove_ghosts() {
    auto has_twin = [&](const Found& found) {
      return std::count_if(found_.begin(), found_.end(),
                           [&](const Found& other) { return other.identity.number == found.identity.number; }) > 1;
    };
    for (size_t i = 0; i < found_.size();) {
      bool is_ghost = false;
      if (has_twin(found_[i])) {
        ASSIGN_OR_RETURN(bool has_records, this->has_records(found_[i]));
        is_ghost = !has_records;
      }
      if (!is_ghost) {
        i++;
        continue;
      }
      RETURN_IF_ERROR(files_.remove(path_of(found_[i].identity)));
      found_.erase(found_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return {};
  }

  Result<bool> has_records(const Found& found) const {
    Found copy;
    copy.identity = found.identity;
    copy.size_bytes = found.size_bytes;
    RETURN_IF_ERROR(find_first_record(copy));
    return copy.first_record.has_value();
  }

  Status read_header(Found& found) {
    ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_.open_file(path_of(found.identity), FileMode::read));
    ASSIGN_OR_RETURN(found.size_bytes, file->size_bytes());
    std::string bytes(file_header_bytes, '\0');
    ASSIGN_OR_RETURN(size_t count, file->read_at(0, bytes.data(), bytes.size()));
    bytes.resize(count);
    Result<FileHeader> header = decode_file_header(bytes, found.identity);
    if (header.is_ok()) {
      found.first_record = header->first_record;
      found.created_ns = header->created_ns;
      found.is_header_good = true;
      return {};
    }
    if (header.status().code() == StatusCode::unimplemented)
      return std::move(header).status().with_context("cannot read " + path_of(found.identity));
    return find_first_record(found);
  }

  Result<std::unique_ptr<FrameReader>> open(const Found& found) const {
    ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_.open_file(path_of(found.identity), FileMode::read));
    return std::make_unique<FrameReader>(std::move(file), found.identity, file_header_bytes, found.size_bytes);
  }

  Status find_first_record(Found& found) const {
    ASSIGN_OR_RETURN(std::unique_ptr<FrameReader> reader, open(found));
    for (;;) {
      ASSIGN_OR_RETURN(FrameReader::Step step, reader->next());
      if (step.kind == FrameReader::Step::Kind::end) return {};
      if (step.kind != FrameReader::Step::Kind::frame || step.header.kind != FrameKind::record) continue;
      if (step.header.number > largest_number) continue;
      found.first_record = step.header.number;
      return {};
    }
  }

  // The newest file whose checkpoint can be read; the number of files when there is none.
  size_t newest_checkpoint() {
    for (size_t i = found_.size(); i-- > 0;) {
      found_[i].checkpoint = read_checkpoint(found_[i]);
      if (found_[i].checkpoint) return i;
    }
    return found_.size();
  }

  std::optional<Books> read_checkpoint(const Found& found) {
    if (!found.is_header_good) return std::nullopt;
    Result<std::unique_ptr<FrameReader>> reader = open(found);
    if (!reader.is_ok()) return std::nullopt;
    Result<FrameReader::Step> step = (*reader)->next();
    if (!step.is_ok() || step->kind != FrameReader::Step::Kind::frame || step->header.kind != FrameKind::checkpoint) return std::nullopt;
    Result<Slice> payload = (*reader)->payload(*step, ledger_);
    return payload.is_ok() ? Books::decode(payload->view()) : std::nullopt;
  }

  // Makes the books of the checkpoint and the files before it agree: a file that the books do not know is a finished one whose removal was
  // not yet safe, and one that is not there was finished afterwards.
  Status match_files(size_t base) {
    std::vector<uint64_t> missing;
    for (const auto& [number, entry] : books_.files()) {
      bool is_there = std::any_of(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(base),
                                  [&entry = entry](const Found& found) { return found.identity == entry.identity; });
      if (!is_there) missing.push_back(number);
    }
    for (uint64_t number : missing) books_.remove_file(number);
    for (size_t i = 0; i < base; i++) {
      const FileIdentity& identity = found_[i].identity;
      const FileEntry* entry = books_.find_file(identity.number);
      if (entry && entry->identity == identity)
        damage_.count_lost_records(books_.fit_file(identity.number, found_[i].size_bytes));
      else
        RETURN_IF_ERROR(files_.remove(path_of(identity)));
    }
    return {};
  }

  // Where the records of the next file begin: what this one holds from there on is void.
  struct End {
    uint64_t record = UINT64_MAX;
    bool is_certain = false;  // Then all records before it must be here. The first record that can be read is not always the first.
  };
  End end_by_next(size_t index) const {
    for (size_t i = index + 1; i < found_.size(); i++)
      if (found_[i].first_record) return {*found_[i].first_record, found_[i].is_header_good};
    return {};
  }

  Status read_whole(size_t index) {
    const Found& found = found_[index];
    if (!found.first_record) {  // begun and never finished: nothing in it was acknowledged
      return files_.remove(path_of(found.identity));
    }
    uint64_t first_record = found.first_record.value_or(0);
    books_.begin_file({found.identity, first_record, first_record, found.size_bytes, found.created_ns});
    // What a killed process left in the system's memory may not be on the disk, and from here on it counts as safe.
    ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_.open_file(path_of(found.identity), FileMode::update));
    RETURN_IF_ERROR(file->sync());
    ASSIGN_OR_RETURN(uint64_t synced, find_synced_bytes(found));
    ASSIGN_OR_RETURN(std::unique_ptr<FrameReader> reader, open(found));
    return read_frames(*reader, end_by_next(index), synced);
  }

  // Up to where the file was synced, as the last of its groups tells that can be read: behind whatever is damaged.
  Result<uint64_t> find_synced_bytes(const Found& found) const {
    ASSIGN_OR_RETURN(std::unique_ptr<FrameReader> reader, open(found));
    uint64_t synced = 0;
    for (;;) {
      ASSIGN_OR_RETURN(FrameReader::Step step, reader->next());
      if (step.kind == FrameReader::Step::Kind::end) return synced;
      if (step.kind == FrameReader::Step::Kind::frame && step.header.kind == FrameKind::group)
        synced = std::max(synced, step.header.number);
    }
  }

  Status read_frames(FrameReader& reader, const End& end, uint64_t synced) {
    uint64_t file = reader.identity().number;
    for (;;) {
      ASSIGN_OR_RETURN(FrameReader::Step step, reader.next());
      bool is_damaged = step.kind == FrameReader::Step::Kind::damage;
      if (step.kind == FrameReader::Step::Kind::frame) {
        bool is_record = step.header.kind == FrameKind::record;
        bool is_gap = is_record && step.header.number > books_.newest_file().end_record;
        bool is_torn = is_gap && step.offset >= synced && !end.is_certain;
        bool is_void = is_record && step.header.number >= end.record;
        if (is_void && end.is_certain) count_missing_before(end.record);
        if (is_torn || is_void) return cut(file, step.offset);
        ASSIGN_OR_RETURN(bool is_good, read_frame(reader, step));
        is_damaged = !is_good;
      }
      if (is_damaged) {
        bool is_loss = step.offset < synced || (end.is_certain && books_.newest_file().end_record < end.record);
        // Behind a checkpoint that is torn nothing can have been acknowledged, and behind one that is damaged everything.
        bool is_checkpoint = step.offset == file_header_bytes;
        if (!is_loss && !is_checkpoint) return cut(file, step.offset);
        if (is_loss) damage_.keep(reader, step.offset, step.bytes, "its check does not fit");
      }
      if (step.kind == FrameReader::Step::Kind::end) {
        if (end.is_certain) count_missing_before(end.record);
        return {};
      }
    }
  }

  // Says whether the frame could be read.
  Result<bool> read_frame(FrameReader& reader, const FrameReader::Step& step) {
    if (step.header.kind != FrameKind::record && step.header.kind != FrameKind::release) return true;
    Result<Slice> payload = reader.payload(step, ledger_);
    if (!payload.is_ok() && payload.status().code() != StatusCode::data_loss) return std::move(payload).status();
    if (!payload.is_ok()) return false;
    return step.header.kind == FrameKind::record ? add_record(step, payload->view()) : add_releases(payload->view());
  }

  bool add_record(const FrameReader::Step& step, std::string_view payload) {
    Record record;
    if (!decode_head(payload, record).is_ok()) return false;
    const FileEntry& file = books_.newest_file();
    uint64_t number = step.header.number;
    // No more can be before it than there is room for.
    if (number < file.end_record || number - file.first_record > step.offset / frame_header_bytes) return false;
    count_missing_before(number);
    books_.skip_to(number);
    books_.add({1, record.items, step.bytes}, record.received_ns);
    return true;
  }

  bool add_releases(std::string_view payload) {
    std::optional<std::vector<Released>> releases = decode_releases(payload);
    if (!releases) return false;
    for (const Released& released : *releases) books_.apply(released);
    return true;
  }

  void count_missing_before(uint64_t number) {
    uint64_t end = books_.newest_file().end_record;
    if (number > end) damage_.count_lost_records(number - end);
  }

  // A torn tail: it was never acknowledged.
  Status cut(uint64_t file, uint64_t offset) {
    uint64_t torn = books_.newest_file().size_bytes - offset;
    books_.set_file_size(file, offset);
    if (torn > 0)
      log_.info("cut off the end of a journal file that was never finished", {{"file", file}, {"offset", offset}, {"bytes", torn}});
    return {};
  }

  Result<Recovered> finish() {
    Recovered recovered;
    recovered.next_file = found_.empty() ? 1 : found_.back().identity.number + 1;
    if (!books_.files().empty()) recovered.next_record = books_.newest_file().end_record;
    books_.forget_idle_cursors();
    recovered.books = std::move(books_);
    return recovered;
  }

  FileSystem& files_;
  const std::string& directory_;
  DamageKeeper& damage_;
  const Logger& log_;
  MemoryLedger ledger_;
  std::vector<Found> found_;
  Books books_;
};

}  // namespace

Result<Recovered> recover(FileSystem& files, const std::string& directory, const std::vector<std::string>& cursors, DamageKeeper& damage,
                          const Logger& log) {
  return Recovery(files, directory, damage, log).run(cursors);
}

}  // namespace vigia::journal
