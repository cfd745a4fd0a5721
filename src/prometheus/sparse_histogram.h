#pragma once

// Exponential histograms of OTLP as native histograms of Prometheus, and explicit buckets as native histograms with custom ones.
//
// A native histogram has at most schema 8: finer buckets are joined by powers of two. Coarser ones than schema −4 do not exist there.
// Bucket i of OTLP is (base^i, base^(i+1)] and bucket i of Prometheus (base^(i−1), base^i].

#include <cstdint>
#include <span>
#include <vector>

#include "otlp/metric_view.h"

namespace vigia::prometheus {

// A gap from the end of the span before it, or the place of the first bucket, and how many buckets follow.
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;
  bool operator==(const BucketSpan&) const = default;
};

// The occupied buckets of one side: each count as the difference to the one before it.
struct SparseBuckets {
  std::vector<BucketSpan> spans;
  std::vector<int64_t> deltas;

  void clear() {
    spans.clear();
    deltas.clear();
  }
  // `index` is Prometheus'. REQUIRES: the indexes grow.
  void add(int64_t index, uint64_t count);

 private:
  int64_t next_index_ = 0;
  uint64_t last_count_ = 0;
};

constexpr int32_t custom_buckets_schema = -53;
constexpr int32_t finest_schema = 8;
constexpr int32_t coarsest_schema = -4;
// What counts as zero where the sender does not say.
constexpr double default_zero_threshold = 1e-128;

struct SparseHistogram {
  uint64_t count = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  uint64_t zero_count = 0;
  SparseBuckets positive;
  SparseBuckets negative;
  std::vector<double> custom_bounds;
  int64_t time_ms = 0;
  int64_t start_ms = 0;  // 0: unknown.

  void clear();
  // The marker that says that the series has ended.
  void make_stale();
};

// Bucket counts from OTLP's bucket `offset` on, joined by 2^shift. False when an index does not fit.
bool add_buckets(std::span<const uint64_t> counts, int32_t offset, int32_t shift, SparseBuckets& out);

// What an exponential histogram counts: of each side the counts from OTLP's bucket `offset` on.
struct ExponentialCounts {
  struct Side {
    int32_t offset = 0;
    std::span<const uint64_t> counts;
  };
  int32_t scale = 0;
  uint64_t count = 0;
  double sum = 0;
  uint64_t zero_count = 0;
  double zero_threshold = 0;
  Side positive;
  Side negative;
};

// Times are left alone. False when there is no such native histogram: a scale below −4, indexes out of range, buckets that do not add up to
// the count (a receiver refuses those, and all that came with them).
bool to_sparse(const ExponentialCounts& counts, SparseHistogram& out);
struct CountScratch {
  std::vector<uint64_t> positive;
  std::vector<uint64_t> negative;
};
bool to_sparse(const otlp::ExponentialHistogramPointView& point, CountScratch& scratch, SparseHistogram& out);
bool to_custom_buckets(const otlp::HistogramPointView& point, std::vector<uint64_t>& scratch, SparseHistogram& out);

}  // namespace vigia::prometheus
