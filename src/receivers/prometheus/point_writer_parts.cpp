// The part of point_writer.h about points that are made of several samples: histograms and summaries.

#include <algorithm>
#include <limits>

#include "otlp/metric_writer.h"
#include "prometheus/special_values.h"
#include "prometheus/value_text.h"
#include "receivers/prometheus/point_parts.h"
#include "receivers/prometheus/point_writer.h"

namespace vigia::receivers {

PointWriter::Samples PointWriter::gather_points(Samples samples) {
  // Mostly they stand together already: every point's hash begins only once.
  std::vector<std::pair<uint64_t, uint32_t>> begins;
  uint64_t last = 0;
  for (uint32_t i = 0; i < samples.size(); i++) {
    uint64_t point = point_of(samples[i]);
    if (i == 0 || point != last) begins.emplace_back(point, i);
    last = point;
  }
  std::sort(begins.begin(), begins.end());
  auto is_same = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(begins.begin(), begins.end(), is_same) == begins.end()) return samples;
  begins.erase(std::unique(begins.begin(), begins.end(), is_same), begins.end());
  auto first_of = [&](const Sample& sample) {
    return std::lower_bound(begins.begin(), begins.end(), std::pair(point_of(sample), uint32_t{0}))->second;
  };
  if (samples.data() != gathered_.data()) gathered_.assign(samples.begin(), samples.end());
  std::stable_sort(gathered_.begin(), gathered_.end(), [&](const Sample& a, const Sample& b) { return first_of(a) < first_of(b); });
  return gathered_;
}

void PointWriter::collect(Samples part, Parts& parts) const {
  parts.steps.clear();
  parts.has_sum = parts.has_count = parts.is_stale = false;
  parts.sum = parts.count = 0;
  bool is_rising = true;
  for (const Sample& sample : part) {
    const Series& series = table_.series_at(sample.series);
    parts.is_stale |= prometheus::is_stale(sample.value);
    if (series.role == SeriesRole::sum) {
      parts.sum = sample.value;
      parts.has_sum = true;
    } else if (series.role == SeriesRole::count) {
      parts.count = sample.value;
      parts.has_count = true;
    } else {
      is_rising &= parts.steps.empty() || parts.steps.back().first < series.boundary;
      parts.steps.emplace_back(series.boundary, sample.value);
    }
    if (!parts.has_count || series.role == SeriesRole::count) parts.time_ms = round_->time_ms_of(sample);
  }
  if (is_rising) return;
  std::stable_sort(parts.steps.begin(), parts.steps.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  // Of two with one boundary (relabelling can do that) the first counts.
  auto last = std::unique(parts.steps.begin(), parts.steps.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  parts.steps.erase(last, parts.steps.end());
}

void PointWriter::append_head(const Series& series, int64_t time_ms) {
  point_ = table_.attributes_of(series);
  if (uint64_t start_ns = start_of(series)) otlp::append_fixed64_field(point_, 2, start_ns);
  otlp::append_fixed64_field(point_, 3, ns_of(time_ms));
}

// What the buckets count: the values of the text are sums of all buckets up to theirs.
static char* put_bucket_counts(char* at, const std::vector<std::pair<double, double>>& steps, double all, bool is_stale) {
  *at++ = static_cast<char>(otlp::bytes_tag(6));
  at = otlp::put_varint(at, (steps.size() + 1) * 8);
  double before = 0;
  auto put_count = [&](double value) {
    uint64_t count = is_stale ? 0 : prometheus::to_count(value - before);
    std::memcpy(at, &count, 8);
    at += 8;
    before = value;
  };
  for (const auto& [boundary, value] : steps) put_count(value);
  put_count(all);
  return at;
}

static char* put_boundaries(char* at, const std::vector<std::pair<double, double>>& steps) {
  if (steps.empty()) return at;
  *at++ = static_cast<char>(otlp::bytes_tag(7));
  at = otlp::put_varint(at, steps.size() * 8);
  for (const auto& [boundary, value] : steps) {
    std::memcpy(at, &boundary, 8);
    at += 8;
  }
  return at;
}

void PointWriter::write_histogram(Samples part) {
  collect(part, parts_);
  bool has_infinity = !parts_.steps.empty() && parts_.steps.back().first == std::numeric_limits<double>::infinity();
  if (!parts_.has_count && !has_infinity) return;
  if (!parts_.has_count) parts_.count = parts_.steps.back().second;
  if (has_infinity) parts_.steps.pop_back();

  const Series& series = table_.series_at(part.front().series);
  std::string_view attributes = table_.attributes_of(series);
  uint64_t start_ns = start_of(series);
  size_t boundaries = parts_.steps.size();
  size_t size = attributes.size() + (start_ns ? 9 : 0) + 9 + (parts_.is_stale ? 2 : 9) + (!parts_.is_stale && parts_.has_sum ? 9 : 0);
  size += 1 + otlp::varint_size((boundaries + 1) * 8) + (boundaries + 1) * 8;
  if (boundaries > 0) size += 1 + otlp::varint_size(boundaries * 8) + boundaries * 8;
  for (const Sample& sample : part) size += round_->extra_of(sample).size();

  constexpr size_t head_bytes = 11;  // key and length
  char* begin = writer_.out().room(size + head_bytes);
  char* at = begin;
  *at++ = static_cast<char>(otlp::bytes_tag(1));
  at = otlp::put_varint(at, size);
  at = otlp::put_raw(at, attributes);
  if (start_ns) at = otlp::put_fixed64_field(at, 2, start_ns);
  at = otlp::put_fixed64_field(at, 3, ns_of(parts_.time_ms));
  if (parts_.is_stale) {
    *at++ = static_cast<char>(otlp::varint_tag(10));
    *at++ = static_cast<char>(otlp::no_recorded_value_flag);
  } else {
    at = otlp::put_fixed64_field(at, 4, prometheus::to_count(parts_.count));
    if (parts_.has_sum) at = otlp::put_double_field(at, 5, parts_.sum);
  }
  at = put_bucket_counts(at, parts_.steps, parts_.count, parts_.is_stale);
  at = put_boundaries(at, parts_.steps);
  for (const Sample& sample : part) at = otlp::put_raw(at, round_->extra_of(sample));
  writer_.out().advance(static_cast<size_t>(at - begin));
  point_count_++;
}

void PointWriter::write_summary(Samples part) {
  collect(part, parts_);
  if (!parts_.has_count) return;
  append_head(table_.series_at(part.front().series), parts_.time_ms);
  if (parts_.is_stale) {
    otlp::append_varint_field(point_, 8, otlp::no_recorded_value_flag);
  } else {
    otlp::append_fixed64_field(point_, 4, prometheus::to_count(parts_.count));
    if (parts_.has_sum) otlp::append_double_field(point_, 5, parts_.sum);
  }
  std::string quantile;
  for (const auto& [boundary, value] : parts_.steps) {
    quantile.clear();
    otlp::append_double_field(quantile, 1, boundary);
    if (!parts_.is_stale) otlp::append_double_field(quantile, 2, value);
    otlp::append_bytes_field(point_, 6, quantile);
  }
  otlp::append_bytes_field(writer_.out(), 1, point_);
  point_count_++;
}

}  // namespace vigia::receivers
