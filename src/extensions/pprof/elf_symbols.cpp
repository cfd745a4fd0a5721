#include "extensions/pprof/elf_symbols.h"

#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

namespace vigia::extensions {

namespace {

// A structure at an offset of the file, or nothing when it would reach beyond the end.
template <typename T>
std::optional<T> read_at(std::string_view image, uint64_t offset) {
  if (offset > image.size() || image.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, image.data() + offset, sizeof(T));
  return value;
}

std::string_view part_of(std::string_view image, uint64_t offset, uint64_t size) {
  if (offset > image.size() || size > image.size() - offset) return {};
  return image.substr(offset, size);
}

std::string_view text_at(std::string_view table, uint64_t offset) {
  if (offset >= table.size()) return {};
  std::string_view rest = table.substr(offset);
  return rest.substr(0, rest.find('\0'));
}

std::optional<Elf64_Ehdr> read_header(std::string_view image) {
  std::optional<Elf64_Ehdr> header = read_at<Elf64_Ehdr>(image, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return std::nullopt;
  return header;
}

}  // namespace

ElfSymbols ElfSymbols::parse(std::string_view image) {
  ElfSymbols result;
  if (!result.read_segments(image)) return result;
  result.read_symbols(image, SHT_SYMTAB);
  if (result.symbols_.empty()) result.read_symbols(image, SHT_DYNSYM);
  std::stable_sort(result.symbols_.begin(), result.symbols_.end(), [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
  return result;
}

bool ElfSymbols::read_segments(std::string_view image) {
  std::optional<Elf64_Ehdr> header = read_header(image);
  if (!header) return false;
  for (uint64_t i = 0; i < header->e_phnum; i++) {
    auto segment = read_at<Elf64_Phdr>(image, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return false;
    if (segment->p_type == PT_LOAD) segments_.push_back({segment->p_offset, segment->p_filesz, segment->p_vaddr});
  }
  return true;
}

void ElfSymbols::read_symbols(std::string_view image, uint32_t section_type) {
  std::optional<Elf64_Ehdr> header = read_header(image);
  if (!header) return;
  for (uint64_t i = 0; i < header->e_shnum; i++) {
    auto section = read_at<Elf64_Shdr>(image, header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section) return;
    if (section->sh_type != section_type) continue;
    auto names_section = read_at<Elf64_Shdr>(image, header->e_shoff + uint64_t{section->sh_link} * sizeof(Elf64_Shdr));
    if (!names_section) return;
    std::string_view names = part_of(image, names_section->sh_offset, names_section->sh_size);
    std::string_view table = part_of(image, section->sh_offset, section->sh_size);
    size_t count = std::min(table.size() / sizeof(Elf64_Sym), max_symbols);
    for (size_t entry = 0; entry < count; entry++) {
      auto symbol = read_at<Elf64_Sym>(table, entry * sizeof(Elf64_Sym));
      if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF) continue;
      symbols_.push_back({symbol->st_value, symbol->st_size, std::string(text_at(names, symbol->st_name))});
    }
    return;
  }
}

std::string_view ElfSymbols::name_at_file_offset(uint64_t offset) const {
  for (const Segment& segment : segments_) {
    if (offset < segment.file_offset || offset - segment.file_offset >= segment.size) continue;
    uint64_t address = offset - segment.file_offset + segment.address;
    auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                  [](uint64_t value, const Symbol& symbol) { return value < symbol.address; });
    if (after == symbols_.begin()) return {};
    const Symbol& symbol = *std::prev(after);
    // Hand-written code often states no size; it then reaches to the next symbol.
    bool holds = symbol.size == 0 || address - symbol.address < symbol.size;
    return holds ? std::string_view(symbol.name) : std::string_view();
  }
  return {};
}

std::string readable_name(std::string_view linker_name) {
  std::string name(linker_name);
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> demangled(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && demangled ? std::string(demangled.get()) : name;
}

}  // namespace vigia::extensions
