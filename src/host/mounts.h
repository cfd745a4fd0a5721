#pragma once

// What is mounted where: /proc/PID/mountinfo, and which kinds of file systems have a disk.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::host {

struct Mount {
  std::string device;
  std::string mount_point;
  std::string type;
  bool is_read_only = false;
  // A directory of a file system that is mounted in a second place ("mount --bind"): it has no space of its own.
  bool is_bind = false;
  std::string device_number;  // "254:0".

  bool operator==(const Mount&) const = default;
};

// In the order of the file, which is the order of mounting. Lines that are broken are passed over.
std::vector<Mount> parse_mountinfo(std::string_view text);

// The types of /proc/filesystems that are kept on a device, and zfs, which says that it is not.
std::vector<std::string> parse_disk_filesystems(std::string_view text);

// "\040" and the like, which stand for blanks and what else would split a line.
std::string unescape_octal(std::string_view text);

}  // namespace vigia::host
