// Scenario: texts of attributes that are to become floats.
// Guarantee: what Go's ParseFloat reads is read, with the same value, and nothing else.

#include "ottl/number_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vigia::ottl {

namespace {

TEST(ParseFloat, ReadsWhatGoReads) {
  EXPECT_EQ(parse_float("4.5"), 4.5);
  EXPECT_EQ(parse_float("+5"), 5);
  EXPECT_EQ(parse_float("-.5"), -0.5);
  EXPECT_EQ(parse_float("5."), 5);
  EXPECT_EQ(parse_float("1e3"), 1000);
  EXPECT_EQ(parse_float("1_000"), 1000);
  EXPECT_EQ(parse_float("0x1p-2"), 0.25);
  EXPECT_EQ(parse_float("0X_1.8p1"), 3);
  EXPECT_EQ(parse_float("1e-400"), 0);
  EXPECT_EQ(parse_float("5e-324"), 5e-324);
  EXPECT_EQ(parse_float("-Infinity"), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(parse_float("NaN").value_or(0)));
}

TEST(ParseFloat, RefusesWhatGoRefuses) {
  for (std::string_view text :
       {"", "+", "+-5", " 1", "1 ", "0x10", "0x", "1_", "_1", "1__0", "1_.5", "1e400", "-nan", "nan(1)", "in", "1e", "."})
    EXPECT_FALSE(parse_float(text)) << text;
}

}  // namespace

}  // namespace vigia::ottl
