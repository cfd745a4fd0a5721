#include "host/mount_table.h"

#include <algorithm>

namespace vigia::host {

namespace {

constexpr size_t longest_link = 4096;

std::string link_target(FileSystem& files, const std::string& path) {
  std::string target(longest_link, '\0');
  Result<size_t> size = files.read_link(path, target.data(), target.size());
  target.resize(size.is_ok() ? *size : 0);
  return target;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_within(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

MountTable::MountTable(FileSystem& files, const std::string& root_path)
    : files_(files),
      root_path_(below_root(root_path, "")),
      first_process_(files, below_root(root_path, "/proc/1/mountinfo")),
      this_process_(files, below_root(root_path, "/proc/self/mountinfo")) {
  if (Result<std::string> types = files.read_file(below_root(root_path, "/proc/filesystems")); types.is_ok())
    disk_types_ = parse_disk_filesystems(*types);
}

Result<std::string_view> MountTable::read_mountinfo() {
  if (Result<std::string_view> text = first_process_.read(); text.is_ok()) return text;
  return this_process_.read();
}

Result<bool> MountTable::refresh() {
  ASSIGN_OR_RETURN(std::string_view text, read_mountinfo());
  if (text == last_text_ && !last_text_.empty()) return false;
  last_text_ = text;
  mounts_ = parse_mountinfo(text);
  name_devices();
  // Modules may have brought types that were not there at the start.
  if (Result<std::string> types = files_.read_file(below_root(root_path_, "/proc/filesystems")); types.is_ok())
    disk_types_ = parse_disk_filesystems(*types);
  return true;
}

// Names that only point to the device: those of the device mapper, and what the kernel calls the root before it knows its name.
void MountTable::name_devices() {
  for (Mount& mount : mounts_) {
    if (mount.device.starts_with("/dev/mapper/")) {
      std::string target = link_target(files_, below_root(root_path_, mount.device));
      if (!target.empty()) mount.device = target.starts_with('/') ? target : "/dev/" + last_part(target);
    } else if (mount.device == "/dev/root") {
      std::string target = link_target(files_, below_root(root_path_, "/sys/dev/block/" + mount.device_number));
      if (!target.empty()) mount.device = "/dev/" + last_part(target);
    }
  }
}

bool MountTable::is_on_disk(const Mount& mount) const {
  return !mount.is_bind && std::find(disk_types_.begin(), disk_types_.end(), mount.type) != disk_types_.end();
}

// The mountinfo of a process in a container has the paths as that process sees them, root_path included.
std::string MountTable::local_path(const Mount& mount) const {
  if (root_path_.empty() || is_within(mount.mount_point, root_path_)) return mount.mount_point;
  return root_path_ + mount.mount_point;
}

}  // namespace vigia::host
