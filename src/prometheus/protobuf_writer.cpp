// The delimited messages of io.prometheus.client.

#include <limits>

#include "otlp/wire.h"
#include "prometheus/text_writer_internal.h"

namespace vigia::prometheus {

namespace {

using otlp::append_bytes_field;
using otlp::append_double_field;
using otlp::append_varint;
using otlp::append_varint_field;
using otlp::bytes_tag;
using otlp::NestedMessage;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr size_t length_room = 5;

uint64_t zigzag(int64_t number) { return static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63); }

// MetricType.
uint64_t type_number(FamilyType type) {
  switch (type) {
    case FamilyType::counter:
      return 0;
    case FamilyType::summary:
      return 2;
    case FamilyType::histogram:
      return 4;
    case FamilyType::unknown:
      return 3;
    default:
      return 1;
  }
}

void append_side(Appender& out, uint32_t spans_number, uint32_t deltas_number, const SparseBuckets& buckets) {
  for (const BucketSpan& span : buckets.spans) {
    NestedMessage message(out, bytes_tag(spans_number), 12);
    append_varint_field(out, 1, zigzag(span.offset));
    append_varint_field(out, 2, span.length);
    message.close();
  }
  for (int64_t delta : buckets.deltas) append_varint_field(out, deltas_number, zigzag(delta));
}

}  // namespace

// The length comes before the message, in as many bytes as the longest needs.
void ProtobufWriter::begin_family(const ExposedFamily& family) {
  type_ = family.type;
  out_.room(length_room);
  out_.advance(length_room);
  family_start_ = out_.size();
  text_.clear();
  append_escaped_name(text_, family.name, escaping_);
  append_bytes_field(out_, 1, text_);
  append_bytes_field(out_, 2, family.help);
  append_varint_field(out_, 3, type_number(type_));
}

void ProtobufWriter::end_family() {
  size_t size = out_.size() - family_start_;
  char* at = out_.data() + family_start_ - length_room;
  for (size_t i = 0; i < length_room; i++) {
    bool is_last = i + 1 == length_room;
    at[i] = static_cast<char>((size >> (7 * i) & 0x7F) | (is_last ? 0 : 0x80));
  }
}

void ProtobufWriter::point(const ExposedPoint& point) {
  NestedMessage metric(out_, bytes_tag(4), 300);
  labels(1, point.labels);
  if (type_ == FamilyType::histogram)
    histogram(point);
  else if (type_ == FamilyType::summary)
    summary(point);
  else
    value(point);
  if (point.time_ms) append_varint_field(out_, 6, static_cast<uint64_t>(*point.time_ms));
  metric.close();
}

void ProtobufWriter::value(const ExposedPoint& point) {
  bool is_counter = type_ == FamilyType::counter;
  NestedMessage message(out_, bytes_tag(is_counter ? 3 : type_ == FamilyType::unknown ? 5 : 2), 60);
  append_double_field(out_, 1, point.value);
  if (is_counter && !point.exemplars.empty() && point.exemplars.front()) exemplar(2, *point.exemplars.front());
  if (is_counter) timestamp(3, point.start_ns);
  message.close();
}

void ProtobufWriter::summary(const ExposedPoint& point) {
  NestedMessage message(out_, bytes_tag(4), 100);
  append_varint_field(out_, 1, point.count);
  append_double_field(out_, 2, point.sum);
  for (const auto& [quantile, value] : point.quantiles) {
    NestedMessage part(out_, bytes_tag(3), 18);
    append_double_field(out_, 1, quantile);
    append_double_field(out_, 2, value);
    part.close();
  }
  timestamp(4, point.start_ns);
  message.close();
}

void ProtobufWriter::histogram(const ExposedPoint& point) {
  NestedMessage message(out_, bytes_tag(7), 300);
  append_varint_field(out_, 1, point.count);
  append_double_field(out_, 2, point.sum);
  for (size_t i = 0; i < point.bounds.size(); i++) {
    if (point.bounds[i] == infinity) continue;
    bucket(point.bounds[i], point.cumulative_counts[i], i < point.exemplars.size() && point.exemplars[i] ? &*point.exemplars[i] : nullptr);
  }
  if (point.native) {
    native(*point.native);
    for (const std::optional<ExposedExemplar>& one : point.exemplars)
      if (one) exemplar(16, *one);
  } else {
    size_t last = point.bounds.size();
    bucket(infinity, point.count, last < point.exemplars.size() && point.exemplars[last] ? &*point.exemplars[last] : nullptr);
  }
  timestamp(15, point.start_ns);
  message.close();
}

void ProtobufWriter::bucket(double bound, uint64_t count, const ExposedExemplar* of_bucket) {
  NestedMessage message(out_, bytes_tag(3), 30);
  append_varint_field(out_, 1, count);
  append_double_field(out_, 2, bound);
  if (of_bucket) exemplar(3, *of_bucket);
  message.close();
}

void ProtobufWriter::native(const SparseHistogram& histogram) {
  append_varint_field(out_, 5, zigzag(histogram.schema));
  append_double_field(out_, 6, histogram.zero_threshold);
  append_varint_field(out_, 7, histogram.zero_count);
  append_side(out_, 9, 10, histogram.negative);
  append_side(out_, 12, 13, histogram.positive);
  // One without any bucket is known by an empty span.
  if (!histogram.positive.spans.empty() || !histogram.negative.spans.empty() || histogram.zero_count > 0) return;
  NestedMessage span(out_, bytes_tag(12), 4);
  append_varint_field(out_, 1, 0);
  append_varint_field(out_, 2, 0);
  span.close();
}

void ProtobufWriter::labels(uint32_t number, LabelSpan labels) {
  for (const LabelView& label : labels) {
    text_.clear();
    append_escaped_name(text_, label.name, escaping_);
    NestedMessage pair(out_, bytes_tag(number), 4 + text_.size() + label.value.size());
    append_bytes_field(out_, 1, text_);
    append_bytes_field(out_, 2, label.value);
    pair.close();
  }
}

void ProtobufWriter::exemplar(uint32_t number, const ExposedExemplar& exemplar) {
  NestedMessage message(out_, bytes_tag(number), 120);
  labels(1, exemplar.labels);
  append_double_field(out_, 2, exemplar.value);
  timestamp(3, exemplar.time_ns);
  message.close();
}

void ProtobufWriter::timestamp(uint32_t number, uint64_t ns) {
  if (ns == 0) return;
  constexpr uint64_t ns_per_s = 1'000'000'000;
  NestedMessage message(out_, bytes_tag(number), 12);
  append_varint_field(out_, 1, ns / ns_per_s);
  append_varint_field(out_, 2, ns % ns_per_s);
  message.close();
}

}  // namespace vigia::prometheus
