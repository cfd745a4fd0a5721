#include "prometheus/sparse_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "prometheus/special_values.h"

namespace vigia::prometheus {

namespace {

// So many empty buckets cost less than a new span.
constexpr int64_t most_filled_gap = 2;

bool fits(int64_t index) { return index >= std::numeric_limits<int32_t>::min() && index <= std::numeric_limits<int32_t>::max(); }

bool is_sum_of(uint64_t total, std::span<const uint64_t> counts, uint64_t& sum) {
  for (uint64_t count : counts) {
    if (count > total - sum) return false;
    sum += count;
  }
  return true;
}

}  // namespace

void SparseBuckets::add(int64_t index, uint64_t count) {
  if (count == 0) return;
  auto append = [&](uint64_t value) {
    deltas.push_back(static_cast<int64_t>(value - last_count_));
    last_count_ = value;
    spans.back().length++;
  };
  if (spans.empty()) last_count_ = 0;
  int64_t gap = spans.empty() ? index : index - next_index_;
  if (spans.empty() || gap > most_filled_gap)
    spans.push_back({static_cast<int32_t>(gap), 0});
  else
    for (; gap > 0; gap--) append(0);
  append(count);
  next_index_ = index + 1;
}

void SparseHistogram::clear() {
  *this = {.positive = std::move(positive), .negative = std::move(negative), .custom_bounds = std::move(custom_bounds)};
  positive.clear();
  negative.clear();
  custom_bounds.clear();
}

void SparseHistogram::make_stale() {
  int32_t kept_schema = schema;
  int64_t kept_time_ms = time_ms;
  clear();
  schema = kept_schema;
  time_ms = kept_time_ms;
  sum = stale_value();
}

bool add_buckets(std::span<const uint64_t> counts, int32_t offset, int32_t shift, SparseBuckets& out) {
  int64_t index = 0;
  uint64_t count = 0;
  for (size_t i = 0; i < counts.size(); i++) {
    int64_t next = ((static_cast<int64_t>(i) + offset) >> shift) + 1;
    if (!fits(next)) return false;
    if (next != index) {
      out.add(index, count);
      count = 0;
      index = next;
    }
    count += counts[i];
  }
  out.add(index, count);
  return true;
}

bool to_sparse(const ExponentialCounts& counts, SparseHistogram& out) {
  // There are 31 bits of an index: more cannot be joined.
  if (counts.scale < coarsest_schema || counts.scale > finest_schema + 31) return false;
  out.schema = std::min(counts.scale, finest_schema);
  out.count = counts.count;
  out.sum = counts.sum;
  out.zero_count = counts.zero_count;
  out.zero_threshold = counts.zero_threshold != 0 ? counts.zero_threshold : default_zero_threshold;
  uint64_t total = out.zero_count;
  if (total > out.count) return false;
  auto add_side = [&](const ExponentialCounts::Side& side, SparseBuckets& buckets) {
    return is_sum_of(out.count, side.counts, total) && add_buckets(side.counts, side.offset, counts.scale - out.schema, buckets);
  };
  if (!add_side(counts.positive, out.positive) || !add_side(counts.negative, out.negative)) return false;
  // What is no number is counted, and is in no bucket.
  return total == out.count || std::isnan(out.sum);
}

bool to_sparse(const otlp::ExponentialHistogramPointView& point, CountScratch& scratch, SparseHistogram& out) {
  auto read = [](const otlp::BucketsView& buckets, std::vector<uint64_t>& counts) {
    counts.clear();
    buckets.for_each_count([&](uint64_t count) { counts.push_back(count); });
    return ExponentialCounts::Side{buckets.offset(), counts};
  };
  return to_sparse({point.scale(), point.count(), point.sum().value_or(0), point.zero_count(), point.zero_threshold(),
                    read(point.positive(), scratch.positive), read(point.negative(), scratch.negative)},
                   out);
}

bool to_custom_buckets(const otlp::HistogramPointView& point, std::vector<uint64_t>& scratch, SparseHistogram& out) {
  out.schema = custom_buckets_schema;
  out.count = point.count();
  out.sum = point.sum().value_or(0);
  point.for_each_bound([&](double bound) {
    if (bound < std::numeric_limits<double>::infinity()) out.custom_bounds.push_back(bound);
  });
  if (!std::is_sorted(out.custom_bounds.begin(), out.custom_bounds.end(), std::less_equal<>())) return false;
  scratch.clear();
  point.for_each_bucket_count([&](uint64_t count) { scratch.push_back(count); });
  scratch.resize(out.custom_bounds.size() + 1);
  uint64_t total = 0;
  if (!is_sum_of(out.count, scratch, total)) return false;
  scratch.back() += out.count - total;  // What no bucket counts lies beyond the last bound.
  for (size_t i = 0; i < scratch.size(); i++) out.positive.add(static_cast<int64_t>(i), scratch[i]);
  return true;
}

}  // namespace vigia::prometheus
