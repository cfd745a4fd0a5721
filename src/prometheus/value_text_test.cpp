// Numbers and durations in the notations of Prometheus.

#include "prometheus/value_text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "prometheus/duration.h"
#include "prometheus/unit_words.h"

namespace vigia::prometheus {

namespace {

TEST(ValueText, ReadsWhatGoReadsWithoutHexAndUnderscores) {
  struct Case {
    std::string_view text;
    std::optional<double> value;
  };
  const Case cases[] = {
      {"0", 0.0},
      {"123456789012345", 123456789012345.0},
      {"1234567890123456789", 1234567890123456789.0},
      {"+1", 1.0},
      {"-1", -1.0},
      {".5", 0.5},
      {"5.", 5.0},
      {"1e3", 1000.0},
      {"1E+3", 1000.0},
      {"1e-3", 0.001},
      {"-0", -0.0},
      {"1e-999", 0.0},
      {"0.000e5", 0.0},
      {"0.0000000001e-320", 0.0},
      {"1e999", std::nullopt},
      {"-1e999", std::nullopt},
      {"", std::nullopt},
      {"+", std::nullopt},
      {"--1", std::nullopt},
      {"+-1", std::nullopt},
      {"1x", std::nullopt},
      {"0x10", std::nullopt},
      {"0x1p-2", std::nullopt},
      {"1_000", std::nullopt},
      {"1e", std::nullopt},
      {"e5", std::nullopt},
      {"nan(1)", std::nullopt},
      {"+nan", std::nullopt},
      {"infin", std::nullopt},
      {" 1", std::nullopt},
      {".", std::nullopt},
      {"1e99999999999999999999", std::nullopt},
      {"1e-99999999999999999999", 0.0},
      {"Inf", INFINITY},
      {"-infinity", -INFINITY},
      {"+INF", INFINITY},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(parse_value(one.text), one.value) << one.text;
  }
  EXPECT_TRUE(std::isnan(parse_value("NaN").value_or(0)));
}

TEST(ValueText, CountsAreCutToWholeNumbers) {
  EXPECT_EQ(to_count(2.9), 2U);
  EXPECT_EQ(to_count(-1), 0U);
  EXPECT_EQ(to_count(NAN), 0U);
  EXPECT_EQ(to_count(1e300), UINT64_MAX);
  EXPECT_EQ(to_count(INFINITY), UINT64_MAX);
}

TEST(Duration, GoesBothWays) {
  struct Case {
    std::string_view text;
    std::optional<int64_t> ms;
  };
  const Case cases[] = {{"15s", 15'000},
                        {"1m30s", 90'000},
                        {"1h", 3'600'000},
                        {"1d", 86'400'000},
                        {"1w", 604'800'000},
                        {"500ms", 500},
                        {"1s500ms", 1500},
                        {"0", 0},
                        {"", std::nullopt},
                        {"15", std::nullopt},
                        {"s", std::nullopt},
                        {"1s1m", std::nullopt},
                        {"1.5s", std::nullopt},
                        {"-1s", std::nullopt},
                        {"1s1s", std::nullopt},
                        {"1us", std::nullopt},
                        {"4294967295y", std::nullopt},
                        {"9999999999s", std::nullopt}};
  for (const Case& one : cases) EXPECT_EQ(parse_duration_ms(one.text), one.ms) << one.text;
  for (std::string_view text : {"15s", "1m30s", "1h", "1d", "1w", "500ms", "1s500ms", "1d1h", "2m", "8d"})
    EXPECT_EQ(format_duration(*parse_duration_ms(text)), text);
  EXPECT_EQ(format_duration(0), "0s");
}

TEST(UnitWords, BecomeUcum) {
  EXPECT_EQ(ucum_unit("seconds"), "s");
  EXPECT_EQ(ucum_unit("bytes_per_second"), "By/s");
  EXPECT_EQ(ucum_unit("widgets"), "widgets");
  EXPECT_EQ(ucum_unit("widgets_per_"), "widgets");
  EXPECT_EQ(ucum_unit("ratio"), "1");
  EXPECT_EQ(ucum_unit(""), "");
}

}  // namespace

}  // namespace vigia::prometheus
