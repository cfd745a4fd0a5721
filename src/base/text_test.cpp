// Texts that people write into configurations, read and written as Go does.

#include "base/text.h"

#include <gtest/gtest.h>

namespace vigia {
namespace {

TEST(Text, DurationsAreReadAsGoReadsThem) {
  EXPECT_EQ(parse_duration_ns("0"), 0);
  EXPECT_EQ(parse_duration_ns("200ms"), 200'000'000);
  EXPECT_EQ(parse_duration_ns("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(parse_duration_ns("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_duration_ns("-2s"), -2'000'000'000);
  EXPECT_EQ(parse_duration_ns("3us"), 3'000);
  EXPECT_EQ(parse_duration_ns("3µs"), 3'000);
  for (const char* wrong : {"", "5", "s", "1x", "1s2", "--1s", "1 s", "1e3s", "9999999h"}) EXPECT_FALSE(parse_duration_ns(wrong)) << wrong;
}

TEST(Text, DurationsAreWrittenAsGoWritesThem) {
  EXPECT_EQ(format_duration_ns(0), "0s");
  EXPECT_EQ(format_duration_ns(1'500), "1.5µs");
  EXPECT_EQ(format_duration_ns(200'000'000), "200ms");
  EXPECT_EQ(format_duration_ns(5'400'000'000'000), "1h30m0s");
  EXPECT_EQ(format_duration_ns(-90'000'000'000), "-1m30s");
}

TEST(Text, NearestWordFindsSlipsAndNothingFarAway) {
  std::vector<std::string> known = {"timeout", "send_batch_size", "send_batch_max_size"};
  EXPECT_EQ(nearest_word("timeot", known), "timeout");
  EXPECT_EQ(nearest_word("send_batchsize", known), "send_batch_size");
  EXPECT_EQ(nearest_word("elephant", known), "");
}

TEST(Text, Base64GoesBothWays) {
  for (std::string bytes : {"", "f", "fo", "foo", "foob", "\xff\xfe\x00\x01"}) EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(from_base64("Zm9vYg"), "foob");
  EXPECT_EQ(from_base64("-_-_"), from_base64("+/+/"));
  EXPECT_FALSE(from_base64("Zm9v!"));
  EXPECT_FALSE(from_base64("Z"));
}

TEST(Text, PercentSignsNeedTwoDigits) {
  EXPECT_EQ(percent_decoded("p%40ss%2fw"), "p@ss/w");
  EXPECT_EQ(percent_decoded("plain+text"), "plain+text");
  for (const char* bad : {"%", "%4", "a%4", "%4g", "%%40"}) EXPECT_FALSE(percent_decoded(bad)) << bad;
}

TEST(Text, NumbersAreWholeOrNothing) {
  EXPECT_EQ(parse_int("-12"), -12);
  EXPECT_FALSE(parse_int("12a"));
  EXPECT_FALSE(parse_int(""));
  EXPECT_EQ(parse_double("2.5"), 2.5);
  EXPECT_FALSE(parse_double("2.5.1"));
}

}  // namespace
}  // namespace vigia
