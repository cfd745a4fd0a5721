// Latencies are counted in buckets. Whatever is recorded, a quantile lies within 3 % of the true one.

#include "app/load/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace vigia::app {
namespace {

TEST(LatencyCountsTest, QuantilesAreNearTheTrueOnes) {
  Random random(7);
  LatencyCounts counts;
  std::vector<int64_t> values;
  for (int i = 0; i < 20'000; i++) {
    auto ns = static_cast<int64_t>(random.exponential(3e6)) + 1;
    if (i % 100 == 0) ns *= 1000;
    counts.record(ns);
    values.push_back(ns);
  }
  std::sort(values.begin(), values.end());
  for (double fraction : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    auto exact = static_cast<double>(values[static_cast<size_t>(fraction * static_cast<double>(values.size()))]);
    EXPECT_NEAR(static_cast<double>(counts.quantile_ns(fraction)), exact, exact * 0.03 + 1) << fraction;
  }
  EXPECT_EQ(counts.max_ns(), values.back());
  EXPECT_EQ(counts.count(), values.size());
}

TEST(LatencyCountsTest, EdgesAndSums) {
  LatencyCounts none;
  EXPECT_EQ(none.quantile_ns(0.5), 0);
  LatencyCounts counts;
  counts.record(-5);  // a clock that was turned back
  counts.record(INT64_MAX);
  EXPECT_EQ(counts.quantile_ns(0), 0);
  EXPECT_EQ(counts.max_ns(), INT64_MAX);
  LatencyCounts sum;
  sum.record(1000);
  sum.add(counts);
  EXPECT_EQ(sum.count(), 3u);
  EXPECT_NEAR(static_cast<double>(sum.quantile_ns(0.5)), 1000, 30);
}

}  // namespace
}  // namespace vigia::app
