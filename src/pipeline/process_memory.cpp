#include "pipeline/process_memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"

// jemalloc's, when the program is linked with it; a test binary with a sanitizer is not.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size) __attribute__((weak));

namespace vigia::pipeline {

namespace {

int64_t allocator_statistic(const char* name) {
  size_t value = 0;
  size_t size = sizeof value;
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? static_cast<int64_t>(value) : 0;
}

// "max" and absurdly large values of the first cgroup version mean no limit.
int64_t cgroup_limit_bytes(FileSystem& files) {
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    Result<std::string> text = files.read_file(path);
    if (!text.is_ok()) continue;
    std::optional<int64_t> limit = parse_int(trim(*text));
    if (limit && *limit > 0) return *limit;
  }
  return INT64_MAX;
}

}  // namespace

Result<int64_t> resident_bytes(FileSystem& files) {
  ASSIGN_OR_RETURN(std::string text, files.read_file("/proc/self/statm"));
  std::vector<std::string_view> numbers = split(trim(text), ' ');
  std::optional<int64_t> pages = numbers.size() > 1 ? parse_int(numbers[1]) : std::nullopt;
  if (!pages) return internal_error("cannot read the resident memory: /proc/self/statm: unexpected content");
  return *pages * ::sysconf(_SC_PAGESIZE);
}

Result<int64_t> available_memory_bytes(FileSystem& files) {
  ASSIGN_OR_RETURN(std::string text, files.read_file("/proc/meminfo"));
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with("MemTotal:")) continue;
    std::string_view number = trim(line.substr(9));
    std::optional<int64_t> kibibytes = parse_int(number.substr(0, number.find(' ')));
    if (kibibytes) return std::min(*kibibytes * 1024, cgroup_limit_bytes(files));
  }
  return internal_error("cannot read the machine's memory: /proc/meminfo: no MemTotal");
}

HeapUse heap_use() {
  if (mallctl != nullptr) {
    uint64_t epoch = 1;
    mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
    return {allocator_statistic("stats.allocated"), allocator_statistic("stats.mapped")};
  }
  struct mallinfo2 info = ::mallinfo2();
  return {static_cast<int64_t>(info.uordblks + info.hblkhd), static_cast<int64_t>(info.arena + info.hblkhd)};
}

void release_free_memory() {
  // 4096 is jemalloc's name for all arenas.
  if (mallctl != nullptr)
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  else
    ::malloc_trim(0);
}

double cpu_seconds() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace vigia::pipeline
