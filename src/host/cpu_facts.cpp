#include "host/cpu_facts.h"

#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "host/proc_file.h"
#include "host/text_fields.h"

namespace vigia::host {

namespace {

// "cpu MHz		: 2199.998".
bool read_entry(std::string_view line, std::string_view& key, std::string_view& value) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  key = trim(line.substr(0, colon));
  value = trim(line.substr(colon + 1));
  return true;
}

// By package: how many cores it says to have.
size_t sum_of_packages(std::string_view cpuinfo) {
  std::map<std::string, uint64_t, std::less<>> cores;
  std::string_view line, key, value, package;
  while (next_line(cpuinfo, line)) {
    if (!read_entry(line, key, value)) continue;
    if (key == "physical id") package = value;
    if (key == "cpu cores") cores[std::string(package)] = parse_unsigned(value).value_or(0);
  }
  uint64_t sum = 0;
  for (const auto& [name, count] : cores) sum += count;
  return sum;
}

}  // namespace

std::vector<CpuFrequency> parse_cpu_frequencies(std::string_view cpuinfo) {
  std::vector<CpuFrequency> frequencies;
  std::string_view line, key, value;
  std::optional<uint64_t> number;
  while (next_line(cpuinfo, line)) {
    if (!read_entry(line, key, value)) continue;
    if (key == "processor") number = parse_unsigned(value);
    std::optional<double> megahertz = key == "cpu MHz" ? parse_double(value) : std::nullopt;
    if (number && megahertz) frequencies.push_back({static_cast<uint32_t>(*number), *megahertz * 1e6});
  }
  return frequencies;
}

size_t count_physical_cores(FileSystem& files, const std::string& root_path, const std::vector<NumberedCpu>& cpus) {
  std::set<std::string> cores;
  for (const NumberedCpu& cpu : cpus) {
    std::string folder = below_root(root_path, "/sys/devices/system/cpu/cpu") + std::to_string(cpu.number) + "/topology/";
    // The second is the first's name in older kernels.
    Result<std::string> siblings = files.read_small_file(folder + "core_cpus_list", 4096);
    if (!siblings.is_ok()) siblings = files.read_small_file(folder + "thread_siblings_list", 4096);
    if (siblings.is_ok()) cores.insert(std::string(trim(*siblings)));
  }
  if (!cores.empty()) return cores.size();
  Result<std::string> cpuinfo = files.read_file(below_root(root_path, "/proc/cpuinfo"));
  return cpuinfo.is_ok() ? sum_of_packages(*cpuinfo) : 0;
}

}  // namespace vigia::host
