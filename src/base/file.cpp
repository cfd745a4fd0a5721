#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace vigia {

namespace {

// A signal may end a call before it has done anything; on some file systems also one that waits for the disk.
template <typename Call>
int uninterrupted(const Call& call) {
  int result = 0;
  do {
    result = call();
  } while (result != 0 && errno == EINTR);
  return result;
}

// Closes a descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

FileFacts facts_of(const struct stat& found) {
  FileFacts facts;
  facts.kind = S_ISREG(found.st_mode) ? FileKind::regular : S_ISDIR(found.st_mode) ? FileKind::directory : FileKind::other;
  facts.device = found.st_dev;
  facts.inode = found.st_ino;
  facts.size_bytes = static_cast<uint64_t>(found.st_size);
  facts.modified_ns = found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec;
  facts.links = found.st_nlink;
  facts.owner = found.st_uid;
  facts.group = found.st_gid;
  facts.permissions = found.st_mode & 07777;
  return facts;
}

Status write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write " + path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

class SystemAppendFile final : public AppendFile {
 public:
  SystemAppendFile(int descriptor, std::string path, uint64_t size) : file_(descriptor), path_(std::move(path)), size_bytes_(size) {}

  Status append(std::string_view bytes) override {
    RETURN_IF_ERROR(write_all(file_.number(), bytes, path_));
    size_bytes_ += bytes.size();
    return {};
  }
  Status sync() override {
    if (uninterrupted([&] { return ::fdatasync(file_.number()); }) != 0) return system_error("cannot sync " + path_, errno);
    return {};
  }
  uint64_t size_bytes() const override { return size_bytes_; }

 private:
  Descriptor file_;
  std::string path_;
  uint64_t size_bytes_;
};

class SystemFile final : public File {
 public:
  SystemFile(int descriptor, std::string path) : file_(descriptor), path_(std::move(path)) {}

  Result<size_t> read_at(uint64_t offset, char* out, size_t size) override {
    size_t done = 0;
    while (done < size) {
      ssize_t count = ::pread(file_.number(), out + done, size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("cannot read " + path_, errno);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  Status write_at(uint64_t offset, std::span<const std::string_view> parts) override {
    std::array<iovec, 512> pieces;
    while (!parts.empty()) {
      size_t count = std::min(parts.size(), pieces.size());
      for (size_t i = 0; i < count; i++) pieces[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
      RETURN_IF_ERROR(write_pieces(offset, {pieces.data(), count}));
      parts = parts.subspan(count);
    }
    return {};
  }

  Status sync() override {
    if (uninterrupted([&] { return ::fdatasync(file_.number()); }) != 0) return system_error("cannot sync " + path_, errno);
    return {};
  }
  Status truncate(uint64_t size_bytes) override {
    if (uninterrupted([&] { return ::ftruncate(file_.number(), static_cast<off_t>(size_bytes)); }) != 0)
      return system_error("cannot truncate " + path_, errno);
    return {};
  }
  Result<uint64_t> size_bytes() override {
    struct stat facts {};
    if (::fstat(file_.number(), &facts) != 0) return system_error("cannot stat " + path_, errno);
    return static_cast<uint64_t>(facts.st_size);
  }
  Result<FileFacts> facts() override {
    struct stat found {};
    if (::fstat(file_.number(), &found) != 0) return system_error("cannot stat " + path_, errno);
    return facts_of(found);
  }

 private:
  // Moves `offset` on.
  Status write_pieces(uint64_t& offset, std::span<iovec> pieces) {
    while (!pieces.empty()) {
      ssize_t count = ::pwritev(file_.number(), pieces.data(), static_cast<int>(pieces.size()), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("cannot write " + path_, errno);
      auto written = static_cast<size_t>(count);
      offset += written;
      while (!pieces.empty() && written >= pieces.front().iov_len) {
        written -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
      }
      if (written == 0) continue;
      pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + written;
      pieces.front().iov_len -= written;
    }
    return {};
  }

  Descriptor file_;
  const std::string path_;
};

class SystemDirectory final : public Directory {
 public:
  SystemDirectory(int descriptor, std::string path) : file_(descriptor), path_(std::move(path)) {}

  Status rewind() override {
    used_ = at_ = 0;
    if (::lseek(file_.number(), 0, SEEK_SET) < 0) return system_error("cannot list " + path_, errno);
    return {};
  }

  Result<bool> next(std::string_view& name) override {
    do {
      if (at_ == used_) {
        ssize_t count = ::getdents64(file_.number(), entries_, sizeof entries_);
        if (count < 0) return system_error("cannot list " + path_, errno);
        if (count == 0) return false;
        used_ = static_cast<size_t>(count);
        at_ = 0;
      }
      uint16_t size = 0;
      std::memcpy(&size, entries_ + at_ + offsetof(dirent64, d_reclen), sizeof size);
      name = entries_ + at_ + offsetof(dirent64, d_name);
      at_ += size;
    } while (name == "." || name == "..");
    return true;
  }

 private:
  Descriptor file_;
  const std::string path_;
  size_t at_ = 0;
  size_t used_ = 0;
  alignas(dirent64) char entries_[16384];
};

// One whose names were gathered at once.
class ListedDirectory final : public Directory {
 public:
  ListedDirectory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  Status rewind() override {
    at_ = 0;
    ASSIGN_OR_RETURN(names_, files_.list(path_));
    return {};
  }
  Result<bool> next(std::string_view& name) override {
    if (at_ == names_.size()) return false;
    name = names_[at_++];
    return true;
  }

 private:
  FileSystem& files_;
  const std::string path_;
  std::vector<std::string> names_;
  size_t at_ = 0;
};

class SystemLock final : public FileLock {
 public:
  explicit SystemLock(int descriptor) : file_(descriptor) {}

 private:
  Descriptor file_;  // The lock goes with it.
};

Status too_large(const std::string& path, size_t max_bytes) {
  bool is_mebibytes = max_bytes >= 1 << 20;
  return invalid_argument("cannot read " + path + ": it is larger than " +
                          (is_mebibytes ? std::to_string(max_bytes >> 20) + " MiB" : std::to_string(max_bytes) + " bytes"));
}

Result<std::string> read_up_to(const std::string& path, size_t max_bytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return system_error("cannot open " + path, errno);
  std::string content;
  char block[65536];
  for (;;) {
    ssize_t count = ::read(file.number(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("cannot read " + path, errno);
    if (count == 0) return content;
    if (static_cast<size_t>(count) > max_bytes - content.size()) return too_large(path, max_bytes);
    content.append(block, static_cast<size_t>(count));
  }
}

}  // namespace

Result<std::string> FileSystem::read_small_file(const std::string& path, size_t max_bytes) {
  Result<std::string> content = read_file(path);
  if (content.is_ok() && content->size() > max_bytes) return too_large(path, max_bytes);
  return content;
}

Result<size_t> FileSystem::read_start(const std::string& path, char* out, size_t size) {
  ASSIGN_OR_RETURN(std::string content, read_file(path));
  return content.copy(out, size);
}

Result<std::unique_ptr<Directory>> FileSystem::open_directory(const std::string& path) {
  auto directory = std::make_unique<ListedDirectory>(*this, path);
  RETURN_IF_ERROR(directory->rewind());
  return std::unique_ptr<Directory>(std::move(directory));
}

Result<FileFacts> File::facts() { return unimplemented("cannot stat the file"); }

Result<std::unique_ptr<File>> FileSystem::open_file(const std::string& path, FileMode) { return unimplemented("cannot open " + path); }
Status FileSystem::sync_directory(const std::string& path) { return unimplemented("cannot sync the directory " + path); }
Result<uint64_t> FileSystem::free_bytes(const std::string& path) { return unimplemented("cannot tell the free space of " + path); }
Result<DiskSpace> FileSystem::disk_space(const std::string& path) { return unimplemented("cannot tell the space of " + path); }
Result<size_t> FileSystem::read_link(const std::string& path, char*, size_t) { return unimplemented("cannot read the link " + path); }
Result<std::unique_ptr<FileLock>> FileSystem::lock(const std::string& path) { return unimplemented("cannot lock " + path); }
Status FileSystem::set_permissions(const std::string& path, uint32_t) { return unimplemented("cannot set the permissions of " + path); }

Result<FileFacts> FileSystem::facts(const std::string& path) { return unimplemented("cannot stat " + path); }
Result<std::string> FileSystem::resolve(const std::string& path) { return unimplemented("cannot resolve " + path); }
Result<std::string> FileSystem::user_name(uint32_t owner) { return unimplemented("cannot name user " + std::to_string(owner)); }
Result<std::string> FileSystem::group_name(uint32_t group) { return unimplemented("cannot name group " + std::to_string(group)); }

Result<std::string> SystemFiles::read_file(const std::string& path) { return read_up_to(path, SIZE_MAX); }
Result<std::string> SystemFiles::read_small_file(const std::string& path, size_t max_bytes) { return read_up_to(path, max_bytes); }

Result<size_t> SystemFiles::read_start(const std::string& path, char* out, size_t size) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return system_error("cannot open " + path, errno);
  size_t done = 0;
  while (done < size) {
    ssize_t count = ::read(file.number(), out + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("cannot read " + path, errno);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Result<std::unique_ptr<AppendFile>> SystemFiles::open_append(const std::string& path, bool truncate) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncate ? O_TRUNC : 0), 0644));
  if (file.number() < 0) return system_error("cannot open " + path, errno);
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return system_error("cannot stat " + path, errno);
  return std::unique_ptr<AppendFile>(std::make_unique<SystemAppendFile>(file.release(), path, static_cast<uint64_t>(facts.st_size)));
}

Result<std::unique_ptr<File>> SystemFiles::open_file(const std::string& path, FileMode mode) {
  // What has become a pipe since somebody looked must not hold us up.
  int flags = mode == FileMode::read ? O_RDONLY | O_NONBLOCK | O_NOCTTY : mode == FileMode::create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR;
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (file.number() < 0) return system_error("cannot open " + path, errno);
  return std::unique_ptr<File>(std::make_unique<SystemFile>(file.release(), path));
}

Status SystemFiles::sync_directory(const std::string& path) {
  Descriptor directory(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0 || uninterrupted([&] { return ::fsync(directory.number()); }) != 0)
    return system_error("cannot sync the directory " + path, errno);
  return {};
}

Result<uint64_t> SystemFiles::free_bytes(const std::string& path) {
  struct statvfs facts {};
  if (::statvfs(path.c_str(), &facts) != 0) return system_error("cannot tell the free space of " + path, errno);
  return static_cast<uint64_t>(facts.f_bavail) * facts.f_frsize;
}

Result<DiskSpace> SystemFiles::disk_space(const std::string& path) {
  struct statvfs facts {};
  if (uninterrupted([&] { return ::statvfs(path.c_str(), &facts); }) != 0) return system_error("cannot tell the space of " + path, errno);
  return DiskSpace{static_cast<uint64_t>(facts.f_blocks) * facts.f_frsize, static_cast<uint64_t>(facts.f_bfree) * facts.f_frsize,
                   static_cast<uint64_t>(facts.f_bavail) * facts.f_frsize, facts.f_files, facts.f_ffree};
}

Result<size_t> SystemFiles::read_link(const std::string& path, char* out, size_t size) {
  ssize_t count = ::readlink(path.c_str(), out, size);
  if (count < 0) return system_error("cannot read the link " + path, errno);
  return static_cast<size_t>(count);
}

Result<std::unique_ptr<FileLock>> SystemFiles::lock(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.number() < 0) return system_error("cannot open " + path, errno);
  if (uninterrupted([&] { return ::flock(file.number(), LOCK_EX | LOCK_NB); }) == 0)
    return std::unique_ptr<FileLock>(std::make_unique<SystemLock>(file.release()));
  if (errno == EWOULDBLOCK) return unavailable("cannot lock " + path + ": another process uses the directory");
  return system_error("cannot lock " + path, errno);
}

Status SystemFiles::set_permissions(const std::string& path, uint32_t permissions) {
  if (::chmod(path.c_str(), static_cast<mode_t>(permissions)) != 0) return system_error("cannot set the permissions of " + path, errno);
  return {};
}

Result<FileFacts> SystemFiles::facts(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return system_error("cannot stat " + path, errno);
  return facts_of(found);
}

Result<std::string> SystemFiles::resolve(const std::string& path) {
  std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (!resolved) return system_error("cannot resolve " + path, errno);
  return std::string(resolved.get());
}

Result<std::string> SystemFiles::user_name(uint32_t owner) {
  std::array<char, 16384> room;
  struct passwd entry {};
  struct passwd* found = nullptr;
  int error = ::getpwuid_r(owner, &entry, room.data(), room.size(), &found);
  return error == 0 && found ? std::string(found->pw_name) : std::to_string(owner);
}

Result<std::string> SystemFiles::group_name(uint32_t group) {
  std::array<char, 16384> room;
  struct group entry {};
  struct group* found = nullptr;
  int error = ::getgrgid_r(group, &entry, room.data(), room.size(), &found);
  return error == 0 && found ? std::string(found->gr_name) : std::to_string(group);
}

Status SystemFiles::write_file_atomically(const std::string& path, std::string_view content) {
  std::string beside = path + ".new";
  {
    Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.number() < 0) return system_error("cannot open " + beside, errno);
    RETURN_IF_ERROR(write_all(file.number(), content, beside));
    if (uninterrupted([&] { return ::fsync(file.number()); }) != 0) return system_error("cannot sync " + beside, errno);
  }
  RETURN_IF_ERROR(rename(beside, path));
  return sync_directory(std::filesystem::path(path).parent_path().string());
}

Status SystemFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename " + from + " to " + to, errno);
  return {};
}

Status SystemFiles::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_error("cannot remove " + path, errno);
  return {};
}

// Each new one is safe in the one above it, so that what is written into it cannot be lost with it.
Status SystemFiles::create_directories(const std::string& path) {
  std::vector<std::string> parents_of_new;
  for (std::filesystem::path at = path; !at.empty() && !exists(at.string()) && at != at.parent_path(); at = at.parent_path())
    parents_of_new.push_back(at.parent_path().string());
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return system_error("cannot create the directory " + path, error.value());
  for (const std::string& parent : parents_of_new) RETURN_IF_ERROR(sync_directory(parent));
  return {};
}

Result<std::vector<std::string>> SystemFiles::list(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error) return system_error("cannot list " + directory, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<Directory>> SystemFiles::open_directory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0) return system_error("cannot list " + path, errno);
  return std::unique_ptr<Directory>(std::make_unique<SystemDirectory>(directory.release(), path));
}

bool SystemFiles::exists(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0;
}

Result<int64_t> SystemFiles::modified_ns(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return system_error("cannot stat " + path, errno);
  return facts.st_mtim.tv_sec * 1'000'000'000LL + facts.st_mtim.tv_nsec;
}

}  // namespace vigia
