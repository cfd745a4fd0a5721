#pragma once

// Views of metrics, their data points and exemplars (view.h).

#include <cstdint>
#include <optional>
#include <string_view>

#include "otlp/view.h"

namespace vigia::otlp {

enum class MetricKind : uint8_t { none, gauge, sum, histogram, exponential_histogram, summary };

// Which field of a Metric holds its data, and the other way round.
constexpr MetricKind metric_kind_of(uint32_t field_number) {
  switch (field_number) {
    case 5:
      return MetricKind::gauge;
    case 7:
      return MetricKind::sum;
    case 9:
      return MetricKind::histogram;
    case 10:
      return MetricKind::exponential_histogram;
    case 11:
      return MetricKind::summary;
    default:
      return MetricKind::none;
  }
}
constexpr uint32_t data_number_of(MetricKind kind) {
  constexpr uint32_t numbers[] = {0, 5, 7, 9, 10, 11};
  return numbers[static_cast<size_t>(kind)];
}
// Which field of a data point holds its attributes: it depends on the metric's kind. 0 for none.
constexpr uint32_t point_attributes_number(MetricKind kind) {
  constexpr uint32_t numbers[] = {0, 7, 7, 9, 1, 7};
  return numbers[static_cast<size_t>(kind)];
}

class MetricView {
 public:
  static constexpr uint32_t metadata_number = 12;

  MetricView() = default;
  explicit MetricView(std::string_view message) : message_(message) {
    Cursor cursor(message);
    Field field;
    while (cursor.next(field)) {
      MetricKind kind = field.type() == WireType::length ? metric_kind_of(field.id()) : MetricKind::none;
      if (kind == MetricKind::none) continue;
      kind_ = kind;
      data_ = field.content;
      break;
    }
  }

  std::string_view message() const { return message_; }
  std::string_view name() const { return bytes_field(message_, 1); }
  std::string_view description() const { return bytes_field(message_, 2); }
  std::string_view unit() const { return bytes_field(message_, 3); }
  Attributes metadata() const { return {message_, metadata_number}; }

  MetricKind kind() const { return kind_; }
  // The Gauge, Sum, Histogram, ExponentialHistogram or Summary message.
  std::string_view data() const { return data_; }
  // To be wrapped in the view of the metric's kind.
  RepeatedMessages points() const { return {data_, 1}; }
  // 0 unspecified, 1 delta, 2 cumulative; 0 for gauges and summaries.
  int32_t temporality() const {
    bool has_one = kind_ == MetricKind::sum || kind_ == MetricKind::histogram || kind_ == MetricKind::exponential_histogram;
    return has_one ? static_cast<int32_t>(varint_field(data_, 2)) : 0;
  }
  bool is_monotonic() const { return kind_ == MetricKind::sum && varint_field(data_, 3) != 0; }

 private:
  std::string_view message_;
  std::string_view data_;
  MetricKind kind_ = MetricKind::none;
};

// The value of a number data point or of an exemplar.
struct NumberView {
  enum class Kind : uint8_t { none, integer, real };
  Kind kind = Kind::none;
  int64_t integer = 0;
  double real = 0;

  double as_double() const { return kind == Kind::integer ? static_cast<double>(integer) : real; }
};

// The later one of as_double and as_int counts.
inline NumberView read_number(std::string_view message, uint32_t as_double_number, uint32_t as_int_number) {
  NumberView number;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == fixed64_tag(as_double_number)) number = {NumberView::Kind::real, 0, field.as_double()};
    if (field.tag == fixed64_tag(as_int_number)) number = {NumberView::Kind::integer, static_cast<int64_t>(field.number), 0};
  }
  return number;
}

class ExemplarView {
 public:
  static constexpr uint32_t attributes_number = 7;

  explicit ExemplarView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  Attributes filtered_attributes() const { return {message_, attributes_number}; }
  uint64_t time_unix_ns() const { return fixed64_field(message_, 2); }
  NumberView value() const { return read_number(message_, 3, 6); }
  std::string_view span_id() const { return bytes_field(message_, 4); }
  std::string_view trace_id() const { return bytes_field(message_, 5); }

 private:
  std::string_view message_;
};

// What all kinds of data points have in common.
class DataPointView {
 public:
  DataPointView(std::string_view message, MetricKind kind) : message_(message), kind_(kind) {}
  std::string_view message() const { return message_; }
  MetricKind kind() const { return kind_; }
  Attributes attributes() const { return {message_, point_attributes_number(kind_)}; }
  uint64_t start_time_unix_ns() const { return fixed64_field(message_, 2); }
  uint64_t time_unix_ns() const { return fixed64_field(message_, 3); }
  uint32_t flags() const {
    bool is_histogram = kind_ == MetricKind::histogram || kind_ == MetricKind::exponential_histogram;
    return static_cast<uint32_t>(varint_field(message_, is_histogram ? 10 : 8));
  }

 protected:
  std::string_view message_;
  MetricKind kind_;
};

// Of a gauge or a sum.
class NumberPointView : public DataPointView {
 public:
  explicit NumberPointView(std::string_view message, MetricKind kind = MetricKind::gauge) : DataPointView(message, kind) {}
  NumberView value() const { return read_number(message_, 4, 6); }
  RepeatedMessages exemplars() const { return {message_, 5}; }
};

class HistogramPointView : public DataPointView {
 public:
  explicit HistogramPointView(std::string_view message) : DataPointView(message, MetricKind::histogram) {}
  uint64_t count() const { return fixed64_field(message_, 4); }
  std::optional<double> sum() const { return double_field(message_, 5); }
  std::optional<double> min() const { return double_field(message_, 11); }
  std::optional<double> max() const { return double_field(message_, 12); }
  // visit(uint64_t) and visit(double).
  template <typename Visit>
  void for_each_bucket_count(Visit&& visit) const {
    for_each_fixed64(message_, 6, visit);
  }
  template <typename Visit>
  void for_each_bound(Visit&& visit) const {
    for_each_double(message_, 7, visit);
  }
  RepeatedMessages exemplars() const { return {message_, 8}; }
};

// One side of an exponential histogram.
class BucketsView {
 public:
  explicit BucketsView(std::string_view message) : message_(message) {}
  int32_t offset() const { return static_cast<int32_t>(from_zigzag(static_cast<uint32_t>(varint_field(message_, 1)))); }
  template <typename Visit>
  void for_each_count(Visit&& visit) const {
    for_each_varint(message_, 2, visit);
  }

 private:
  std::string_view message_;
};

class ExponentialHistogramPointView : public DataPointView {
 public:
  explicit ExponentialHistogramPointView(std::string_view message) : DataPointView(message, MetricKind::exponential_histogram) {}
  uint64_t count() const { return fixed64_field(message_, 4); }
  std::optional<double> sum() const { return double_field(message_, 5); }
  std::optional<double> min() const { return double_field(message_, 12); }
  std::optional<double> max() const { return double_field(message_, 13); }
  int32_t scale() const { return static_cast<int32_t>(from_zigzag(static_cast<uint32_t>(varint_field(message_, 6)))); }
  uint64_t zero_count() const { return fixed64_field(message_, 7); }
  double zero_threshold() const { return double_field(message_, 14).value_or(0); }
  bool has_positive() const { return has(8); }
  bool has_negative() const { return has(9); }
  BucketsView positive() const { return BucketsView(message_field(message_, 8)); }
  BucketsView negative() const { return BucketsView(message_field(message_, 9)); }
  RepeatedMessages exemplars() const { return {message_, 11}; }

 private:
  bool has(uint32_t number) const {
    Field field;
    return find_field(message_, bytes_tag(number), field);
  }
};

class QuantileView {
 public:
  explicit QuantileView(std::string_view message) : message_(message) {}
  double quantile() const { return double_field(message_, 1).value_or(0); }
  double value() const { return double_field(message_, 2).value_or(0); }

 private:
  std::string_view message_;
};

class SummaryPointView : public DataPointView {
 public:
  explicit SummaryPointView(std::string_view message) : DataPointView(message, MetricKind::summary) {}
  uint64_t count() const { return fixed64_field(message_, 4); }
  double sum() const { return double_field(message_, 5).value_or(0); }
  // To be wrapped in QuantileView.
  RepeatedMessages quantiles() const { return {message_, 6}; }
};

}  // namespace vigia::otlp
