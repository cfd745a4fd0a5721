#pragma once

// Reading MessagePack from bytes that anybody may have sent: nothing is believed that does not stand in the bytes, and nothing is
// copied. And writing the little that answers need.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigia::msgpack {

enum class Kind : uint8_t {
  nil,
  boolean,
  integer,           // Fits an int64_t.
  unsigned_integer,  // Is larger.
  number,            // float32 or float64.
  string,
  binary,
  array,
  map,
  extension,
};

// One value; of an array or a map only its beginning, its elements follow.
struct Value {
  Kind kind = Kind::nil;
  bool boolean = false;
  int8_t extension_type = 0;
  uint32_t count = 0;   // Of an array its elements, of a map its pairs.
  int64_t integer = 0;  // Also what an unsigned_integer is, as its bits.
  double number = 0;
  std::string_view bytes;  // Of a string, a binary or an extension.

  bool is_text() const { return kind == Kind::string || kind == Kind::binary; }
};

// A walk through values one behind the other.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // False at the end, and where bytes are missing or mean nothing (then ok() is false). An array or map that claims more elements than
  // there are bytes is refused here.
  bool next(Value& value);
  // Takes one value with all that is in it, and gives its bytes. Empty as next() is false. REQUIRES: nothing nests deeper than
  // max_levels, or the bytes have been through a Scanner; deeper ones are refused.
  std::string_view skip();

  bool ok() const { return is_ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  bool fail();

  std::string_view rest_;
  bool is_ok_ = true;
};

// How deep arrays and maps may nest for a Scanner and for Reader::skip().
constexpr size_t max_levels = 100;

// Finds where a value ends in bytes that come piece by piece. Every byte is looked at once, and the memory it takes is fixed.
class Scanner {
 public:
  enum class State : uint8_t { complete, incomplete, broken };

  // `bytes`: all of the value that is there, from its first byte on; more may follow it. A value that will be larger than `max_bytes`
  // is broken as soon as it says so.
  State advance(std::string_view bytes, size_t max_bytes);
  // REQUIRES: complete.
  size_t size() const { return position_; }
  // Why it is broken.
  std::string_view error() const { return error_; }
  // For the next value.
  void reset() {
    position_ = depth_ = 0;
    promised_ = 0;
    is_begun_ = false;
    error_ = {};
  }

 private:
  State fail(std::string_view why) {
    error_ = why;
    return State::broken;
  }
  // Goes into an array or map, or past a value. False when it nests too deep.
  bool step(uint64_t children);

  size_t position_ = 0;  // The beginning of what has not been looked at; beyond the bytes within a long string.
  size_t depth_ = 0;
  std::array<uint64_t, max_levels> open_;  // For the first depth_ arrays and maps, which are open: how many values are to come.
  uint64_t promised_ = 0;                  // The sum of those; each takes a byte at least.
  bool is_begun_ = false;
  std::string_view error_;
};

// The beginning of an array or map: its elements are appended next. REQUIRES: count < 16.
void append_array(std::string& out, size_t count);
void append_map(std::string& out, size_t count);
void append_boolean(std::string& out, bool value);
// REQUIRES: shorter than 4 GiB.
void append_string(std::string& out, std::string_view text);
void append_binary(std::string& out, std::string_view bytes);

}  // namespace vigia::msgpack
