#include "base/test_faulty_files.h"

#include <algorithm>

namespace vigia::test {

namespace {

constexpr size_t sector_bytes = 512;

Status broken(const std::string& what) { return unavailable(what + ": Input/output error"); }
Status disk_full(const std::string& what) { return resource_exhausted(what + ": No space left on device"); }

}  // namespace

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

class FaultyFiles::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<Guarded<Disk>> disk, std::string path, std::shared_ptr<Inode> inode, uint64_t life, FileMode mode)
      : disk_(std::move(disk)), path_(std::move(path)), inode_(std::move(inode)), life_(life), mode_(mode) {}

  Result<size_t> read_at(uint64_t offset, char* out, size_t size) override {
    return disk_->with([&](Disk& disk) -> Result<size_t> {
      if (disk.life != life_ || disk.chance(disk.faults.read_error)) return broken("cannot read " + path_);
      if (offset >= inode_->content.size()) return size_t{0};
      return inode_->content.copy(out, size, offset);
    });
  }
  Status write_at(uint64_t offset, std::span<const std::string_view> parts) override {
    if (mode_ == FileMode::read) return not_writable("cannot write ");
    std::string bytes;
    for (std::string_view part : parts) bytes += part;
    return disk_->with(
        [&](Disk& disk) { return disk.life == life_ ? disk.write(path_, *inode_, offset, bytes) : broken("cannot write " + path_); });
  }
  Status sync() override {
    return disk_->with([&](Disk& disk) { return disk.life == life_ ? disk.sync(path_, *inode_) : broken("cannot sync " + path_); });
  }
  Status truncate(uint64_t size_bytes) override {
    if (mode_ == FileMode::read) return not_writable("cannot truncate ");
    return disk_->with(
        [&](Disk& disk) { return disk.life == life_ ? disk.truncate(path_, *inode_, size_bytes) : broken("cannot truncate " + path_); });
  }
  Result<uint64_t> size_bytes() override {
    return disk_->with([&](Disk& disk) -> Result<uint64_t> {
      if (disk.life != life_) return broken("cannot stat " + path_);
      return uint64_t{inode_->content.size()};
    });
  }

 private:
  Status not_writable(const std::string& what) const { return unavailable(what + path_ + ": Bad file descriptor"); }

  const std::shared_ptr<Guarded<Disk>> disk_;
  const std::string path_;
  const std::shared_ptr<Inode> inode_;
  const uint64_t life_;
  const FileMode mode_;
};

class FaultyFiles::OpenAppend final : public AppendFile {
 public:
  explicit OpenAppend(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Status append(std::string_view bytes) override { return file_->write_at(size_bytes(), {&bytes, 1}); }
  Status sync() override { return file_->sync(); }
  uint64_t size_bytes() const override {
    Result<uint64_t> size = file_->size_bytes();
    return size.is_ok() ? *size : 0;
  }

 private:
  const std::unique_ptr<File> file_;
};

class FaultyFiles::Lock final : public FileLock {
 public:
  Lock(std::shared_ptr<Guarded<Disk>> disk, std::string path, uint64_t life)
      : disk_(std::move(disk)), path_(std::move(path)), life_(life) {}
  ~Lock() override {
    disk_->with([&](Disk& disk) {
      if (disk.life == life_) disk.locks.erase(path_);
    });
  }

 private:
  const std::shared_ptr<Guarded<Disk>> disk_;
  const std::string path_;
  const uint64_t life_;
};

// --- What tests do to the disk ---

FaultyFiles::FaultyFiles(uint64_t seed) : disk_(std::make_shared<Guarded<Disk>>()) {
  disk_->with([&](Disk& disk) { disk.dice = Random(seed); });
}
FaultyFiles::~FaultyFiles() = default;

void FaultyFiles::crash() {
  disk_->with([](Disk& disk) {
    disk.life++;
    disk.locks.clear();
    disk.crash_names();
    for (auto& [path, inode] : disk.names) inode->crash(disk.dice);
  });
}

void FaultyFiles::kill() {
  disk_->with([](Disk& disk) {
    disk.life++;
    disk.locks.clear();
  });
}

void FaultyFiles::set_faults(const Faults& faults) {
  disk_->with([&](Disk& disk) { disk.faults = faults; });
}
void FaultyFiles::fail_next_sync(int count) {
  disk_->with([&](Disk& disk) { disk.failing_syncs = count; });
}
void FaultyFiles::fail_next_directory_sync(int count) {
  disk_->with([&](Disk& disk) { disk.failing_directory_syncs = count; });
}
void FaultyFiles::fail_next_write(int count) {
  disk_->with([&](Disk& disk) { disk.failing_writes = count; });
}
void FaultyFiles::set_capacity_bytes(uint64_t bytes) {
  disk_->with([&](Disk& disk) { disk.capacity_bytes = bytes; });
}

void FaultyFiles::damage(const std::string& path, uint64_t offset, size_t count) {
  disk_->with([&](Disk& disk) {
    auto inode = disk.find(path);
    CHECK(inode && offset + count <= inode->content.size());
    for (uint64_t at = offset; at < offset + count; at++) {
      auto flip = static_cast<char>(1 + disk.dice.below(255));
      inode->content[at] = static_cast<char>(inode->content[at] ^ flip);
      for (auto* sectors : {&inode->volatile_sectors, &inode->given_up_sectors}) {
        auto old = sectors->find(at / sector_bytes);
        if (old != sectors->end() && at % sector_bytes < old->second.size())
          old->second[at % sector_bytes] = static_cast<char>(old->second[at % sector_bytes] ^ flip);
      }
    }
  });
}

uint64_t FaultyFiles::used_bytes() const {
  return disk_->with([](const Disk& disk) { return disk.used_bytes(); });
}
uint64_t FaultyFiles::sync_count() const {
  return disk_->with([](const Disk& disk) { return disk.syncs; });
}
std::vector<std::string> FaultyFiles::paths() const {
  return disk_->with([](const Disk& disk) {
    std::vector<std::string> paths;
    for (const auto& [path, inode] : disk.names) paths.push_back(path);
    return paths;
  });
}

// --- The file system ---

Result<std::unique_ptr<File>> FaultyFiles::open_file(const std::string& path, FileMode mode) {
  return disk_->with([&](Disk& disk) -> Result<std::unique_ptr<File>> {
    if (disk.chance(disk.faults.open_error)) return broken("cannot open " + path);
    auto inode = disk.find(path);
    if (inode && mode == FileMode::create) return Status(StatusCode::already_exists, "cannot open " + path + ": File exists");
    if (!inode && mode != FileMode::create) return not_found("cannot open " + path + ": No such file or directory");
    if (!inode) {
      inode = std::make_shared<Inode>();
      disk.name(path, inode);
    }
    return std::unique_ptr<File>(std::make_unique<OpenFile>(disk_, path, inode, disk.life, mode));
  });
}

Result<std::unique_ptr<AppendFile>> FaultyFiles::open_append(const std::string& path, bool truncate) {
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, open_file(path, exists(path) ? FileMode::update : FileMode::create));
  if (truncate) RETURN_IF_ERROR(file->truncate(0));
  return std::unique_ptr<AppendFile>(std::make_unique<OpenAppend>(std::move(file)));
}

Result<std::string> FaultyFiles::read_file(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, open_file(path, FileMode::read));
  ASSIGN_OR_RETURN(uint64_t size, file->size_bytes());
  std::string content(size, '\0');
  ASSIGN_OR_RETURN(size_t count, file->read_at(0, content.data(), content.size()));
  content.resize(count);
  return content;
}

Status FaultyFiles::write_file_atomically(const std::string& path, std::string_view content) {
  std::string beside = path + ".new";
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, open_file(beside, exists(beside) ? FileMode::update : FileMode::create));
  RETURN_IF_ERROR(file->truncate(0));
  RETURN_IF_ERROR(file->write_at(0, {&content, 1}));
  RETURN_IF_ERROR(file->sync());
  RETURN_IF_ERROR(rename(beside, path));
  return sync_directory(path);
}

Status FaultyFiles::rename(const std::string& from, const std::string& to) {
  return disk_->with([&](Disk& disk) -> Status {
    auto inode = disk.find(from);
    if (!inode) return not_found("cannot rename " + from + ": No such file or directory");
    disk.name(to, inode);
    disk.name(from, nullptr);
    return {};
  });
}

Status FaultyFiles::remove(const std::string& path) {
  return disk_->with([&](Disk& disk) -> Status {
    if (!disk.find(path)) return not_found("cannot remove " + path + ": No such file or directory");
    disk.name(path, nullptr);
    return {};
  });
}

Status FaultyFiles::create_directories(const std::string&) { return {}; }

Result<std::vector<std::string>> FaultyFiles::list(const std::string& directory) {
  std::vector<std::string> names;
  for (const std::string& path : paths())
    if (path.starts_with(directory + "/") && path.find('/', directory.size() + 1) == std::string::npos)
      names.push_back(path.substr(directory.size() + 1));
  return names;
}

bool FaultyFiles::exists(const std::string& path) {
  return disk_->with([&](Disk& disk) { return disk.find(path) != nullptr; });
}

Result<int64_t> FaultyFiles::modified_ns(const std::string& path) {
  return disk_->with([&](Disk& disk) -> Result<int64_t> {
    if (!disk.find(path)) return not_found("cannot stat " + path + ": No such file or directory");
    return ++disk.time_ns;
  });
}

// There is one journal of names for all directories, as file systems have it.
Status FaultyFiles::sync_directory(const std::string& path) {
  return disk_->with([&](Disk& disk) -> Status {
    if (disk.failing_directory_syncs > 0 || disk.chance(disk.faults.sync_error)) {
      disk.failing_directory_syncs = std::max(0, disk.failing_directory_syncs - 1);
      disk.given_up_changes.push_back(std::exchange(disk.changes, {}));
      return broken("cannot sync the directory " + path);
    }
    disk.sync_names();
    return {};
  });
}

Result<uint64_t> FaultyFiles::free_bytes(const std::string&) {
  return disk_->with([](Disk& disk) -> Result<uint64_t> {
    uint64_t used = disk.used_bytes();
    if (disk.capacity_bytes == 0) return UINT64_MAX;
    return disk.capacity_bytes > used ? disk.capacity_bytes - used : 0;
  });
}

Result<std::unique_ptr<FileLock>> FaultyFiles::lock(const std::string& path) {
  return disk_->with([&](Disk& disk) -> Result<std::unique_ptr<FileLock>> {
    if (!disk.locks.insert(path).second) return unavailable("cannot lock " + path + ": another process uses the directory");
    return std::unique_ptr<FileLock>(std::make_unique<Lock>(disk_, path, disk.life));
  });
}

}  // namespace vigia::test
