// The part of point_writer.h that goes through the samples of a scrape, metric by metric, and writes those that are a point each.

#include <algorithm>

#include "otlp/metric_writer.h"
#include "prometheus/special_values.h"
#include "receivers/prometheus/point_parts.h"
#include "receivers/prometheus/point_writer.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;

constexpr std::string_view default_start_time_metric = "process_start_time_seconds";

}  // namespace

void PointWriter::begin(const ScrapeRound& round) {
  round_ = &round;
  if (settings_.uses_start_time_metric) find_start_time();
  // Metrics go by their place, the samples of one metric in the order of the text.
  const std::vector<uint32_t> order = table_.metric_order();
  std::vector<uint32_t> ranks(order.size());
  for (uint32_t i = 0; i < order.size(); i++) ranks[order[i]] = i;
  auto is_before = [&](const SampleRun& a, const SampleRun& b) { return ranks[a.metric] < ranks[b.metric]; };
  runs_ = round.runs();
  if (!std::is_sorted(runs_.begin(), runs_.end(), is_before)) std::stable_sort(runs_.begin(), runs_.end(), is_before);
  next_run_ = 0;
  left_ = {};
  samples_left_ = round.samples().size();
  make_room();
}

bool PointWriter::write_slice() {
  for (;;) {
    if (left_.empty()) {
      if (next_run_ == runs_.size()) return false;
      take_metric();
      continue;
    }
    open_metric(current_metric_);
    const MetricEntry& metric = table_.metrics()[current_metric_];
    while (!left_.empty() && writer_.size() < slice_bytes) {
      size_t count = write_point(left_, metric);
      left_ = left_.subspan(count);
      samples_left_ -= count;
    }
    close_metric();
    if (writer_.size() < slice_bytes) continue;
    cut();
    make_room();
    return true;
  }
}

// All samples of the next metric, mostly where they stand.
void PointWriter::take_metric() {
  const Samples samples(round_->samples());
  const SampleRun first = runs_[next_run_++];
  current_metric_ = first.metric;
  left_ = samples.subspan(first.begin, first.end - first.begin);
  if (next_run_ < runs_.size() && runs_[next_run_].metric == current_metric_) {
    gathered_.assign(left_.begin(), left_.end());
    for (; next_run_ < runs_.size() && runs_[next_run_].metric == current_metric_; next_run_++)
      gathered_.insert(gathered_.end(), samples.begin() + runs_[next_run_].begin, samples.begin() + runs_[next_run_].end);
    left_ = gathered_;
  }
  SeriesRole role = table_.series_at(left_.front().series).role;
  MetricKind kind = table_.metrics()[current_metric_].kind;
  if (role == SeriesRole::target_info || role == SeriesRole::scope_info) {
    samples_left_ -= left_.size();
    left_ = {};
  } else if (kind == MetricKind::histogram || kind == MetricKind::summary) {
    left_ = gather_points(left_);
  }
}

size_t PointWriter::write_point(Samples samples, const MetricEntry& metric) {
  const Sample& first = samples.front();
  if (metric.kind == MetricKind::gauge || metric.kind == MetricKind::sum) {
    write_number(first, metric);
    return 1;
  }
  if (metric.kind == MetricKind::exponential_histogram) {
    write_native(first);
    return 1;
  }
  uint64_t point = point_of(first);
  size_t count = 1;
  while (count < samples.size() && point_of(samples[count]) == point) count++;
  if (metric.kind == MetricKind::histogram)
    write_histogram(samples.first(count));
  else
    write_summary(samples.first(count));
  return count;
}

void PointWriter::find_start_time() {
  process_start_ns_ = 0;
  std::vector<bool> is_start_time;
  for (const MetricEntry& metric : table_.metrics())
    is_start_time.push_back(settings_.start_time_metric ? settings_.start_time_metric->is_found_in(metric.name)
                                                        : metric.name == default_start_time_metric);
  for (const Sample& sample : round_->samples()) {
    const Series& series = table_.series_at(sample.series);
    if (series.role != SeriesRole::value || !is_start_time[series.metric] || !(sample.value > 0 && sample.value < 9e9)) continue;
    process_start_ns_ = static_cast<uint64_t>(sample.value * 1000) * 1'000'000;
    return;
  }
}

uint64_t PointWriter::start_of(const Series& series) const {
  const std::vector<Created>& created = round_->created();
  if (created.empty()) return process_start_ns_;
  auto wanted = std::pair(series.metric, series.point);
  auto found = std::lower_bound(created.begin(), created.end(), wanted,
                                [](const Created& one, const auto& other) { return std::pair(one.metric, one.point) < other; });
  bool is_found = found != created.end() && found->metric == series.metric && found->point == series.point;
  return is_found ? found->ns : process_start_ns_;
}

// Most points of all are written here, so that the size comes first and nothing is looked at twice.
void PointWriter::write_number(const Sample& sample, const MetricEntry& metric) {
  const Series& series = table_.series_at(sample.series);
  if (series.is_twin) return;
  bool is_gone = prometheus::is_stale(sample.value);
  uint64_t start_ns = metric.is_monotonic ? start_of(series) : 0;
  std::string_view attributes = table_.attributes_of(series);
  std::string_view exemplars = round_->extra_of(sample);
  size_t size = attributes.size() + exemplars.size() + (start_ns ? 9 : 0) + 9 + (is_gone ? 2 : 9);
  constexpr size_t head_bytes = 11;  // key and length
  char* begin = writer_.out().room(size + head_bytes);
  char* at = begin;
  *at++ = static_cast<char>(otlp::bytes_tag(1));
  at = otlp::put_varint(at, size);
  if (start_ns) at = otlp::put_fixed64_field(at, 2, start_ns);
  at = otlp::put_fixed64_field(at, 3, ns_of(round_->time_ms_of(sample)));
  if (is_gone) {
    *at++ = static_cast<char>(otlp::varint_tag(8));
    *at++ = static_cast<char>(otlp::no_recorded_value_flag);
  } else {
    at = otlp::put_double_field(at, 4, sample.value);
  }
  at = otlp::put_raw(at, attributes);
  at = otlp::put_raw(at, exemplars);
  writer_.out().advance(static_cast<size_t>(at - begin));
  point_count_++;
}

void PointWriter::write_native(const Sample& sample) {
  append_head(table_.series_at(sample.series), round_->time_ms_of(sample));
  if (prometheus::is_stale(sample.value))
    otlp::append_varint_field(point_, 10, otlp::no_recorded_value_flag);
  else
    point_ += round_->extra_of(sample);
  otlp::append_bytes_field(writer_.out(), 1, point_);
  point_count_++;
}

}  // namespace vigia::receivers
