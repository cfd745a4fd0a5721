#include <cmath>

#include <fmt/core.h>

#include "base/hash.h"
#include "exporters/debug/text.h"
#include "otlp/log_view.h"
#include "otlp/metric_view.h"
#include "otlp/span_view.h"

namespace vigia::exporters {

namespace {

using otlp::MetricKind;

std::string attributes_text(const otlp::Attributes& attributes, std::string_view separator) {
  std::string text;
  for (const otlp::AttributeView& attribute : attributes)
    text += fmt::format("{}{}={}", text.empty() ? "" : separator, attribute.key, value_text(attribute.value()));
  return text;
}

void append_span(std::string& out, std::string_view message) {
  otlp::SpanView span(message);
  out += fmt::format("{} {} {}", span.name(), to_hex(span.trace_id()), to_hex(span.span_id()));
  std::string attributes = attributes_text(span.attributes(), " ");
  if (!attributes.empty()) out += " " + attributes;
  out += '\n';
}

void append_log_record(std::string& out, std::string_view message) {
  otlp::LogRecordView record(message);
  out += fmt::format("{} {}\n", value_text(record.body()), attributes_text(record.attributes(), " "));
}

std::string number_text(const otlp::NumberView& number) {
  if (number.kind == otlp::NumberView::Kind::integer) return std::to_string(number.integer);
  return number.kind == otlp::NumberView::Kind::real ? shortest_text(number.real) : "";
}

template <typename Point>
std::string totals_text(const Point& point) {
  std::string text = fmt::format("count={}", point.count());
  if (point.sum()) text += " sum=" + shortest_text(*point.sum());
  if (point.min()) text += " min=" + shortest_text(*point.min());
  if (point.max()) text += " max=" + shortest_text(*point.max());
  return text;
}

std::string histogram_text(const otlp::HistogramPointView& point) {
  std::string text = totals_text(point);
  std::vector<double> bounds;
  point.for_each_bound([&](double bound) { bounds.push_back(bound); });
  size_t index = 0;
  point.for_each_bucket_count([&](uint64_t count) {
    text += index < bounds.size() ? fmt::format(" le{}={}", shortest_text(bounds[index]), count) : fmt::format(" {}", count);
    index++;
  });
  return text;
}

std::string exponential_text(const otlp::ExponentialHistogramPointView& point) {
  std::string text = totals_text(point);
  double base = std::pow(2.0, std::pow(2.0, -point.scale()));
  for (const otlp::BucketsView& buckets : {point.negative(), point.positive()}) {
    double index = buckets.offset();
    buckets.for_each_count([&](uint64_t count) { text += fmt::format(" le{}={}", shortest_text(std::pow(base, index++)), count); });
  }
  if (point.zero_count() > 0) text += fmt::format(" zero_count{}={}", shortest_text(point.zero_threshold()), point.zero_count());
  return text;
}

std::string summary_text(const otlp::SummaryPointView& point) {
  std::string text = fmt::format("count={} sum={}", point.count(), fixed_text(point.sum()));
  for (std::string_view message : point.quantiles()) {
    otlp::QuantileView quantile(message);
    text += fmt::format(" q{}={}", shortest_text(quantile.quantile()), shortest_text(quantile.value()));
  }
  return text;
}

std::string point_text(MetricKind kind, std::string_view message) {
  switch (kind) {
    case MetricKind::gauge:
    case MetricKind::sum:
      return number_text(otlp::NumberPointView(message, kind).value());
    case MetricKind::histogram:
      return histogram_text(otlp::HistogramPointView(message));
    case MetricKind::exponential_histogram:
      return exponential_text(otlp::ExponentialHistogramPointView(message));
    case MetricKind::summary:
      return summary_text(otlp::SummaryPointView(message));
    case MetricKind::none:
      return "";
  }
  return "";
}

void append_metric(std::string& out, std::string_view message) {
  otlp::MetricView metric(message);
  for (std::string_view point : metric.points())
    out += fmt::format("{}{{{}}} {}\n", metric.name(), attributes_text(otlp::DataPointView(point, metric.kind()).attributes(), ","),
                       point_text(metric.kind(), point));
}

}  // namespace

std::string normal_text(otlp::Signal signal, const Chain& requests) {
  std::string out;
  for (const Slice& request : requests.slices())
    otlp::for_each_item(request.view(), [&](const otlp::ResourceGroup&, const otlp::ScopeGroup&, std::string_view item) {
      if (signal == otlp::Signal::traces) append_span(out, item);
      if (signal == otlp::Signal::metrics) append_metric(out, item);
      if (signal == otlp::Signal::logs) append_log_record(out, item);
    });
  return out;
}

}  // namespace vigia::exporters
