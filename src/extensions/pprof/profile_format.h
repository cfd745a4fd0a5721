#pragma once

// CPU profiles in pprof's format: a gzipped protobuf message (perftools.profiles.Profile) with names of functions, as
// `go tool pprof` and its relatives read it.

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "extensions/pprof/cpu_sampler.h"

namespace vigia::extensions {

struct CpuProfile {
  StackCounts stacks;
  int64_t start_wall_ns = 0;
  int64_t duration_ns = 0;
  int64_t period_ns = 0;
};

// The profile's message, not yet compressed. Reads this process's memory map, and the files it names through `files`.
std::string profile_message(const CpuProfile& profile, FileSystem& files);

// The bytes of a profile's file.
Result<Slice> profile_file(const CpuProfile& profile, FileSystem& files, MemoryLedger& ledger);

}  // namespace vigia::extensions
