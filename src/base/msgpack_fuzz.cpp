// Scenario: any bytes, whole and in pieces.
// Guarantee: no read outside; the scanner, fed piece by piece, agrees with a slow walk by the reader about where the first value ends.

#include "base/msgpack.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace vigia::msgpack {
namespace {

// Walks one value by recursion; false when it is broken or cut short.
bool walk(Reader& reader, size_t level) {
  Value value;
  if (level > max_levels || !reader.next(value)) return false;
  uint64_t children = value.kind == Kind::map ? uint64_t{2} * value.count : value.kind == Kind::array ? value.count : 0;
  for (uint64_t i = 0; i < children; i++)
    if (!walk(reader, level + 1)) return false;
  return true;
}

}  // namespace
}  // namespace vigia::msgpack

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::msgpack;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Scanner scanner;
  Scanner::State state = Scanner::State::incomplete;
  for (size_t seen = 0; state == Scanner::State::incomplete && seen < size;) {
    seen = std::min(size, seen + 1 + static_cast<unsigned char>(bytes[seen]) % 5);
    state = scanner.advance(bytes.substr(0, seen), size);
  }
  Reader reader(bytes);
  bool is_whole = walk(reader, 0);
  // The last level holds lists without elements only for the walk, so one level of difference is let pass.
  if (state == Scanner::State::complete) {
    CHECK(is_whole);
    CHECK(size - reader.rest().size() == scanner.size());
    CHECK(Reader(bytes).skip().size() == scanner.size());
  } else {
    CHECK(Reader(bytes).skip().empty());
  }
  return 0;
}
