// Scenario: values and bounds of every size. Guarantee: the text that Go's programs write, since labels are made of it.

#include "prometheus/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace vigia::prometheus {
namespace {

std::string text(void (*append)(std::string&, double), double value) {
  std::string out;
  append(out, value);
  return out;
}

TEST(NumberText, shortest) {
  EXPECT_EQ(text(append_number, 0), "0");
  EXPECT_EQ(text(append_number, -0.0), "-0");
  EXPECT_EQ(text(append_number, 12), "12");
  EXPECT_EQ(text(append_number, -3), "-3");
  EXPECT_EQ(text(append_number, 0.25), "0.25");
  EXPECT_EQ(text(append_number, 0.0001), "0.0001");
  EXPECT_EQ(text(append_number, 0.00001), "1e-05");
  EXPECT_EQ(text(append_number, 999999), "999999");
  EXPECT_EQ(text(append_number, 1e6), "1e+06");
  EXPECT_EQ(text(append_number, 1234567.5), "1.2345675e+06");
  EXPECT_EQ(text(append_number, 1e300), "1e+300");
  EXPECT_EQ(text(append_number, std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(text(append_number, -std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(text(append_number, std::nan("")), "NaN");
}

TEST(NumberText, with_a_point) {
  EXPECT_EQ(text(append_number_with_point, 10), "10.0");
  EXPECT_EQ(text(append_number_with_point, 0.5), "0.5");
  EXPECT_EQ(text(append_number_with_point, 1e6), "1e+06");
  EXPECT_EQ(text(append_number_with_point, std::numeric_limits<double>::infinity()), "+Inf");
}

TEST(NumberText, without_an_exponent) {
  EXPECT_EQ(text(append_fixed_number, 1e6), "1000000");
  EXPECT_EQ(text(append_fixed_number, 0.00001), "0.00001");
  EXPECT_EQ(text(append_fixed_number, 1e22), "10000000000000000000000");
  EXPECT_EQ(text(append_fixed_number, -1.5e20), "-150000000000000000000");
  EXPECT_EQ(text(append_fixed_number, 2.5), "2.5");
}

}  // namespace
}  // namespace vigia::prometheus
