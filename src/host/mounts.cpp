#include "host/mounts.h"

#include <map>

#include "base/text.h"
#include "host/text_fields.h"

namespace vigia::host {

namespace {

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    size_t end = options.find(',');
    if (options.substr(0, end) == wanted) return true;
    options.remove_prefix(end == std::string_view::npos ? options.size() : end + 1);
  }
  return false;
}

struct MountLine {
  std::string_view device_number, root, mount_point, options;  // Before the hyphen.
  std::string_view type, source, super_options;                // Behind it.
};

bool read_line(std::string_view line, MountLine& out) {
  size_t hyphen = line.find(" - ");
  if (hyphen == std::string_view::npos) return false;
  Words before(line.substr(0, hyphen));
  Words behind(line.substr(hyphen + 3));
  bool is_whole = before.skip(2) && before.next(out.device_number) && before.next(out.root) && before.next(out.mount_point) &&
                  behind.next(out.type) && behind.next(out.source);
  before.next(out.options);
  behind.next(out.super_options);
  return is_whole;
}

// A subvolume of btrfs has a root of its own and is mounted whole all the same. Nor is the root of a container that lives in a folder
// (LXC, nspawn) a second view: to what runs there it is the only one.
bool is_bind(const MountLine& line) {
  if (line.mount_point == "/" || !line.source.starts_with('/') || line.root == "/") return false;
  return !has_option(line.super_options, "subvol=" + std::string(line.root));
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  std::map<std::string, std::string, std::less<>> devices;  // By number: the name that the first mount gave it.
  std::string_view text_line;
  while (next_line(text, text_line)) {
    MountLine line;
    if (!read_line(text_line, line)) continue;
    Mount mount;
    // What has no device names itself by its source, or by its root when it shows a part (the namespaces of nsfs).
    mount.device = unescape_octal(line.source.starts_with('/') || line.root == "/" ? line.source : line.root);
    mount.device = devices.emplace(line.device_number, mount.device).first->second;
    mount.mount_point = unescape_octal(line.mount_point);
    mount.type = line.type;
    mount.is_read_only = has_option(line.options, "ro") || has_option(line.super_options, "ro");
    mount.is_bind = is_bind(line);
    mount.device_number = line.device_number;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<std::string> parse_disk_filesystems(std::string_view text) {
  std::vector<std::string> types;
  std::string_view line;
  while (next_line(text, line)) {
    size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    std::string_view type = trim(line.substr(tab + 1));
    if (line.substr(0, tab) != "nodev" || type == "zfs") types.emplace_back(type);
  }
  return types;
}

std::string unescape_octal(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    bool is_escape = text.size() >= 4 && text[0] == '\\';
    std::optional<uint64_t> code = is_escape ? parse_unsigned(text.substr(1, 3), 8) : std::nullopt;
    is_escape = code && *code < 256;
    result.push_back(is_escape ? static_cast<char>(*code) : text[0]);
    text.remove_prefix(is_escape ? 4 : 1);
  }
  return result;
}

}  // namespace vigia::host
