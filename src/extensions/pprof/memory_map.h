#pragma once

// What the kernel says about this process's memory (/proc/self/maps).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigia::extensions {

struct MemoryRange {
  uint64_t start = 0;
  uint64_t end = 0;
};

struct MemoryMapping : MemoryRange {
  uint64_t file_offset = 0;
  bool is_writable = false;
  bool is_executable = false;
  std::string path;  // "" for anonymous memory; "[stack]", "[vdso]"
};

// Lines that cannot be read are left out.
std::vector<MemoryMapping> parse_memory_map(std::string_view text);
// Of this process; empty when the kernel does not tell.
std::vector<MemoryMapping> read_memory_map();

// Sorted. The main thread's stack is given with the room into which it may still grow.
std::vector<MemoryRange> writable_ranges(const std::vector<MemoryMapping>& map);

}  // namespace vigia::extensions
