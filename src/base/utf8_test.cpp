// The door's UTF-8: exactly the well-formed sequences of Unicode's table 3-7 pass, and a repaired text always passes.

#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vigia {
namespace {

// The obvious check: decode each code point and encode it again.
bool is_valid_by_decoding(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    auto byte = [&](size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U; };
    unsigned lead = byte(0);
    size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (size_t k = 1; k < length; k++) {
      if (byte(k) >> 6 != 2) return false;
      point = point << 6 | (byte(k) & 0x3F);
    }
    static constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    i += length;
  }
  return true;
}

TEST(Utf8, AgreesWithTheObviousCheckOnRandomBytes) {
  Random random(11);
  static constexpr std::string_view bytes = "a\x80\xBF\xC2\xC0\xE0\xA0\x9F\xED\xEF\xF0\x90\x8F\xF4\xF5\xFF\xC3\xA9";
  int valid = 0;
  for (int round = 0; round < 200'000; round++) {
    std::string text;
    for (size_t length = random.below(12); text.size() < length;) text += bytes[random.below(bytes.size())];
    ASSERT_EQ(is_valid_utf8(text), is_valid_by_decoding(text)) << testing::PrintToString(text);
    valid += is_valid_utf8(text) ? 1 : 0;
    std::string repaired = repair_utf8(text);
    ASSERT_TRUE(is_valid_utf8(repaired));
    if (is_valid_utf8(text)) {
      ASSERT_EQ(repaired, text);
    }
  }
  EXPECT_GT(valid, 1000);
}

TEST(Utf8, RepairsLikeUnicodeRecommends) {
  EXPECT_EQ(repair_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(repair_utf8("\xE2\x82"), "\xEF\xBF\xBD") << "the beginning of one character is one mistake";
  EXPECT_EQ(repair_utf8("\xF0\x80\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

// Every character is written as it is read, and nothing else is.
TEST(Utf8, WritesEveryCharacter) {
  for (uint32_t character = 0; character <= 0x110001; character++) {
    bool is_character = character <= 0x10FFFF && (character < 0xD800 || character > 0xDFFF);
    std::string text;
    append_utf8(text, character);
    ASSERT_TRUE(is_valid_utf8(text)) << character;
    ASSERT_EQ(text == "\xEF\xBF\xBD", !is_character || character == 0xFFFD) << character;
  }
  std::string text;
  for (uint32_t character : {0x41u, 0xF1u, 0x20ACu, 0x1F600u}) append_utf8(text, character);
  EXPECT_EQ(text, "A\xC3\xB1\xE2\x82\xAC\xF0\x9F\x98\x80");
}

}  // namespace
}  // namespace vigia
