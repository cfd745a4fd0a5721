// FileSet's part about copies: files that hold what was read of another one already (copytruncate, compression after rotation).

#include <algorithm>

#include "receivers/filelog/file_set.h"
#include "receivers/filelog/rotation_name.h"

namespace vigia::receivers {

namespace {

// Whose name leaves it open may be a copy as long as somebody may still be copying. Afterwards it is a log of its own that begins alike.
constexpr int64_t copying_ms = 5'000;

}  // namespace

// Compares its beginning with what is known. As long as it is empty there is nothing to compare.
void FileSet::identify(TrackedFile& file) {
  Result<std::string> beginning = read_range(*file.file, 0, config_.fingerprint_size);
  if (!beginning.is_ok()) return tell_unreadable(file.path, beginning.status());
  if (beginning->empty()) return;
  file.is_identified = true;
  std::vector<TrackedFile*> candidates = candidates_for(file, *beginning);
  known_.set_fingerprint(file, Sample::of(*beginning));
  for (TrackedFile* original : candidates) {
    bool is_packed_now = file.compression != Compression::none && original->compression == Compression::none;
    NameRelation relation = relation_of(original->path, file.path);
    // Logs that have nothing to do with one another may begin alike; each of them is read.
    if (relation == NameRelation::none && !is_packed_now) continue;
    if (!is_copy(file, *original)) continue;
    telemetry_.copies.add();
    file.copy_of = original->id;
    file.is_surely_copy = is_packed_now || relation == NameRelation::rotated;
    file.copy_since_ms = now_ms();
    return check_copy(file);
  }
}

std::vector<TrackedFile*> FileSet::candidates_for(TrackedFile& file, std::string_view beginning) {
  std::vector<TrackedFile*> candidates = known_.by_content(beginning);
  // A copy whose beginning is not whole yet is found by its name.
  if (beginning.size() < config_.fingerprint_size)
    known_.for_each([&](TrackedFile& other) {
      if (other.file && other.fingerprint.size > beginning.size() && relation_of(other.path, file.path) != NameRelation::none)
        candidates.push_back(&other);
    });
  // Where something was read there is something to repeat. What was continued already has its successor in the list.
  std::erase_if(candidates, [&](TrackedFile* one) {
    return one->id == file.id || one->read.offset == 0 || one->continued_by != 0 || one->copy_of != 0;
  });
  return candidates;
}

// Whether both have the same content as far as both have any, and as far as `original` was read.
bool FileSet::is_copy(TrackedFile& file, TrackedFile& original) {
  const Position& read = original.read;
  if (has_tail(*file.file, read)) return true;
  // It is shorter. Only the original itself can tell, and it must not have been cut.
  if (!original.file || !has_tail(*original.file, read)) return false;
  Result<std::string> there = read_range(*file.file, read.offset - read.tail.size, read.tail.size);
  if (!there.is_ok() || there->size() == read.tail.size) return false;
  uint64_t end = read.offset - read.tail.size + there->size();
  if (file.compression == Compression::none) {
    // What there is may end before the tail of what was read.
    Result<uint64_t> size = file.file->size_bytes();
    if (!size.is_ok()) return false;
    end = std::min(end, *size);
  } else if (there->empty()) {
    return true;  // Its beginning fits, and it is still being written.
  }
  uint64_t count = std::min(end, tail_bytes);
  Result<std::string> mine = read_range(*file.file, end - count, count);
  Result<std::string> theirs = read_range(*original.file, end - count, count);
  return mine.is_ok() && theirs.is_ok() && *mine == *theirs;
}

void FileSet::check_copy(TrackedFile& file) {
  TrackedFile* original = known_.by_id(file.copy_of);
  // What is not known any more cannot be continued.
  if (!original || !file.file) return read_on_its_own(file);
  if (original->is_remembered) return take_over(file, *original);
  bool is_quiet = now_ms() - file.copy_since_ms >= copying_ms;
  if (!is_copy(file, *original) || (is_quiet && !file.is_surely_copy)) return read_on_its_own(file);
  // No copy is longer than what it was made from.
  if (is_quiet && file.compression == Compression::none && file.size_bytes > original->size_bytes) take_over(file, *original);
}

// Goes on where the other one was left.
void FileSet::take_over(TrackedFile& file, TrackedFile& original) {
  file.copy_of = 0;
  uint64_t offset = original.read.offset;
  if (has_tail(*file.file, original.read)) {
    file.read = original.read;
    file.committed = original.committed;
    if (original.is_remembered) original.continued_by = file.id;
    known_.set_fingerprint(original, {});
    want(file);
    return;
  }
  // It ends before: there is nothing new in it, and what comes behind it will be.
  Result<uint64_t> size = file.file->size_bytes();
  if (file.compression == Compression::none && size.is_ok() && *size < offset && original.is_remembered) return start_at(file, *size);
  if (file.compression != Compression::none) {
    file.read.offset = 0;
    Result<std::string> there = read_range(*file.file, offset - 1, 1);
    if (there.is_ok() && there->empty()) {
      file.is_unwanted = true;
      return;
    }
  }
  read_on_its_own(file);
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
