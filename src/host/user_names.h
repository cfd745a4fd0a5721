#pragma once

// The names of users by their numbers, from /etc/passwd. Names that only a directory service knows are not found: asking one could take
// seconds, and a program that watches a node must not wait for its network.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/file.h"

namespace vigia::host {

class UserNames {
 public:
  UserNames(FileSystem& files, const std::string& root_path);
  // Reads the file again if it has changed. Once in a round.
  void refresh();
  // "" for a user that has no name here.
  std::string_view name_of(uint64_t user_id) const;

 private:
  FileSystem& files_;
  const std::string path_;
  int64_t modified_ns_ = -1;
  std::map<uint64_t, std::string> names_;
};

std::map<uint64_t, std::string> parse_passwd(std::string_view text);

}  // namespace vigia::host
