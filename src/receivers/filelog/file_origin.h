#pragma once

// What all entries of a file have in common: its names, its owner, what is configured, what its header says.

#include <memory>

#include "base/file.h"
#include "operators/chain.h"
#include "receivers/filelog/config.h"
#include "receivers/filelog/tracked_file.h"

namespace vigia::receivers {

// REQUIRES: the file is open.
std::unique_ptr<operators::Origin> make_origin(FileSystem& files, const FilelogConfig& config, TrackedFile& file);

struct Header {
  uint64_t end = 0;          // The offset behind it.
  bool is_complete = false;  // A line behind it has been seen.
};

// Reads the lines at the file's beginning that the pattern matches, and gives the origin what the operators make of them.
// REQUIRES: config.header; the file is open.
Result<Header> read_header(const FilelogConfig& config, const Splitter& splitter, operators::ChainRun& run, MemoryLedger& ledger,
                           File& file, operators::Origin& origin);

}  // namespace vigia::receivers
