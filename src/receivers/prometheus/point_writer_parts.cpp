// The part of point_writer.h about points that are made of several samples: histograms and summaries.

#include <algorithm>
#include <limits>

#include "otlp/metric_writer.h"
#include "prometheus/special_values.h"
#include "prometheus/value_text.h"
#include "receivers/prometheus/point_writer.h"

namespace vigia::receivers {

void PointWriter::gather_points(Order order) {
  auto point_of = [&](uint32_t sample) { return table_.series_at(round_->samples()[sample].series).point; };
  // Mostly they stand together already: every point's hash begins only once.
  std::vector<std::pair<uint64_t, uint32_t>> begins;
  for (uint32_t i = 0; i < order.size(); i++)
    if (i == 0 || point_of(order[i]) != point_of(order[i - 1])) begins.emplace_back(point_of(order[i]), i);
  std::sort(begins.begin(), begins.end());
  auto is_same = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(begins.begin(), begins.end(), is_same) == begins.end()) return;
  begins.erase(std::unique(begins.begin(), begins.end(), is_same), begins.end());
  auto first_of = [&](uint32_t sample) {
    return std::lower_bound(begins.begin(), begins.end(), std::pair(point_of(sample), uint32_t{0}))->second;
  };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return first_of(a) < first_of(b); });
}

void PointWriter::collect(Order part, Parts& parts) const {
  parts.steps.clear();
  parts.has_sum = parts.has_count = parts.is_stale = false;
  parts.sum = parts.count = 0;
  for (uint32_t index : part) {
    const Sample& sample = round_->samples()[index];
    const Series& series = table_.series_at(sample.series);
    parts.is_stale |= prometheus::is_stale(sample.value);
    if (series.role == SeriesRole::sum) {
      parts.sum = sample.value;
      parts.has_sum = true;
    } else if (series.role == SeriesRole::count) {
      parts.count = sample.value;
      parts.has_count = true;
    } else {
      parts.steps.emplace_back(series.boundary, sample.value);
    }
    if (!parts.has_count || series.role == SeriesRole::count) parts.time_ms = sample.time_ms;
  }
  auto is_before = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(parts.steps.begin(), parts.steps.end(), is_before))
    std::stable_sort(parts.steps.begin(), parts.steps.end(), is_before);
  // Of two with one boundary (relabelling can do that) the first counts.
  auto last = std::unique(parts.steps.begin(), parts.steps.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  parts.steps.erase(last, parts.steps.end());
}

void PointWriter::write_histogram(Order part) {
  collect(part, parts_);
  bool has_infinity = !parts_.steps.empty() && parts_.steps.back().first == std::numeric_limits<double>::infinity();
  if (!parts_.has_count && !has_infinity) return;
  if (!parts_.has_count) parts_.count = parts_.steps.back().second;
  if (has_infinity) parts_.steps.pop_back();
  append_head(table_.series_at(round_->samples()[part.front()].series), parts_.time_ms);
  if (parts_.is_stale) {
    otlp::append_varint_field(point_, 10, otlp::no_recorded_value_flag);
  } else {
    otlp::append_fixed64_field(point_, 4, prometheus::to_count(parts_.count));
    if (parts_.has_sum) otlp::append_double_field(point_, 5, parts_.sum);
  }
  otlp::append_varint(point_, otlp::bytes_tag(6));
  otlp::append_varint(point_, (parts_.steps.size() + 1) * 8);
  double before = 0;
  auto append_count = [&](double value) {
    uint64_t count = parts_.is_stale ? 0 : prometheus::to_count(value - before);
    point_.append(reinterpret_cast<const char*>(&count), 8);
    before = value;
  };
  for (const auto& [boundary, value] : parts_.steps) append_count(value);
  append_count(parts_.count);
  if (!parts_.steps.empty()) {
    otlp::append_varint(point_, otlp::bytes_tag(7));
    otlp::append_varint(point_, parts_.steps.size() * 8);
    for (const auto& [boundary, value] : parts_.steps) point_.append(reinterpret_cast<const char*>(&boundary), 8);
  }
  for (uint32_t index : part) point_ += round_->extra_of(round_->samples()[index]);
  otlp::append_bytes_field(writer_.out(), 1, point_);
  point_count_++;
}

void PointWriter::write_summary(Order part) {
  collect(part, parts_);
  if (!parts_.has_count) return;
  append_head(table_.series_at(round_->samples()[part.front()].series), parts_.time_ms);
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
