#include "base/test_faulty_files.h"

#include <algorithm>

#include "base/test_faulty_disk_internal.h"

namespace vigia::test {

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

Result<DiskSpace> FaultyFiles::disk_space(const std::string& path) {
  ASSIGN_OR_RETURN(uint64_t free, free_bytes(path));
  return disk_->with([&](Disk& disk) -> Result<DiskSpace> {
    if (disk.chance(disk.faults.open_error)) return broken("cannot tell the space of " + path);
    return DiskSpace{disk.capacity_bytes == 0 ? UINT64_MAX : disk.capacity_bytes, free, free, 0, 0};
  });
}

Result<std::unique_ptr<FileLock>> FaultyFiles::lock(const std::string& path) {
  return disk_->with([&](Disk& disk) -> Result<std::unique_ptr<FileLock>> {
    if (!disk.locks.insert(path).second) return unavailable("cannot lock " + path + ": another process uses the directory");
    return std::unique_ptr<FileLock>(std::make_unique<Lock>(disk_, path, disk.life));
  });
}

}  // namespace vigia::test
