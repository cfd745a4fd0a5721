#include "host/user_names.h"

#include "base/text.h"
#include "host/proc_file.h"
#include "host/text_fields.h"

namespace vigia::host {

namespace {

constexpr size_t most_bytes = 4 << 20;

}  // namespace

UserNames::UserNames(FileSystem& files, const std::string& root_path) : files_(files), path_(below_root(root_path, "/etc/passwd")) {}

void UserNames::refresh() {
  Result<int64_t> modified_ns = files_.modified_ns(path_);
  if (modified_ns.is_ok() && *modified_ns == modified_ns_) return;
  names_.clear();
  modified_ns_ = modified_ns.is_ok() ? *modified_ns : -1;
  if (Result<std::string> text = files_.read_small_file(path_, most_bytes); text.is_ok()) names_ = parse_passwd(*text);
}

std::string_view UserNames::name_of(uint64_t user_id) const {
  auto found = names_.find(user_id);
  return found == names_.end() ? std::string_view() : std::string_view(found->second);
}

// "name:password:number:…". Of several names for one number the first counts.
std::map<uint64_t, std::string> parse_passwd(std::string_view text) {
  std::map<uint64_t, std::string> names;
  std::string_view line;
  while (next_line(text, line)) {
    if (line.starts_with('#')) continue;
    size_t first = line.find(':');
    size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || first == 0) continue;
    std::string_view number = line.substr(second + 1);
    if (std::optional<uint64_t> id = parse_unsigned(number.substr(0, number.find(':')))) names.emplace(*id, line.substr(0, first));
  }
  return names;
}

}  // namespace vigia::host
