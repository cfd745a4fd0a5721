#include "host/cgroup.h"

#include "base/text.h"
#include "host/text_fields.h"

namespace vigia::host {

namespace {

constexpr std::string_view tree = "/sys/fs/cgroup";

std::optional<uint64_t> read_number(ProcFile& file) {
  Result<std::string_view> text = file.read();
  return text.is_ok() ? parse_unsigned(trim(*text)) : std::nullopt;
}

// The number behind a word at the beginning of a line.
std::optional<uint64_t> number_of(std::string_view text, std::string_view wanted) {
  std::string_view line, name;
  while (next_line(text, line)) {
    Words words(line);
    uint64_t number = 0;
    if (words.next(name) && name == wanted && words.next(number)) return number;
  }
  return std::nullopt;
}

std::string path_of(const std::string& root_path, std::string_view first_version, std::string_view second_version, bool is_second) {
  return below_root(root_path, std::string(tree) + "/" + std::string(is_second ? second_version : first_version));
}

bool has_second_version(FileSystem& files, const std::string& root_path) {
  return files.exists(below_root(root_path, std::string(tree) + "/cgroup.controllers"));
}

}  // namespace

Cgroup::Cgroup(FileSystem& files, const std::string& root_path)
    : is_second_version_(has_second_version(files, root_path)),
      memory_limit_(files, path_of(root_path, "memory/memory.limit_in_bytes", "memory.max", is_second_version_)),
      memory_usage_(files, path_of(root_path, "memory/memory.usage_in_bytes", "memory.current", is_second_version_)),
      memory_statistics_(files, path_of(root_path, "memory/memory.stat", "memory.stat", is_second_version_)),
      cpu_limit_(files, path_of(root_path, "cpu/cpu.cfs_quota_us", "cpu.max", is_second_version_)),
      cpu_period_(files, path_of(root_path, "cpu/cpu.cfs_period_us", "cpu.max", is_second_version_)),
      cpu_usage_(files, path_of(root_path, "cpuacct/cpuacct.usage", "cpu.stat", is_second_version_)) {}

// "max", and the absurdly large numbers of the first version, are no limit.
std::optional<CgroupMemory> Cgroup::memory(uint64_t machine_bytes) {
  std::optional<uint64_t> limit = read_number(memory_limit_);
  if (!limit || *limit == 0 || *limit >= machine_bytes) return std::nullopt;
  std::optional<uint64_t> used = read_number(memory_usage_);
  if (!used) return std::nullopt;
  CgroupMemory memory;
  memory.limit_bytes = *limit;
  memory.used_bytes = *used;
  if (Result<std::string_view> text = memory_statistics_.read(); text.is_ok()) parse_memory_stat(*text, memory);
  return memory;
}

std::optional<double> Cgroup::cpu_limit_cores() {
  Result<std::string_view> text = cpu_limit_.read();
  if (!text.is_ok()) return std::nullopt;
  if (is_second_version_) return parse_cpu_max(*text);
  std::optional<uint64_t> quota = parse_unsigned(trim(*text));  // -1 is no limit.
  std::optional<uint64_t> period = read_number(cpu_period_);
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<uint64_t> Cgroup::cpu_usage_ns() {
  if (!is_second_version_) return read_number(cpu_usage_);
  Result<std::string_view> text = cpu_usage_.read();
  std::optional<uint64_t> microseconds = text.is_ok() ? number_of(*text, "usage_usec") : std::nullopt;
  if (!microseconds || *microseconds > UINT64_MAX / 1000) return std::nullopt;
  return *microseconds * 1000;
}

std::optional<double> parse_cpu_max(std::string_view text) {
  Words words(trim(text));
  uint64_t quota = 0, period = 0;
  if (!words.next_all(quota, period) || quota == 0 || period == 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

void parse_memory_stat(std::string_view text, CgroupMemory& out) {
  // The first version counts a group's children under names with "total_", which stand behind the plain ones.
  std::string_view line, name;
  while (next_line(text, line)) {
    Words words(line);
    if (!words.next(name)) continue;
    if (name == "file" || name == "cache" || name == "total_cache") words.next(out.cached_bytes);
    if (name == "inactive_file" || name == "total_inactive_file") words.next(out.inactive_file_bytes);
    if (name == "slab_reclaimable") words.next(out.slab_reclaimable_bytes);
    if (name == "slab_unreclaimable") words.next(out.slab_unreclaimable_bytes);
  }
}

}  // namespace vigia::host
