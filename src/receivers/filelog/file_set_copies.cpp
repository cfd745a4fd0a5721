// FileSet's part about copies: files that hold what was read of another one already (copytruncate, compression after rotation).

#include <algorithm>

#include "receivers/filelog/decompressed_file.h"
#include "receivers/filelog/file_set.h"
#include "receivers/filelog/rotation_name.h"

namespace vigia::receivers {

namespace {

// Whose name leaves it open may be a copy as long as somebody may still be copying. Afterwards it is a log of its own that begins alike.
constexpr int64_t copying_ms = 5'000;

// What content a file has so far ends here.
Result<uint64_t> content_end(TrackedFile& file) {
  if (file.compression == Compression::none) return file.file->size_bytes();
  return static_cast<DecompressedFile&>(*file.file).known_end();
}

}  // namespace

// All beginnings are known before any is compared: two new files may be a log and its copy. As long as one is empty there is nothing to compare.
void FileSet::identify_new() {
  std::vector<TrackedFile*> learned;
  known_.for_each([&](TrackedFile& file) {
    bool is_new = !file.is_identified && !file.is_remembered && !file.is_unwanted && file.size_bytes > 0;
    if (is_new && learn_beginning(file)) learned.push_back(&file);
  });
  for (TrackedFile* file : learned) {
    if (find_original(*file))
      check_copy(*file);
    else
      want(*file);
  }
}

bool FileSet::learn_beginning(TrackedFile& file) {
  if (!open(file)) return false;
  Result<std::string> beginning = read_range(*file.file, 0, config_.fingerprint_size);
  if (!beginning.is_ok()) tell_unreadable(file.path, beginning.status());
  if (!beginning.is_ok() || beginning->empty()) return false;
  file.is_identified = true;
  known_.set_fingerprint(file, Sample::of(*beginning));
  return true;
}

// Says whether it is, or may be, a copy of a file that is known.
bool FileSet::find_original(TrackedFile& file) {
  if (!open(file)) return false;
  Result<std::string> beginning = read_range(*file.file, 0, config_.fingerprint_size);
  if (!beginning.is_ok()) return false;
  TrackedFile* best = nullptr;
  Likeness likeness = Likeness::none;
  for (TrackedFile* candidate : candidates_for(file, *beginning)) {
    Likeness this_one = compare(file, *candidate);
    if (this_one <= likeness) continue;
    best = candidate;
    likeness = this_one;
  }
  file.copy_of = best ? best->id : 0;
  if (!best) return false;
  telemetry_.copies.add();
  bool is_packed_now = file.compression != Compression::none && best->compression == Compression::none;
  file.is_surely_copy = is_packed_now || relation_of(best->path, file.path) == NameRelation::rotated;
  file.copy_since_ms = now_ms();
  return true;
}

std::vector<TrackedFile*> FileSet::candidates_for(TrackedFile& file, std::string_view beginning) {
  std::vector<TrackedFile*> candidates = known_.by_content(beginning);
  // A copy whose beginning is not whole yet is found by its name.
  if (beginning.size() < config_.fingerprint_size)
    known_.for_each([&](TrackedFile& other) {
      if (other.file && other.fingerprint.size > beginning.size() && relation_of(other.path, file.path) != NameRelation::none)
        candidates.push_back(&other);
    });
  // What was continued already has its successor in the list. Logs that have nothing to do with one another may begin alike, and each of them is
  // read. Of what was never read only the name can say that it is the original.
  std::erase_if(candidates, [&](TrackedFile* one) {
    if (one->id == file.id || one->continued_by != 0 || one->copy_of != 0) return true;
    bool is_packed_now = file.compression != Compression::none && one->compression == Compression::none;
    NameRelation relation = relation_of(one->path, file.path);
    return one->read.offset == 0 ? relation != NameRelation::rotated : relation == NameRelation::none && !is_packed_now;
  });
  return candidates;
}

// How far the file has the content of `original`, as far as that was read.
FileSet::Likeness FileSet::compare(TrackedFile& file, TrackedFile& original) {
  const Position& read = original.read;
  pinned_ = &file;
  bool can_tell = !original.is_present || open(original);
  pinned_ = nullptr;
  Result<std::string> there = read_range(*file.file, read.offset - read.tail.size, read.tail.size);
  if (!there.is_ok()) return Likeness::none;
  if (read.offset > 0 && there->size() == read.tail.size) return read.tail.fits(*there) ? Likeness::all_that_was_read : Likeness::none;
  // It is shorter than what was read, or nothing was. Only the original itself can tell, and it must not have been cut.
  if (!can_tell || !original.file || !has_tail(*original.file, read)) return Likeness::none;
  Result<uint64_t> end = content_end(file);
  if (!end.is_ok()) return Likeness::none;
  uint64_t count = std::min(*end, tail_bytes);
  Result<std::string> mine = read_range(*file.file, *end - count, count);
  Result<std::string> theirs = read_range(*original.file, *end - count, count);
  return mine.is_ok() && theirs.is_ok() && *mine == *theirs ? Likeness::so_far : Likeness::none;
}

void FileSet::check_copy(TrackedFile& file) {
  if (!open(file)) return;  // Its turn comes.
  TrackedFile* original = known_.by_id(file.copy_of);
  // What is not known any more cannot be continued.
  if (!original) return read_on_its_own(file);
  bool is_quiet = now_ms() - file.copy_since_ms >= copying_ms;
  if (original->is_remembered) return take_over(file, *original, is_quiet);
  Likeness likeness = compare(file, *original);
  if (is_quiet && !file.is_surely_copy) return read_on_its_own(file);
  if (likeness == Likeness::none) {
    // It may be another one's.
    if (!find_original(file)) read_on_its_own(file);
    return;
  }
  // No copy is longer than what it was made from.
  bool is_longer = file.compression == Compression::none && file.size_bytes > original->size_bytes;
  if (is_quiet && is_longer && likeness == Likeness::all_that_was_read) take_over(file, *original, is_quiet);
}

// Goes on where the other one was left.
void FileSet::take_over(TrackedFile& file, TrackedFile& original, bool is_quiet) {
  if (original.read.offset == 0) return read_on_its_own(file);
  if (has_tail(*file.file, original.read)) {
    file.copy_of = 0;
    file.read = original.read;
    file.committed = original.committed;
    if (original.is_remembered) original.continued_by = file.id;
    known_.set_fingerprint(original, {});
    return want(file);
  }
  // It is another one, or it ends before that place: somebody is still copying, or there is nothing new in it.
  uint64_t last = original.read.offset - 1;
  Result<std::string> byte = read_range(*file.file, last, 1);
  if (!byte.is_ok() || !byte->empty()) return read_on_its_own(file);
  if (!is_quiet) return;
  file.copy_of = 0;
  file.is_unwanted = file.compression != Compression::none;
  Result<uint64_t> end = content_end(file);
  if (!file.is_unwanted && end.is_ok()) start_at(file, *end);
}

void FileSet::read_on_its_own(TrackedFile& file) {
  file.copy_of = 0;
  file.read = {};
  file.committed = {};
  want(file);
}

void FileSet::start_at(TrackedFile& file, uint64_t offset) {
  uint64_t size = std::min(offset, tail_bytes);
  Result<std::string> tail = read_range(*file.file, offset - size, size);
  if (!tail.is_ok() || tail->size() != size) return want(file);  // It was cut meanwhile.
  file.read = {offset, Sample::of(*tail), 0};
  file.committed = file.read;
  is_dirty_ = true;
}

}  // namespace vigia::receivers
