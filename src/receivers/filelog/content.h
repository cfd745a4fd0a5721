#pragma once

// By what a file's content is known again: its beginning, and what stands right before the place up to which it was read.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"

namespace vigia::receivers {

// A range of a file by its size and hash. Of a fingerprint it is the first bytes, of a tail those before an offset.
struct Sample {
  uint64_t size = 0;
  uint64_t hash = 0;

  static Sample of(std::string_view bytes) { return {bytes.size(), hash64(bytes)}; }
  bool fits(std::string_view bytes) const { return bytes.size() == size && (size == 0 || hash64(bytes) == hash); }
  bool operator==(const Sample&) const = default;
};

// How many bytes before an offset are looked at. More than a line, so that the time in it tells lines apart.
constexpr uint64_t tail_bytes = 512;

struct Position {
  uint64_t offset = 0;
  Sample tail;                 // The last min(offset, tail_bytes) bytes before it.
  uint64_t record_number = 0;  // Of the last entry before it.
};

// Up to `size` bytes from `offset` on, or what there is of them.
inline Result<std::string> read_range(File& file, uint64_t offset, uint64_t size) {
  std::string bytes(size, '\0');
  ASSIGN_OR_RETURN(size_t count, file.read_at(offset, bytes.data(), bytes.size()));
  bytes.resize(count);
  return bytes;
}

// Whether the content up to the position is what it was.
inline bool has_tail(File& file, const Position& position) {
  Result<std::string> bytes = read_range(file, position.offset - position.tail.size, position.tail.size);
  return bytes.is_ok() && position.tail.fits(*bytes);
}

}  // namespace vigia::receivers
