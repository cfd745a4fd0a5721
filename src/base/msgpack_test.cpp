// Scenario: values as the specification of MessagePack writes them, cut at every byte, and bytes that lie about what follows.
// Guarantee: each is read as what it is; a value's end is found whatever pieces it comes in; no lie is believed.

#include "base/msgpack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace vigia::msgpack {
namespace {

using namespace std::string_literals;
using State = Scanner::State;

Value read_one(const std::string& bytes) {
  Reader reader(bytes);
  Value value;
  EXPECT_TRUE(reader.next(value));
  EXPECT_TRUE(reader.ok());
  return value;
}

TEST(MsgpackReader, Integers) {
  struct Case {
    std::string bytes;
    int64_t expected;
  };
  const std::vector<Case> cases = {
      {"\x00"s, 0},
      {"\x7f"s, 127},
      {"\xff"s, -1},
      {"\xe0"s, -32},
      {"\xcc\xff"s, 255},
      {"\xcd\x01\x00"s, 256},
      {"\xce\xff\xff\xff\xff"s, 4294967295},
      {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"s, INT64_MAX},
      {"\xd0\x80"s, -128},
      {"\xd1\x80\x00"s, -32768},
      {"\xd2\xff\xff\xff\xfe"s, -2},
      {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s, INT64_MIN},
  };
  for (const Case& one : cases) {
    Value value = read_one(one.bytes);
    EXPECT_EQ(value.kind, Kind::integer);
    EXPECT_EQ(value.integer, one.expected);
  }
  Value large = read_one("\xcf\x80\x00\x00\x00\x00\x00\x00\x01"s);
  EXPECT_EQ(large.kind, Kind::unsigned_integer);
  EXPECT_EQ(static_cast<uint64_t>(large.integer), 0x8000000000000001U);
}

TEST(MsgpackReader, OtherScalars) {
  EXPECT_EQ(read_one("\xc0"s).kind, Kind::nil);
  EXPECT_TRUE(read_one("\xc3"s).boolean);
  EXPECT_FALSE(read_one("\xc2"s).boolean);
  EXPECT_EQ(read_one("\xca\x3f\xc0\x00\x00"s).number, 1.5);
  EXPECT_EQ(read_one("\xcb\xbf\xf0\x00\x00\x00\x00\x00\x00"s).number, -1.0);
  EXPECT_TRUE(std::isnan(read_one("\xca\x7f\xc0\x00\x00"s).number));
}

TEST(MsgpackReader, TextsAndExtensionsOfEveryWidth) {
  for (size_t size : {size_t{0}, size_t{31}, size_t{32}, size_t{255}, size_t{256}, size_t{65535}, size_t{65536}}) {
    std::string text(size, 'x');
    std::string as_string, as_binary;
    append_string(as_string, text);
    append_binary(as_binary, text);
    EXPECT_EQ(read_one(as_string).bytes, text);
    EXPECT_EQ(read_one(as_string).kind, Kind::string);
    EXPECT_EQ(read_one(as_binary).bytes, text);
    EXPECT_EQ(read_one(as_binary).kind, Kind::binary);
  }
  // A value views the bytes that it was read from.
  const std::string fixed_bytes = "\xd7\x00\x00\x00\x00\x01\x00\x00\x00\x02"s;
  Value fixed = read_one(fixed_bytes);
  EXPECT_EQ(fixed.kind, Kind::extension);
  EXPECT_EQ(fixed.extension_type, 0);
  EXPECT_EQ(fixed.bytes, "\x00\x00\x00\x01\x00\x00\x00\x02"s);
  const std::string variable_bytes =
      "\xc7\x03\xff"
      "abc"s;
  Value variable = read_one(variable_bytes);
  EXPECT_EQ(variable.extension_type, -1);
  EXPECT_EQ(variable.bytes, "abc");
  EXPECT_EQ(read_one("\xc8\x00\x01\x05z"s).bytes, "z");
  EXPECT_EQ(read_one("\xc9\x00\x00\x00\x01\x05z"s).bytes, "z");
}

TEST(MsgpackReader, ListsTellHowMuchFollows) {
  EXPECT_EQ(read_one("\x93\x01\x02\x03"s).count, 3U);
  EXPECT_EQ(read_one("\xdc\x00\x01\x01"s).count, 1U);
  EXPECT_EQ(read_one("\xdd\x00\x00\x00\x01\x01"s).count, 1U);
  EXPECT_EQ(read_one("\x81\x01\x02"s).count, 1U);
  EXPECT_EQ(read_one("\xde\x00\x01\x01\x02"s).count, 1U);
  EXPECT_EQ(read_one("\xdf\x00\x00\x00\x01\x01\x02"s).count, 1U);
}

TEST(MsgpackReader, BelievesNoLength) {
  for (const std::string& lie : {"\xc1"s,
                                 "\xdb\xff\xff\xff\xff"
                                 "abc"s,
                                 "\xdd\xff\xff\xff\xff\x01"s, "\xdf\x00\x00\x00\x02\x01\x02\x03"s, "\xc9\x7f\xff\xff\xff\x00"s, "\xcd\x01"s,
                                 "\xa3"
                                 "ab"s,
                                 "\x91"s, "\xd4\x01"s}) {
    Reader reader(lie);
    Value value;
    EXPECT_FALSE(reader.next(value));
    EXPECT_FALSE(reader.ok());
    EXPECT_TRUE(Reader(lie).skip().empty());
  }
}

// A value of every kind in lists of every kind.
std::string everything() {
  std::string out = "\x82"s;
  append_string(out, std::string(300, 'k'));
  out += "\x95\xc0\xc3\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\x2a\xd8"s + std::string(17, 'e');
  append_string(out, "map");
  out += "\xde\x00\x01"s;
  append_binary(out, "key");
  out += "\x90"s;
  return out;
}

TEST(MsgpackScanner, FindsTheEndInWhateverPieces) {
  std::string value = everything();
  std::string followed = value + "\xc1 what is not MessagePack";
  for (size_t step = 1; step <= value.size(); step++) {
    Scanner scanner;
    size_t seen = 0;
    State state = State::incomplete;
    while (state == State::incomplete) {
      ASSERT_LT(seen, value.size());
      seen = std::min(seen + step, followed.size());
      state = scanner.advance(std::string_view(followed).substr(0, seen), 10'000);
    }
    EXPECT_EQ(state, State::complete);
    EXPECT_EQ(scanner.size(), value.size());
  }
}

TEST(MsgpackScanner, RefusesWhatSaysThatItIsTooLargeAtOnce) {
  for (const std::string& lie : {"\xdb\xff\xff\xff\xff"s, "\xdd\x00\x10\x00\x00"s, "\xdf\x00\x08\x00\x00"s, "\xc6\x00\x10\x00\x00"s}) {
    Scanner scanner;
    EXPECT_EQ(scanner.advance(lie, 1 << 20), State::broken);
    EXPECT_EQ(scanner.error(), "a value that is too large");
  }
  Scanner fits;
  EXPECT_EQ(fits.advance("\xc6\x00\x0f\xff\xfb"s, 1 << 20), State::incomplete);
}

TEST(MsgpackScanner, LimitsHowDeepListsNest) {
  auto nested = [](size_t levels) { return std::string(levels, '\x91') + "\xc0"; };
  Scanner deep, too_deep;
  EXPECT_EQ(deep.advance(nested(max_levels), 1000), State::complete);
  EXPECT_EQ(too_deep.advance(nested(max_levels + 1), 1000), State::broken);
  EXPECT_EQ(too_deep.error(), "arrays and maps that nest too deep");
}

TEST(MsgpackScanner, GoesOnBehindAValue) {
  std::string two = everything() + "\x07";
  Scanner scanner;
  ASSERT_EQ(scanner.advance(two, 10'000), State::complete);
  std::string_view rest = std::string_view(two).substr(scanner.size());
  scanner.reset();
  EXPECT_EQ(scanner.advance(rest, 10'000), State::complete);
  EXPECT_EQ(scanner.size(), 1U);
}

TEST(MsgpackReader, SkipTakesAWholeValue) {
  std::string two = everything() + "\x07";
  Reader reader(two);
  EXPECT_EQ(reader.skip(), everything());
  Value value;
  ASSERT_TRUE(reader.next(value));
  EXPECT_EQ(value.integer, 7);
  EXPECT_TRUE(reader.at_end());
  EXPECT_TRUE(reader.skip().empty());
  EXPECT_TRUE(reader.ok());
}

}  // namespace
}  // namespace vigia::msgpack
