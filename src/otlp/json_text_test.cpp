// Scenario: numbers and strings as JSON writes them, ordinary and at the edges of their types.
// Guarantee: what is read is exactly the value or nothing, and what is written is what the Collector writes.

#include "otlp/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace vigia::otlp {

namespace {

std::optional<int64_t> read_int(std::string_view text) {
  std::optional<WholeNumber> number = parse_whole_number(text);
  return number ? number->as_signed(INT64_MIN, INT64_MAX) : std::nullopt;
}

std::optional<uint64_t> read_uint(std::string_view text) {
  std::optional<WholeNumber> number = parse_whole_number(text);
  return number ? number->as_unsigned(UINT64_MAX) : std::nullopt;
}

std::string written(double value) {
  MemoryLedger ledger;
  Appender out(ledger);
  append_json_real(out, value);
  return std::string(out.view());
}

std::string written(std::string_view text) {
  MemoryLedger ledger;
  Appender out(ledger);
  append_json_string(out, text);
  return std::string(out.view());
}

}  // namespace

TEST(JsonNumber, WholeNumbersInEveryNotation) {
  EXPECT_EQ(read_int("0"), 0);
  EXPECT_EQ(read_int("-0"), 0);
  EXPECT_EQ(read_int("-17"), -17);
  EXPECT_EQ(read_int("1.0"), 1);
  EXPECT_EQ(read_int("1e3"), 1000);
  EXPECT_EQ(read_int("1.5E1"), 15);
  EXPECT_EQ(read_int("1500e-2"), 15);
  EXPECT_EQ(read_int("0.0015e+4"), 15);
  EXPECT_EQ(read_int("0e999999999999"), 0);
  EXPECT_EQ(read_int("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(read_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(read_uint("18446744073709551615"), UINT64_MAX);
  // A double would make 9007199254740992 of this.
  EXPECT_EQ(read_int("9007199254740993"), 9007199254740993);
}

TEST(JsonNumber, WhatIsNotAWholeNumberOf64BitsIsRefused) {
  for (std::string_view text :
       {"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x10", "1 ", " 1", "1a", "--1", "NaN", "Infinity", "1_000"})
    EXPECT_EQ(parse_whole_number(text).has_value(), false) << text;
  for (std::string_view text :
       {"0.5", "1.5", "15e-1", "1e-1000000000", "1e20", "1e1000000000", "18446744073709551616", "1e99999999999999999999"})
    EXPECT_EQ(parse_whole_number(text).has_value(), false) << text;
  EXPECT_EQ(read_int("9223372036854775808"), std::nullopt);
  EXPECT_EQ(read_int("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(read_uint("-1"), std::nullopt);
}

TEST(JsonNumber, Reals) {
  EXPECT_EQ(parse_real_number("0.1"), 0.1);
  EXPECT_EQ(parse_real_number("-2.5e-3"), -0.0025);
  EXPECT_EQ(parse_real_number("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(parse_real_number("5e-324"), 5e-324);
  EXPECT_EQ(parse_real_number("1e-400"), 0.0);
  EXPECT_EQ(parse_real_number("0." + std::string(400, '0') + "1"), 0.0);
  EXPECT_EQ(parse_real_number("0e999"), 0.0);
  EXPECT_TRUE(std::signbit(*parse_real_number("-0")));
  for (std::string_view text : {"1e400", "-1e400", "0.0001e400", "inf", "nan", "NaN", "0x1p3", "1.", ".5", "+1", "", "1f"})
    EXPECT_EQ(parse_real_number(text), std::nullopt) << text;
  EXPECT_EQ(parse_real_number("1" + std::string(400, '0')), std::nullopt);
}

TEST(JsonNumber, RealsAreWrittenAsTheCollectorDoes) {
  EXPECT_EQ(written(0.0), "0");
  EXPECT_EQ(written(-0.0), "-0");
  EXPECT_EQ(written(1.0), "1");
  EXPECT_EQ(written(-17.25), "-17.25");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(0.000001), "0.000001");
  EXPECT_EQ(written(0.00000099), "9.9e-07");
  EXPECT_EQ(written(1e20), "100000000000000000000");
  EXPECT_EQ(written(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(written(1e21), "1e+21");
  EXPECT_EQ(written(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(written(std::nan("")), "\"NaN\"");
  EXPECT_EQ(written(HUGE_VAL), "\"Infinity\"");
  EXPECT_EQ(written(-HUGE_VAL), "\"-Infinity\"");
}

TEST(JsonString, Escapes) {
  EXPECT_EQ(written(std::string_view("a\"b\\c/\n\r\t\b\0\x7f", 12)), R"("a\"b\\c/\n\r\t\u0008\u0000)"
                                                                     "\x7f\"");
  EXPECT_EQ(written("añ日🚀"), "\"añ日🚀\"");
  std::string out;
  EXPECT_EQ(append_unescaped(out, R"(\"\\\/\b\f\n\r\tA\u00e9\u65E5\uD83D\uDE80)"), 0u);
  EXPECT_EQ(out, "\"\\/\b\f\n\r\tAé日🚀");
}

TEST(JsonString, HalfSurrogatePairsBecomeReplacementCharacters) {
  std::string out;
  EXPECT_EQ(append_unescaped(out, R"(a\ud83d)"), 1u);
  EXPECT_EQ(append_unescaped(out, R"(\ud83dx\ude80)"), 2u);
  EXPECT_EQ(append_unescaped(out, R"(\ud83d\u0041)"), 1u);
  EXPECT_EQ(append_unescaped(out, R"(\ud83d\ud83d\ude80)"), 1u);
  EXPECT_EQ(out,
            "a\xEF\xBF\xBD\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD"
            "A\xEF\xBF\xBD🚀");
}

TEST(JsonString, MalformedEscapesAreRefused) {
  for (std::string_view text : {R"(\)", R"(\x)", R"(\u)", R"(\u12)", R"(\u12g4)", R"(\ud83d\u12)"}) {
    std::string out;
    EXPECT_EQ(append_unescaped(out, text), std::nullopt) << text;
  }
}

}  // namespace vigia::otlp
