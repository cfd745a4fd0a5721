// Scenario: exponential histograms of every scale, with holes, negative and damaged sides.
// Guarantee: no observation changes its bucket; the layout says what a slow, obvious reading of the rules says.

#include "prometheus/sparse_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/random.h"

namespace vigia::prometheus {
namespace {

// {bucket: count} of the occupied ones, and every filled one is counted by the way.
std::map<int64_t, uint64_t> expanded(const SparseBuckets& buckets) {
  std::map<int64_t, uint64_t> counts;
  int64_t index = 0;
  int64_t count = 0;
  size_t next = 0;
  for (const BucketSpan& span : buckets.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; i++) {
      count += buckets.deltas.at(next++);
      if (count != 0) counts[index] = static_cast<uint64_t>(count);
      index++;
    }
  }
  EXPECT_EQ(next, buckets.deltas.size());
  return counts;
}

std::map<int64_t, uint64_t> slowly(const std::vector<uint64_t>& counts, int32_t offset, int32_t shift) {
  std::map<int64_t, uint64_t> result;
  for (size_t i = 0; i < counts.size(); i++) {
    if (counts[i] == 0) continue;
    auto index = static_cast<int64_t>(std::floor((static_cast<double>(offset) + static_cast<double>(i)) / std::pow(2.0, shift))) + 1;
    result[index] += counts[i];
  }
  return result;
}

TEST(SparseHistogram, layout) {
  SparseBuckets buckets;
  ASSERT_TRUE(add_buckets(std::vector<uint64_t>{3, 0, 0, 1, 0, 0, 0, 2}, -1, 0, buckets));
  // A gap of two is filled, one of three begins a new span.
  EXPECT_EQ(buckets.spans, (std::vector<BucketSpan>{{0, 4}, {3, 1}}));
  EXPECT_EQ(buckets.deltas, (std::vector<int64_t>{3, -3, 0, 1, 1}));
}

TEST(SparseHistogram, against_the_obvious) {
  Random random(7);
  for (int round = 0; round < 2000; round++) {
    std::vector<uint64_t> counts(random.below(60));
    for (uint64_t& count : counts) count = random.below(3) == 0 ? random.below(1000) : 0;
    auto offset = static_cast<int32_t>(random.below(400)) - 200;
    auto shift = static_cast<int32_t>(random.below(6));
    SparseBuckets buckets;
    ASSERT_TRUE(add_buckets(counts, offset, shift, buckets));
    EXPECT_EQ(expanded(buckets), slowly(counts, offset, shift)) << "offset " << offset << " shift " << shift;
  }
}

TEST(SparseHistogram, indexes_at_the_ends) {
  SparseBuckets buckets;
  EXPECT_TRUE(add_buckets(std::vector<uint64_t>{1, 1}, std::numeric_limits<int32_t>::min(), 31, buckets));
  EXPECT_EQ(expanded(buckets), (std::map<int64_t, uint64_t>{{0, 2}}));
  buckets.clear();
  EXPECT_FALSE(add_buckets(std::vector<uint64_t>{1}, std::numeric_limits<int32_t>::max(), 0, buckets));
}

TEST(SparseHistogram, what_does_not_add_up_is_none) {
  std::vector<uint64_t> counts = {1, 2};
  ExponentialCounts good{3, 4, 9, 1, 0.5, {0, counts}, {}};
  SparseHistogram histogram;
  ASSERT_TRUE(to_sparse(good, histogram));
  EXPECT_EQ(histogram.zero_threshold, 0.5);
  auto is_refused = [](const ExponentialCounts& bad) {
    SparseHistogram out;
    return !to_sparse(bad, out);
  };
  ExponentialCounts bad = good;
  bad.count = 3;
  EXPECT_TRUE(is_refused(bad));
  bad.count = 5;
  EXPECT_TRUE(is_refused(bad));
  bad.sum = std::nan("");
  EXPECT_FALSE(is_refused(bad)) << "what is no number is counted and in no bucket";
  bad = good;
  std::vector<uint64_t> huge = {~uint64_t{0}, ~uint64_t{0}};
  bad.positive.counts = huge;
  EXPECT_TRUE(is_refused(bad)) << "the sum must not wrap";
}

TEST(SparseHistogram, finer_scales_are_joined) {
  std::vector<uint64_t> counts(16, 1);
  SparseHistogram histogram;
  ASSERT_TRUE(to_sparse({12, 16, 1, 0, 0, {0, counts}, {}}, histogram));
  EXPECT_EQ(histogram.schema, finest_schema);
  EXPECT_EQ(expanded(histogram.positive), (std::map<int64_t, uint64_t>{{1, 16}}));
  EXPECT_EQ(histogram.zero_threshold, default_zero_threshold);
}

}  // namespace
}  // namespace vigia::prometheus
