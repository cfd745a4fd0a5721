#pragma once

// Which files there are to read now: `include`, `exclude`, `exclude_older_than`, `ordering_criteria`.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "receivers/filelog/glob.h"
#include "receivers/filelog/ordering.h"

namespace vigia::receivers {

struct FoundFile {
  std::string path;
  FileFacts facts;
};

// A directory or a file that is there and cannot be looked at.
struct Unreadable {
  std::string path;
  Status why;
};

struct Found {
  std::vector<FoundFile> files;       // In the order in which they shall be read. Regular ones only.
  std::set<std::string> directories;  // Where a new file would be found next time.
  std::vector<Unreadable> unreadable;
  bool is_cut = false;  // There were more than anybody should have.
};

struct FinderConfig {
  std::vector<Glob> include;
  std::vector<Glob> exclude;
  int64_t exclude_older_than_ms = 0;  // 0: no bound.
  OrderingCriteria ordering;
};

constexpr size_t most_found_files = 100'000;
constexpr size_t most_unreadable = 1'000;

Found find_files(FileSystem& files, const FinderConfig& config, int64_t wall_ns);

}  // namespace vigia::receivers
