#pragma once

// What this process uses of the machine's memory and time.

#include <cstdint>

#include "base/file.h"

namespace vigia::pipeline {

// Resident memory, from /proc/self/statm.
Result<int64_t> resident_bytes(FileSystem& files);
// What the process may use: the smallest of its cgroup's limit and the machine's memory.
Result<int64_t> available_memory_bytes(FileSystem& files);

struct HeapUse {
  int64_t allocated_bytes = 0;
  int64_t mapped_bytes = 0;
};
HeapUse heap_use();
// Asks the allocator to give free pages back to the system.
void release_free_memory();

double cpu_seconds();

}  // namespace vigia::pipeline
