#include "extensions/pprof/profile_format.h"

#include <map>
#include <utility>
#include <vector>

#include "base/compress.h"
#include "extensions/pprof/elf_symbols.h"
#include "extensions/pprof/memory_map.h"
#include "otlp/wire.h"

namespace vigia::extensions {

namespace {

using otlp::append_bytes_field;
using otlp::append_varint;
using otlp::append_varint_field;

// The fields of perftools.profiles.Profile and what it contains.
namespace profile_field {
constexpr uint32_t sample_type = 1, sample = 2, mapping = 3, location = 4, function = 5, string_table = 6, time_nanos = 9,
                   duration_nanos = 10, period_type = 11, period = 12;
}

class ProfileBuilder {
 public:
  explicit ProfileBuilder(FileSystem& files) : map_(executable_mappings()), mapping_numbers_(map_.size(), 0), files_(files) {
    text_number("");
  }

  std::string build(const CpuProfile& profile) {
    append_value_type(profile_field::sample_type, "samples", "count");
    append_value_type(profile_field::sample_type, "cpu", "nanoseconds");
    find_names(profile.stacks);
    for (const auto& [stack, count] : profile.stacks.samples) append_sample(stack, count, count * profile.period_ns);
    append_varint_field(out_, profile_field::time_nanos, static_cast<uint64_t>(profile.start_wall_ns));
    append_varint_field(out_, profile_field::duration_nanos, static_cast<uint64_t>(profile.duration_ns));
    append_value_type(profile_field::period_type, "cpu", "nanoseconds");
    append_varint_field(out_, profile_field::period, static_cast<uint64_t>(profile.period_ns));
    for (const std::string& text : texts_) append_bytes_field(out_, profile_field::string_table, text);
    return std::move(out_);
  }

 private:
  static std::vector<MemoryMapping> executable_mappings() {
    std::vector<MemoryMapping> result;
    for (MemoryMapping& mapping : read_memory_map())
      if (mapping.is_executable) result.push_back(std::move(mapping));
    return result;
  }

  uint64_t text_number(const std::string& text) {
    auto [found, is_new] = text_numbers_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return found->second;
  }

  void append_value_type(uint32_t field, const std::string& type, const std::string& unit) {
    std::string message;
    append_varint_field(message, 1, text_number(type));
    append_varint_field(message, 2, text_number(unit));
    append_bytes_field(out_, field, message);
  }

  // The index into map_, or its size when the address lies in no code that we know.
  size_t mapping_of(uint64_t address) const {
    size_t index = 0;
    while (index < map_.size() && (address < map_[index].start || address >= map_[index].end)) index++;
    return index;
  }

  // One file after the other, so that only one is in memory.
  void find_names(const StackCounts& stacks) {
    std::map<std::string, std::vector<uint64_t>> addresses_by_file;
    for (const auto& [stack, count] : stacks.samples)
      for (uint64_t address : stack) {
        size_t index = mapping_of(address);
        if (names_.try_emplace(address, "").second && index < map_.size()) addresses_by_file[map_[index].path].push_back(address);
      }
    for (const auto& [path, addresses] : addresses_by_file) {
      Result<std::string> image = path.substr(0, 1) == "/" ? files_.read_file(path) : Result<std::string>(std::string());
      ElfSymbols symbols = image.is_ok() ? ElfSymbols::parse(*image) : ElfSymbols();
      for (uint64_t address : addresses) {
        const MemoryMapping& mapping = map_[mapping_of(address)];
        names_[address] = symbols.name_at_file_offset(address - mapping.start + mapping.file_offset);
      }
    }
  }

  void append_sample(const Stack& stack, int64_t count, int64_t cpu_ns) {
    std::string locations, values, message;
    for (uint64_t address : stack) append_varint(locations, location_number(address));
    append_varint(values, static_cast<uint64_t>(count));
    append_varint(values, static_cast<uint64_t>(cpu_ns));
    append_bytes_field(message, 1, locations);
    append_bytes_field(message, 2, values);
    append_bytes_field(out_, profile_field::sample, message);
  }

  uint64_t location_number(uint64_t address) {
    auto [found, is_new] = location_numbers_.try_emplace(address, location_numbers_.size() + 1);
    if (!is_new) return found->second;
    uint64_t number = found->second;
    std::string message;
    append_varint_field(message, 1, number);
    if (size_t index = mapping_of(address); index < map_.size()) append_varint_field(message, 2, mapping_number(index));
    append_varint_field(message, 3, address);
    if (const std::string& name = names_[address]; !name.empty()) {
      std::string line;
      append_varint_field(line, 1, function_number(name));
      append_bytes_field(message, 4, line);
    }
    append_bytes_field(out_, profile_field::location, message);
    return number;
  }

  uint64_t mapping_number(size_t index) {
    if (mapping_numbers_[index] != 0) return mapping_numbers_[index];
    const MemoryMapping& mapping = map_[index];
    uint64_t number = mapping_numbers_[index] = ++mapping_count_;
    std::string message;
    append_varint_field(message, 1, number);
    append_varint_field(message, 2, mapping.start);
    append_varint_field(message, 3, mapping.end);
    append_varint_field(message, 4, mapping.file_offset);
    append_varint_field(message, 5, text_number(mapping.path));
    append_varint_field(message, 7, 1);  // has_functions: nobody needs to look for them again
    append_bytes_field(out_, profile_field::mapping, message);
    return number;
  }

  uint64_t function_number(const std::string& linker_name) {
    auto [found, is_new] = function_numbers_.try_emplace(linker_name, function_numbers_.size() + 1);
    if (!is_new) return found->second;
    std::string message;
    append_varint_field(message, 1, found->second);
    append_varint_field(message, 2, text_number(readable_name(linker_name)));
    append_varint_field(message, 3, text_number(linker_name));
    append_bytes_field(out_, profile_field::function, message);
    return found->second;
  }

  std::string out_;
  std::vector<MemoryMapping> map_;
  std::vector<uint64_t> mapping_numbers_;  // 0: not written yet
  uint64_t mapping_count_ = 0;
  FileSystem& files_;
  std::map<uint64_t, std::string> names_;
  std::map<uint64_t, uint64_t> location_numbers_;
  std::map<std::string, uint64_t> function_numbers_;
  std::map<std::string, uint64_t> text_numbers_;
  std::vector<std::string> texts_;
};

}  // namespace

std::string profile_message(const CpuProfile& profile, FileSystem& files) { return ProfileBuilder(files).build(profile); }

Result<Slice> profile_file(const CpuProfile& profile, FileSystem& files, MemoryLedger& ledger) {
  Chain message(Slice::copy_of(profile_message(profile, files), ledger));
  return compress(Compression::gzip, message, ledger);
}

}  // namespace vigia::extensions
