#pragma once

// Reads a journal's directory after a start: what is there, what is torn, what is damaged.
//
// Only the headers of all files are read, and the whole of those that are newer than the newest good checkpoint: usually one.

#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "journal/books.h"
#include "journal/damage.h"

namespace vigia::journal {

struct Recovered {
  Books books;
  uint64_t next_file = 1;
  uint64_t next_record = 1;
};

// `cursors`: who gets everything when no checkpoint says who wants what. Files that no longer matter are removed.
// UNIMPLEMENTED when a newer version wrote one of the files; other errors come from the disk.
Result<Recovered> recover(FileSystem& files, const std::string& directory, const std::vector<std::string>& cursors, DamageKeeper& damage,
                          const Logger& log);

}  // namespace vigia::journal
