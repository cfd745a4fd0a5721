#pragma once

// All files that are known, those that are gone among them, found by id, by inode and by content.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "receivers/filelog/tracked_file.h"

namespace vigia::receivers {

// How many are remembered after they are gone. The one that went first is forgotten first.
constexpr size_t most_remembered_files = 2'000;

class KnownFiles {
 public:
  TrackedFile& add(std::unique_ptr<TrackedFile> file);
  TrackedFile* by_id(FileId id);
  TrackedFile* by_inode(uint64_t device, uint64_t inode);
  // Those whose fingerprint the content that begins so has, all of it.
  std::vector<TrackedFile*> by_content(std::string_view beginning);

  void set_fingerprint(TrackedFile& file, const Sample& fingerprint);
  // Another file may have its inode from now on.
  void release_inode(TrackedFile& file);
  void set_inode(TrackedFile& file, uint64_t device, uint64_t inode);
  // It stays known by its content, for a while.
  void remember(TrackedFile& file);
  void revive(TrackedFile& file);
  // Removes those that are remembered for nothing, and those that are too many.
  void forget_some();
  void remove(FileId id);

  void for_each(const std::function<void(TrackedFile&)>& call);
  size_t size() const { return files_.size(); }
  // Of files that are forgotten or have other attributes now, as long as operators may hold entries that refer to them.
  std::vector<std::unique_ptr<operators::Origin>>& retired_origins() { return retired_origins_; }

 private:
  void index(TrackedFile& file);
  void remove_from_index(TrackedFile& file);

  std::map<FileId, std::unique_ptr<TrackedFile>> files_;  // In the order of their ids, so that runs are alike.
  std::map<std::pair<uint64_t, uint64_t>, FileId> by_inode_;
  std::unordered_multimap<uint64_t, FileId> by_fingerprint_;  // By its hash.
  std::map<uint64_t, size_t> fingerprint_sizes_;              // How many have one of that size.
  std::set<FileId> remembered_;
  std::vector<std::unique_ptr<operators::Origin>> retired_origins_;
  FileId last_id_ = 0;
};

}  // namespace vigia::receivers
