// Scenario: text of any encoding, cut at newlines or patterns, with entries that are too long. Guarantee: the entries are the Collector's, and
// nothing is lost between them.

#include "receivers/filelog/splitter.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "base/random.h"

namespace vigia::receivers {
namespace {

using Entries = std::vector<std::string>;

// All entries; what is left without an end is the last one, marked with "…".
Entries split_all(const SplitterConfig& config, const std::string& text, bool is_end = false) {
  Splitter splitter(config);
  Entries entries;
  Piece piece;
  std::string_view rest = text;
  bool skips = false;
  while (splitter.next(rest, is_end, piece)) {
    EXPECT_GT(piece.consumed, 0U);
    EXPECT_LE(piece.raw.size(), config.max_log_size);
    if (!std::exchange(skips, piece.is_cut)) {
      std::string decoded;
      if (config.encoding.is_plain())
        decoded = std::string(piece.raw);
      else
        config.encoding.decode(piece.raw, decoded);
      entries.push_back(decoded);
    }
    rest.remove_prefix(piece.consumed);
  }
  if (!rest.empty()) entries.push_back(std::string(rest) + "…");
  return entries;
}

SplitterConfig config_with(const std::string& encoding, uint64_t most = 1000) {
  SplitterConfig config;
  config.encoding = TextEncoding::by_name(encoding).value();
  config.max_log_size = most;
  return config;
}
SplitterConfig by_start(const std::string& pattern, bool omits = false, const std::string& encoding = "utf-8") {
  SplitterConfig config = config_with(encoding);
  config.line_start = std::move(Regex::compile("(?m)" + pattern).value());
  config.omits_pattern = omits;
  return config;
}
SplitterConfig by_end(const std::string& pattern, bool omits = false, const std::string& encoding = "utf-8") {
  SplitterConfig config = config_with(encoding);
  config.line_end = std::move(Regex::compile("(?m)" + pattern).value());
  config.omits_pattern = omits;
  return config;
}

std::string utf16(const std::string& ascii, bool is_little) {
  std::string wide;
  for (char c : ascii) wide += is_little ? std::string{c, '\0'} : std::string{'\0', c};
  return wide;
}

TEST(SplitterTest, Newlines) {
  EXPECT_EQ(split_all(config_with("utf-8"), "a\nb\r\n\nc"), (Entries{"a", "b", "", "c…"}));
  EXPECT_EQ(split_all(config_with("utf-8"), "a\nb", true), (Entries{"a", "b"}));
}

TEST(SplitterTest, TooLongIsSplit) {
  EXPECT_EQ(split_all(config_with("utf-8", 4), "abcdefghij\nxy\n"), (Entries{"abcd", "efgh", "ij", "xy"}));
  // Not within a character.
  EXPECT_EQ(split_all(config_with("utf-8", 4), "abc\u00e9fg\n"), (Entries{"abc", "\u00e9fg"}));
  EXPECT_EQ(split_all(config_with("utf-8", 4), "abcdef"), (Entries{"abcd", "ef…"}));
  EXPECT_EQ(split_all(config_with("utf-8", 4), "\x80\x80\x80\x80\x80\x80\n"), (Entries{"\x80\x80\x80\x80", "\x80\x80"}));
}

TEST(SplitterTest, TooLongIsTruncated) {
  SplitterConfig config = config_with("utf-8", 4);
  config.truncates = true;
  EXPECT_EQ(split_all(config, "abcdefghij\nxy\n"), (Entries{"abcd", "xy"}));
  EXPECT_EQ(split_all(config, "abcdefghijklmnopqrstuvw"), (Entries{"abcd", "uvw…"}));
}

TEST(SplitterTest, Patterns) {
  std::string text = "LOG 1\n more\nLOG 2\nLOG 3\n more\n";
  EXPECT_EQ(split_all(by_start("^LOG \\d"), text), (Entries{"LOG 1\n more\n", "LOG 2\n", "LOG 3\n more\n…"}));
  EXPECT_EQ(split_all(by_start("^LOG \\d"), text, true), (Entries{"LOG 1\n more\n", "LOG 2\n", "LOG 3\n more\n"}));
  EXPECT_EQ(split_all(by_start("^LOG \\d", true), text, true), (Entries{"\n more\n", "\n", "\n more\n"}));
  EXPECT_EQ(split_all(by_start("^LOG \\d"), "before\nLOG 1\nLOG 2\n", true), (Entries{"before\n", "LOG 1\n", "LOG 2\n"}));
  EXPECT_EQ(split_all(by_end(";\\n"), "a\nb;\nc;\nd"), (Entries{"a\nb;\n", "c;\n", "d…"}));
  EXPECT_EQ(split_all(by_end(";\\n", true), "a\nb;\nc;\nd"), (Entries{"a\nb", "c", "d…"}));
}

TEST(SplitterTest, PatternsThatMatchNothingEndToo) {
  EXPECT_EQ(split_all(by_start("^"), "a\nb\n", true), (Entries{"a\n", "b\n"}));
  EXPECT_EQ(split_all(by_end("x*"), "ab", true).size(), 2U);
}

TEST(SplitterTest, WideEncodings) {
  for (bool is_little : {true, false}) {
    std::string name = is_little ? "utf-16le" : "utf-16be";
    EXPECT_EQ(split_all(config_with(name), utf16("ab\r\nc\n", is_little)), (Entries{"ab", "c"}));
    EXPECT_EQ(split_all(by_start("^LOG", false, name), utf16("LOG 1\nx\nLOG 2\n", is_little), true), (Entries{"LOG 1\nx\n", "LOG 2\n"}));
    EXPECT_EQ(split_all(by_end(";", true, name), utf16("a;b;", is_little), true), (Entries{"a", "b"}));
    EXPECT_EQ(split_all(config_with(name, 4), utf16("abcde\n", is_little)), (Entries{"ab", "cd", "e"}));
  }
  // U+0A41 has a byte that looks like a newline.
  EXPECT_EQ(split_all(config_with("utf-16le"), std::string("\x41\x0A\x0A\x00", 4)), (Entries{"\u0A41"}));
}

TEST(SplitterTest, OtherEncodings) {
  EXPECT_EQ(split_all(config_with("latin1"), "caf\xE9\n"), (Entries{"caf\u00e9"}));
  EXPECT_EQ(split_all(by_end("\u00e9", true, "latin1"), "caf\xE9 th\xE9", true), (Entries{"caf", " th"}));
  if (!TextEncoding::by_name("big5").is_ok()) GTEST_SKIP() << "the C library has no tables here";
  EXPECT_EQ(split_all(config_with("big5"), "\xA4\xA4\xA4\xE5\n"), (Entries{"\u4e2d\u6587"}));
  EXPECT_EQ(split_all(config_with("big5"), "\xFF\n"), (Entries{"\uFFFD"}));
}

TEST(SplitterTest, NopHasNoLines) {
  EXPECT_EQ(split_all(config_with("nop", 4), "ab\ncdef", true), (Entries{"ab\nc", "def"}));
  EXPECT_EQ(split_all(config_with("nop", 40), "ab\ncdef", false), (Entries{"ab\ncdef…"}));
}

TEST(SplitterTest, UnknownEncodingsAreTold) {
  EXPECT_FALSE(TextEncoding::by_name("no-such-thing").is_ok());
  EXPECT_FALSE(TextEncoding::by_name("utf-32").is_ok());
}

// Whatever the bytes are: it comes to an end, and together the pieces take all of it.
TEST(SplitterTest, AnyBytes) {
  for (uint64_t seed = 1; seed < 400; seed++) {
    Random random(seed);
    std::string text;
    for (size_t i = random.below(200); i > 0; i--) text += static_cast<char>(random.below(4) == 0 ? '\n' : random.below(256));
    static constexpr std::array<const char*, 5> names = {"utf-8", "utf-16le", "utf-16be", "latin1", "nop"};
    std::string name = names[random.below(names.size())];
    SplitterConfig config = config_with(name, 4 + random.below(30));
    if (name != "nop" && random.below(2) == 0) config = by_start("a|\\n", random.below(2) == 0, name);
    config.truncates = random.below(2) == 0;
    Entries entries = split_all(config, text, true);
    EXPECT_TRUE(entries.empty() || !entries.back().ends_with("…")) << seed;
  }
}

}  // namespace
}  // namespace vigia::receivers
