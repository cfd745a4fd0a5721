#pragma once

// The names of functions in an ELF file, read with every offset checked: the file may be anything.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigia::extensions {

class ElfSymbols {
 public:
  static constexpr size_t max_symbols = 1'000'000;

  // The function symbols of a 64-bit file of this machine's byte order; empty for anything else. Uses the full symbol table and, in a
  // stripped file, the dynamic one.
  static ElfSymbols parse(std::string_view image);

  // The function, as the linker knows it, that holds the byte at this offset of the file; "" when none does.
  std::string_view name_at_file_offset(uint64_t offset) const;

 private:
  struct Symbol {
    uint64_t address = 0;
    uint64_t size = 0;
    std::string name;
  };
  struct Segment {
    uint64_t file_offset = 0;
    uint64_t size = 0;
    uint64_t address = 0;
  };

  bool read_segments(std::string_view image);
  void read_symbols(std::string_view image, uint32_t section_type);

  std::vector<Segment> segments_;
  std::vector<Symbol> symbols_;  // by address
};

// "vigia::net::EventLoop::run()" from its linker's name; what is no such name stays as it is.
std::string readable_name(std::string_view linker_name);

}  // namespace vigia::extensions
