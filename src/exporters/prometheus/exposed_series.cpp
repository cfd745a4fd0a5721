#include "exporters/prometheus/exposed_series.h"

#include <algorithm>
#include <limits>

#include "base/hash.h"

namespace vigia::exporters {

namespace {

using otlp::MetricKind;

constexpr int32_t delta = 1;
// One list of buckets; two histograms that would need a longer one are made coarser first.
constexpr int64_t most_buckets = 4096;
constexpr int32_t coarsest_scale = prometheus::coarsest_schema;
// As many as a client's library shows at one time.
constexpr size_t most_exemplars = 64;

bool is_set(std::string_view id) {
  return std::any_of(id.begin(), id.end(), [](char c) { return c != 0; });
}

}  // namespace

// --- Exponential buckets ---

void BucketSide::read(const otlp::BucketsView& view) {
  offset = view.offset();
  counts.clear();
  view.for_each_count([&](uint64_t count) { counts.push_back(count); });
}

void BucketSide::coarsen(int32_t shift) {
  if (counts.empty() || shift <= 0) return;
  int64_t first = static_cast<int64_t>(offset) >> shift;
  for (size_t i = 0; i < counts.size(); i++) {
    auto to = static_cast<size_t>(((static_cast<int64_t>(i) + offset) >> shift) - first);
    uint64_t count = std::exchange(counts[i], 0);
    counts[to] += count;
  }
  counts.resize(static_cast<size_t>(((static_cast<int64_t>(counts.size()) - 1 + offset) >> shift) - first) + 1);
  offset = static_cast<int32_t>(first);
}

bool BucketSide::may_add(const BucketSide& other) const {
  if (counts.empty() || other.counts.empty()) return true;
  auto end = [](const BucketSide& side) { return static_cast<int64_t>(side.offset) + static_cast<int64_t>(side.counts.size()); };
  int64_t longest = std::max(static_cast<int64_t>(std::max(counts.size(), other.counts.size())), most_buckets);
  return std::max(end(*this), end(other)) - std::min(offset, other.offset) <= longest;
}

void BucketSide::add(const BucketSide& other) {
  if (other.counts.empty()) return;
  if (counts.empty()) {
    *this = other;
    return;
  }
  if (other.offset < offset) {
    counts.insert(counts.begin(), static_cast<size_t>(static_cast<int64_t>(offset) - other.offset), 0);
    offset = other.offset;
  }
  auto shift = static_cast<size_t>(static_cast<int64_t>(other.offset) - offset);
  counts.resize(std::max(counts.size(), shift + other.counts.size()));
  for (size_t i = 0; i < other.counts.size(); i++) counts[shift + i] += other.counts[i];
}

void ExponentialBuckets::read(const otlp::ExponentialHistogramPointView& point) {
  scale = point.scale();
  zero_count = point.zero_count();
  zero_threshold = point.zero_threshold();
  positive.read(point.positive());
  negative.read(point.negative());
}

void ExponentialBuckets::coarsen_to(int32_t coarser_scale) {
  // Beyond 31 everything is in one bucket on each side of 1.
  int32_t shift = static_cast<int32_t>(std::min<int64_t>(static_cast<int64_t>(scale) - coarser_scale, 31));
  positive.coarsen(shift);
  negative.coarsen(shift);
  scale = coarser_scale;
}

bool ExponentialBuckets::add(ExponentialBuckets& other) {
  int32_t common = std::min(scale, other.scale);
  coarsen_to(common);
  other.coarsen_to(common);
  auto may_add = [&] { return positive.may_add(other.positive) && negative.may_add(other.negative); };
  while (!may_add() && common > coarsest_scale) {
    coarsen_to(--common);
    other.coarsen_to(common);
  }
  if (!may_add()) return false;
  zero_count += other.zero_count;
  zero_threshold = std::max(zero_threshold, other.zero_threshold);
  positive.add(other.positive);
  negative.add(other.negative);
  return true;
}

// --- Points ---

SeriesDetail& ExposedSeries::need_detail() {
  if (!detail_) detail_ = std::make_unique<SeriesDetail>();
  return *detail_;
}

ExposedSeries::Way ExposedSeries::way_of(const prometheus::Family& family, const otlp::DataPointView& point) const {
  if (time_ns_ == 0) return Way::replace;
  uint64_t time_ns = point.time_unix_ns();
  uint64_t start_ns = point.start_time_unix_ns();
  if (family.temporality != delta) return time_ns < time_ns_ ? Way::ignore : Way::replace;
  if (start_ns == time_ns_) return Way::add;
  bool is_sum = family.kind == MetricKind::sum;
  bool is_too_old = is_sum ? time_ns < time_ns_ : start_ns <= time_ns_;
  return is_too_old ? Way::ignore : Way::replace;
}

Outcome ExposedSeries::update(const prometheus::Family& family, std::string_view message) {
  otlp::DataPointView point(message, family.kind);
  Way way = way_of(family, point);
  if (way == Way::ignore) return Outcome::too_old;
  bool is_added = way == Way::add;
  switch (family.kind) {
    case MetricKind::gauge:
    case MetricKind::sum:
      take_number(otlp::NumberPointView(message, family.kind), is_added, family.is_monotonic);
      break;
    case MetricKind::histogram:
      take_histogram(otlp::HistogramPointView(message), is_added);
      break;
    case MetricKind::exponential_histogram:
      take_exponential(otlp::ExponentialHistogramPointView(message), is_added);
      break;
    case MetricKind::summary:
      take_summary(otlp::SummaryPointView(message));
      break;
    case MetricKind::none:
      break;
  }
  time_ns_ = point.time_unix_ns();
  if (!is_added) start_ns_ = point.start_time_unix_ns();
  return Outcome::taken;
}

void ExposedSeries::take_number(const otlp::NumberPointView& point, bool is_added, bool has_exemplars) {
  double value = point.value().as_double();
  value_ = is_added ? value_ + value : value;
  if (has_exemplars) take_exemplars(point.exemplars(), 1);
}

void ExposedSeries::take_histogram(const otlp::HistogramPointView& point, bool is_added) {
  SeriesDetail& detail = need_detail();
  std::vector<double> bounds;
  point.for_each_bound([&](double bound) { bounds.push_back(bound); });
  std::vector<uint64_t> counts;
  point.for_each_bucket_count([&](uint64_t count) { counts.push_back(count); });
  counts.resize(bounds.size() + 1);
  is_added = is_added && bounds == detail.bounds;
  if (is_added)
    for (size_t i = 0; i < counts.size(); i++) counts[i] += detail.counts[i];
  detail.count = (is_added ? detail.count : 0) + point.count();
  detail.sum = (is_added ? detail.sum : 0) + point.sum().value_or(0);
  detail.bounds = std::move(bounds);
  detail.counts = std::move(counts);
  take_exemplars(point.exemplars(), most_exemplars);
}

void ExposedSeries::take_exponential(const otlp::ExponentialHistogramPointView& point, bool is_added) {
  SeriesDetail& detail = need_detail();
  ExponentialBuckets buckets;
  buckets.read(point);
  is_added = is_added && detail.exponential && detail.exponential->add(buckets);
  if (!is_added) detail.exponential = std::move(buckets);
  detail.count = (is_added ? detail.count : 0) + point.count();
  detail.sum = (is_added ? detail.sum : 0) + point.sum().value_or(0);
  take_exemplars(point.exemplars(), most_exemplars);
}

void ExposedSeries::take_summary(const otlp::SummaryPointView& point) {
  SeriesDetail& detail = need_detail();
  detail.count = point.count();
  detail.sum = point.sum();
  detail.quantiles.clear();
  for (std::string_view message : point.quantiles()) {
    otlp::QuantileView view(message);
    detail.quantiles.emplace_back(view.quantile(), view.value());
  }
  std::sort(detail.quantiles.begin(), detail.quantiles.end());
}

// The last ones.
void ExposedSeries::take_exemplars(const otlp::RepeatedMessages& exemplars, size_t most) {
  if (exemplars.empty()) {
    if (detail_) detail_->exemplars.clear();
    return;
  }
  std::vector<KeptExemplar>& kept = need_detail().exemplars;
  kept.clear();
  size_t skipped = exemplars.count() - std::min(exemplars.count(), most);
  for (std::string_view message : exemplars) {
    if (skipped > 0) {
      skipped--;
      continue;
    }
    otlp::ExemplarView exemplar(message);
    KeptExemplar& one = kept.emplace_back();
    if (is_set(exemplar.trace_id())) one.trace_id = to_hex(exemplar.trace_id());
    if (is_set(exemplar.span_id())) one.span_id = to_hex(exemplar.span_id());
    one.value = exemplar.value().as_double();
    one.time_ns = exemplar.time_unix_ns();
  }
}

}  // namespace vigia::exporters
