#pragma once

// The disk of FaultyFiles: what is visible, what is safe, and what is in between. Under its lock.

#include <algorithm>

#include "base/test_faulty_files.h"

namespace vigia::test {

inline constexpr size_t sector_bytes = 512;

inline Status broken(const std::string& what) { return unavailable(what + ": Input/output error"); }
inline Status disk_full(const std::string& what) { return resource_exhausted(what + ": No space left on device"); }

// A file's content, and what a power cut would leave of it.
struct FaultyFiles::Inode {
  std::string content;
  uint64_t safe_size = 0;
  // What the disk holds of each sector that was written since the last sync; and of those whose sync failed, which no later sync helps.
  std::map<uint64_t, std::string> volatile_sectors;
  std::map<uint64_t, std::string> given_up_sectors;

  std::string sector(uint64_t index) const { return content.substr(std::min<size_t>(index * sector_bytes, content.size()), sector_bytes); }

  // What was given up was never on the disk: the disk still holds what it held before.
  void will_change(uint64_t index) {
    if (volatile_sectors.contains(index)) return;
    auto given_up = given_up_sectors.extract(index);
    volatile_sectors[index] = given_up ? given_up.mapped() : sector(index);
  }
  void write(uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    for (uint64_t index = offset / sector_bytes; index <= (offset + bytes.size() - 1) / sector_bytes; index++) will_change(index);
    if (offset + bytes.size() > content.size()) content.resize(offset + bytes.size());
    content.replace(offset, bytes.size(), bytes);
  }
  void resize(uint64_t size) {
    for (uint64_t index = size / sector_bytes; index * sector_bytes < content.size(); index++) will_change(index);
    content.resize(size);
  }
  void sync() {
    volatile_sectors.clear();
    safe_size = content.size();
  }
  void give_up_sync() {
    given_up_sectors.merge(volatile_sectors);
    volatile_sectors.clear();
  }
  void crash(Random& random) {
    uint64_t low = std::min<uint64_t>(safe_size, content.size()), high = std::max<uint64_t>(safe_size, content.size());
    uint64_t size = random.below(2) ? high : low + random.below(high - low + 1);
    volatile_sectors.merge(given_up_sectors);
    content.resize(std::max<uint64_t>(high, size));
    for (auto& [index, old] : volatile_sectors) {
      if (random.below(2)) continue;
      old.resize(std::min<size_t>(sector_bytes, content.size() - std::min<size_t>(index * sector_bytes, content.size())));
      if (!old.empty()) content.replace(index * sector_bytes, old.size(), old);
    }
    content.resize(size);
    volatile_sectors.clear();
    given_up_sectors.clear();
    safe_size = size;
  }
};

struct FaultyFiles::Disk {
  using InodePointer = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePointer>;
  using Changes = std::vector<std::pair<std::string, InodePointer>>;

  Disk() : dice(0) {}

  Random dice;
  Names names;
  Names safe_names;
  // Changes of names that are not safe yet, in their order: the path, and what it means afterwards (null: nothing).
  Changes changes;
  // What failed syncs of directories were to save, each list in its order. A path leaves it when it is changed anew and that is synced.
  std::vector<Changes> given_up_changes;
  std::set<std::string> locks;
  uint64_t life = 0;  // Open files of earlier lives are dead.
  Faults faults;
  int failing_syncs = 0;
  int failing_directory_syncs = 0;
  int failing_writes = 0;
  uint64_t capacity_bytes = 0;
  uint64_t syncs = 0;
  int64_t time_ns = 0;

  bool chance(double probability) { return probability > 0 && dice.fraction() < probability; }
  InodePointer find(const std::string& path) const {
    auto found = names.find(path);
    return found == names.end() ? nullptr : found->second;
  }
  void name(const std::string& path, InodePointer inode) {
    changes.emplace_back(path, inode);
    if (inode)
      names[path] = std::move(inode);
    else
      names.erase(path);
  }
  static void apply(Names& names, const std::pair<std::string, InodePointer>& change) {
    if (change.second)
      names[change.first] = change.second;
    else
      names.erase(change.first);
  }
  void sync_names() {
    for (const auto& change : changes) {
      apply(safe_names, change);
      for (Changes& given_up : given_up_changes) std::erase_if(given_up, [&](const auto& old) { return old.first == change.first; });
    }
    changes.clear();
  }
  void crash_names() {
    given_up_changes.push_back(std::move(changes));
    for (const Changes& unsafe : given_up_changes) {
      uint64_t surviving = dice.below(unsafe.size() + 1);
      for (uint64_t i = 0; i < surviving; i++) apply(safe_names, unsafe[i]);
    }
    changes.clear();
    given_up_changes.clear();
    names = safe_names;
  }
  uint64_t used_bytes() const {
    uint64_t used = 0;
    for (const auto& [path, inode] : names) used += inode->content.size();
    return used;
  }
  Status write(const std::string& path, Inode& inode, uint64_t offset, std::string_view bytes) {
    uint64_t growth = offset + bytes.size() > inode.content.size() ? offset + bytes.size() - inode.content.size() : 0;
    uint64_t used = capacity_bytes > 0 ? used_bytes() : 0;
    if (capacity_bytes > 0 && growth > 0 && used + growth > capacity_bytes) {
      uint64_t missing = used + growth - std::max(capacity_bytes, used);
      inode.write(offset, bytes.substr(0, bytes.size() - std::min<uint64_t>(missing, bytes.size())));
      return disk_full("cannot write " + path);
    }
    if (failing_writes > 0 || chance(faults.write_error)) {
      failing_writes = std::max(0, failing_writes - 1);
      inode.write(offset, bytes.substr(0, dice.below(bytes.size() + 1)));
      return broken("cannot write " + path);
    }
    inode.write(offset, bytes);
    return {};
  }
  Status truncate(const std::string& path, Inode& inode, uint64_t size) {
    if (chance(faults.write_error)) return broken("cannot truncate " + path);
    uint64_t growth = size - std::min<uint64_t>(size, inode.content.size());
    if (capacity_bytes > 0 && growth > 0 && used_bytes() + growth > capacity_bytes) return disk_full("cannot truncate " + path);
    inode.resize(size);
    return {};
  }
  Status sync(const std::string& path, Inode& inode) {
    syncs++;
    if (failing_syncs == 0 && !chance(faults.sync_error)) {
      inode.sync();
      return {};
    }
    failing_syncs = std::max(0, failing_syncs - 1);
    inode.give_up_sync();
    return broken("cannot sync " + path);
  }
};

}  // namespace vigia::test
