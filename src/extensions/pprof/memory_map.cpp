#include "extensions/pprof/memory_map.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/text.h"

namespace vigia::extensions {

namespace {

constexpr uint64_t stack_growth_bytes = 8 << 20;

bool read_hex(std::string_view text, uint64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

// The next word of the line, which is cut off.
std::string_view take_word(std::string_view& line) {
  size_t begin = std::min(line.find_first_not_of(' '), line.size());
  size_t end = std::min(line.find(' ', begin), line.size());
  std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// "start-end rwxp offset device inode   path"
bool parse_line(std::string_view line, MemoryMapping& mapping) {
  std::string_view range = take_word(line);
  std::string_view rights = take_word(line);
  std::string_view offset = take_word(line);
  take_word(line);
  take_word(line);
  size_t dash = range.find('-');
  if (dash == std::string_view::npos || rights.size() < 4) return false;
  mapping.is_writable = rights[1] == 'w';
  mapping.is_executable = rights[2] == 'x';
  mapping.path = trim(line);
  return read_hex(range.substr(0, dash), mapping.start) && read_hex(range.substr(dash + 1), mapping.end) &&
         read_hex(offset, mapping.file_offset) && mapping.start < mapping.end;
}

}  // namespace

std::vector<MemoryMapping> parse_memory_map(std::string_view text) {
  std::vector<MemoryMapping> map;
  for (std::string_view line : split(text, '\n')) {
    MemoryMapping mapping;
    if (parse_line(line, mapping)) map.push_back(std::move(mapping));
  }
  return map;
}

std::vector<MemoryMapping> read_memory_map() {
  SystemFiles files;
  Result<std::string> text = files.read_file("/proc/self/maps");
  return text.is_ok() ? parse_memory_map(*text) : std::vector<MemoryMapping>();
}

std::vector<MemoryRange> writable_ranges(const std::vector<MemoryMapping>& map) {
  std::vector<MemoryRange> ranges;
  for (const MemoryMapping& mapping : map) {
    if (!mapping.is_writable) continue;
    uint64_t start = mapping.start;
    if (mapping.path == "[stack]") {
      uint64_t grown = start > stack_growth_bytes ? start - stack_growth_bytes : 0;
      start = std::max(grown, ranges.empty() ? 0 : ranges.back().end);
    }
    // Neighbours are one range: a thread's stack may be split by its protection.
    if (!ranges.empty() && ranges.back().end == start)
      ranges.back().end = mapping.end;
    else
      ranges.push_back({start, mapping.end});
  }
  return ranges;
}

}  // namespace vigia::extensions
