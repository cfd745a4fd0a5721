#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "exporters/debug/detailed_internal.h"
#include "otlp/metric_view.h"

namespace vigia::exporters {

namespace {

using otlp::MetricKind;

std::string_view metric_kind_name(MetricKind kind) {
  static constexpr std::array<std::string_view, 6> names = {"Empty", "Gauge", "Sum", "Histogram", "ExponentialHistogram", "Summary"};
  return names[static_cast<size_t>(kind)];
}

std::string_view temporality_name(int32_t temporality) {
  static constexpr std::array<std::string_view, 3> names = {"Unspecified", "Delta", "Cumulative"};
  return temporality >= 0 && static_cast<size_t>(temporality) < names.size() ? names[static_cast<size_t>(temporality)] : "";
}

void append_number(DetailedText& out, std::string_view indent, const otlp::NumberView& value) {
  if (value.kind == otlp::NumberView::Kind::integer) out.line("{}Value: {}", indent, value.integer);
  if (value.kind == otlp::NumberView::Kind::real) out.line("{}Value: {}", indent, fixed_text(value.real));
}

void append_exemplars(DetailedText& out, const otlp::RepeatedMessages& exemplars) {
  if (exemplars.empty()) return;
  out.line("Exemplars:");
  size_t index = 0;
  for (std::string_view message : exemplars) {
    otlp::ExemplarView exemplar(message);
    out.line("Exemplar #{}", index++);
    out.line("     -> Trace ID: {}", to_hex(exemplar.trace_id()));
    out.line("     -> Span ID: {}", to_hex(exemplar.span_id()));
    out.line("     -> Timestamp: {}", time_text(exemplar.time_unix_ns()));
    append_number(out, "     -> ", exemplar.value());
    out.attributes("     -> FilteredAttributes", exemplar.filtered_attributes(), "     ");
  }
}

void append_point_head(DetailedText& out, std::string_view title, size_t index, const otlp::DataPointView& point) {
  out.line("{} #{}", title, index);
  out.attributes("Data point attributes", point.attributes());
  out.line("StartTimestamp: {}", time_text(point.start_time_unix_ns()));
  out.line("Timestamp: {}", time_text(point.time_unix_ns()));
}

void append_number_point(DetailedText& out, size_t index, const otlp::NumberPointView& point) {
  append_point_head(out, "NumberDataPoints", index, point);
  append_number(out, "", point.value());
  append_exemplars(out, point.exemplars());
}

template <typename Point>
void append_summary_of(DetailedText& out, const Point& point) {
  out.line("Count: {}", point.count());
  if (point.sum()) out.line("Sum: {}", fixed_text(*point.sum()));
  if (point.min()) out.line("Min: {}", fixed_text(*point.min()));
  if (point.max()) out.line("Max: {}", fixed_text(*point.max()));
}

void append_histogram_point(DetailedText& out, size_t index, const otlp::HistogramPointView& point) {
  append_point_head(out, "HistogramDataPoints", index, point);
  append_summary_of(out, point);
  size_t bound_index = 0;
  point.for_each_bound([&](double bound) { out.line("ExplicitBounds #{}: {}", bound_index++, fixed_text(bound)); });
  size_t bucket_index = 0;
  point.for_each_bucket_count([&](uint64_t count) { out.line("Buckets #{}, Count: {}", bucket_index++, count); });
  append_exemplars(out, point.exemplars());
}

std::vector<uint64_t> counts_of(const otlp::BucketsView& buckets) {
  std::vector<uint64_t> counts;
  buckets.for_each_count([&](uint64_t count) { counts.push_back(count); });
  return counts;
}

void append_exponential_point(DetailedText& out, size_t index, const otlp::ExponentialHistogramPointView& point) {
  append_point_head(out, "ExponentialHistogramDataPoints", index, point);
  append_summary_of(out, point);
  double factor = std::ldexp(std::log(2.0), -point.scale());
  auto bound = [&](int32_t offset, size_t position) {
    return std::exp((static_cast<double>(offset) + static_cast<double>(position)) * factor);
  };
  std::vector<uint64_t> negative = counts_of(point.negative());
  for (size_t i = negative.size(); i-- > 0;)
    out.line("Bucket [{}, {}), Count: {}", fixed_text(-bound(point.negative().offset(), i + 1)),
             fixed_text(-bound(point.negative().offset(), i)), negative[i]);
  if (point.zero_count() > 0) out.line("Bucket [0, 0], Count: {}", point.zero_count());
  std::vector<uint64_t> positive = counts_of(point.positive());
  for (size_t i = 0; i < positive.size(); i++)
    out.line("Bucket ({}, {}], Count: {}", fixed_text(bound(point.positive().offset(), i)),
             fixed_text(bound(point.positive().offset(), i + 1)), positive[i]);
  append_exemplars(out, point.exemplars());
}

void append_summary_point(DetailedText& out, size_t index, const otlp::SummaryPointView& point) {
  append_point_head(out, "SummaryDataPoints", index, point);
  out.line("Count: {}", point.count());
  out.line("Sum: {}", fixed_text(point.sum()));
  size_t quantile_index = 0;
  for (std::string_view message : point.quantiles()) {
    otlp::QuantileView quantile(message);
    out.line("QuantileValue #{}: Quantile {}, Value {}", quantile_index++, fixed_text(quantile.quantile()), fixed_text(quantile.value()));
  }
}

}  // namespace

void append_metric(DetailedText& out, size_t index, std::string_view message) {
  otlp::MetricView metric(message);
  MetricKind kind = metric.kind();
  out.line("Metric #{}", index);
  out.line("Descriptor:");
  out.line("     -> Name: {}", metric.name());
  out.line("     -> Description: {}", metric.description());
  out.line("     -> Unit: {}", metric.unit());
  out.line("     -> DataType: {}", metric_kind_name(kind));
  if (kind == MetricKind::sum) out.line("     -> IsMonotonic: {}", metric.is_monotonic());
  if (kind == MetricKind::sum || kind == MetricKind::histogram || kind == MetricKind::exponential_histogram)
    out.line("     -> AggregationTemporality: {}", temporality_name(metric.temporality()));
  size_t point_index = 0;
  for (std::string_view point : metric.points()) {
    switch (kind) {
      case MetricKind::none:
        return;
      case MetricKind::gauge:
      case MetricKind::sum:
        append_number_point(out, point_index++, otlp::NumberPointView(point, kind));
        break;
      case MetricKind::histogram:
        append_histogram_point(out, point_index++, otlp::HistogramPointView(point));
        break;
      case MetricKind::exponential_histogram:
        append_exponential_point(out, point_index++, otlp::ExponentialHistogramPointView(point));
        break;
      case MetricKind::summary:
        append_summary_point(out, point_index++, otlp::SummaryPointView(point));
        break;
    }
  }
}

}  // namespace vigia::exporters
