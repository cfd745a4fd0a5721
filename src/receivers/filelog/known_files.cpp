#include "receivers/filelog/known_files.h"

namespace vigia::receivers {

TrackedFile& KnownFiles::add(std::unique_ptr<TrackedFile> added) {
  TrackedFile& file = *added;
  file.id = ++last_id_;
  files_.emplace(file.id, std::move(added));
  index(file);
  if (file.inode != 0) by_inode_[{file.device, file.inode}] = file.id;
  return file;
}

TrackedFile* KnownFiles::by_id(FileId id) {
  auto found = files_.find(id);
  return found == files_.end() ? nullptr : found->second.get();
}

TrackedFile* KnownFiles::by_inode(uint64_t device, uint64_t inode) {
  auto found = by_inode_.find({device, inode});
  return found == by_inode_.end() ? nullptr : by_id(found->second);
}

std::vector<TrackedFile*> KnownFiles::by_content(std::string_view beginning) {
  std::vector<TrackedFile*> result;
  // The longest first: it says the most.
  for (auto size = fingerprint_sizes_.rbegin(); size != fingerprint_sizes_.rend(); ++size) {
    if (size->first > beginning.size()) continue;
    auto [from, to] = by_fingerprint_.equal_range(Sample::of(beginning.substr(0, size->first)).hash);
    for (auto it = from; it != to; ++it) {
      TrackedFile* file = by_id(it->second);
      if (file && file->fingerprint.size == size->first) result.push_back(file);
    }
  }
  return result;
}

void KnownFiles::index(TrackedFile& file) {
  if (file.fingerprint.size == 0) return;
  by_fingerprint_.emplace(file.fingerprint.hash, file.id);
  fingerprint_sizes_[file.fingerprint.size]++;
}

void KnownFiles::remove_from_index(TrackedFile& file) {
  if (file.fingerprint.size == 0) return;
  auto [from, to] = by_fingerprint_.equal_range(file.fingerprint.hash);
  for (auto it = from; it != to; ++it) {
    if (it->second != file.id) continue;
    by_fingerprint_.erase(it);
    break;
  }
  auto size = fingerprint_sizes_.find(file.fingerprint.size);
  if (size != fingerprint_sizes_.end() && --size->second == 0) fingerprint_sizes_.erase(size);
}

void KnownFiles::set_fingerprint(TrackedFile& file, const Sample& fingerprint) {
  remove_from_index(file);
  file.fingerprint = fingerprint;
  index(file);
}

void KnownFiles::release_inode(TrackedFile& file) {
  auto found = by_inode_.find({file.device, file.inode});
  if (found != by_inode_.end() && found->second == file.id) by_inode_.erase(found);
  file.device = 0;
  file.inode = 0;
}

void KnownFiles::set_inode(TrackedFile& file, uint64_t device, uint64_t inode) {
  release_inode(file);
  file.device = device;
  file.inode = inode;
  by_inode_[{device, inode}] = file.id;
}

void KnownFiles::remember(TrackedFile& file) {
  file.is_present = false;
  file.is_remembered = true;
  file.has_more = false;
  file.has_rest = false;
  file.file.reset();
  remembered_.insert(file.id);
}

void KnownFiles::forget_some() {
  std::vector<FileId> worthless;
  for (FileId id : remembered_) {
    // Nothing was read of it that a copy could repeat.
    const TrackedFile& file = *by_id(id);
    if (file.fingerprint.size == 0 || file.read.offset == 0) worthless.push_back(id);
  }
  for (FileId id : worthless) remove(id);
  while (remembered_.size() > most_remembered_files) remove(*remembered_.begin());
}

void KnownFiles::revive(TrackedFile& file) {
  file.is_remembered = false;
  remembered_.erase(file.id);
}

void KnownFiles::remove(FileId id) {
  TrackedFile* file = by_id(id);
  if (!file) return;
  remove_from_index(*file);
  release_inode(*file);
  remembered_.erase(id);
  if (file->origin) retired_origins_.push_back(std::move(file->origin));
  files_.erase(id);
}

void KnownFiles::for_each(const std::function<void(TrackedFile&)>& call) {
  std::vector<FileId> ids;
  ids.reserve(files_.size());
  for (const auto& [id, file] : files_) ids.push_back(id);
  // A call may add and remove some.
  for (FileId id : ids)
    if (TrackedFile* file = by_id(id)) call(*file);
}

}  // namespace vigia::receivers
