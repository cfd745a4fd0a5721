#pragma once

// What the tests of translation share: requests of metrics put together from pieces in wire form.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "otlp/attribute_write.h"
#include "otlp/metric_view.h"
#include "otlp/wire.h"

namespace vigia::prometheus::test {

using Attributes = std::vector<std::pair<std::string_view, std::string_view>>;
constexpr uint64_t now_ns = 1'700'000'000'123'000'000;
constexpr int64_t now_ms = 1'700'000'000'123;

inline std::string message(uint32_t number, std::string_view content) {
  std::string out;
  otlp::append_bytes_field(out, number, content);
  return out;
}
inline std::string attributes(uint32_t number, const Attributes& pairs) {
  std::string out;
  for (const auto& [key, value] : pairs) otlp::append_attribute(out, number, key, value);
  return out;
}

struct PointTimes {
  uint64_t time_ns = now_ns;
  uint64_t start_ns = 0;
  uint32_t flags = 0;
};

// A data point's fields that all kinds share.
inline std::string point_head(otlp::MetricKind kind, const Attributes& pairs, const PointTimes& times) {
  std::string out = attributes(otlp::point_attributes_number(kind), pairs);
  if (times.start_ns) otlp::append_fixed64_field(out, 2, times.start_ns);
  if (times.time_ns) otlp::append_fixed64_field(out, 3, times.time_ns);
  bool is_histogram = kind == otlp::MetricKind::histogram || kind == otlp::MetricKind::exponential_histogram;
  if (times.flags) otlp::append_varint_field(out, is_histogram ? 10 : 8, times.flags);
  return out;
}

inline std::string number_point(double value, const Attributes& pairs = {}, const PointTimes& times = {}) {
  std::string out = point_head(otlp::MetricKind::gauge, pairs, times);
  otlp::append_double_field(out, 4, value);
  return out;
}

inline std::string packed(uint32_t number, const std::vector<double>& values) {
  return values.empty() ? "" : message(number, {reinterpret_cast<const char*>(values.data()), values.size() * 8});
}
inline std::string packed(uint32_t number, const std::vector<uint64_t>& values) {
  return values.empty() ? "" : message(number, {reinterpret_cast<const char*>(values.data()), values.size() * 8});
}

inline std::string histogram_point(const std::vector<double>& bounds, const std::vector<uint64_t>& counts, double sum,
                                   const Attributes& pairs = {}, const PointTimes& times = {}) {
  std::string out = point_head(otlp::MetricKind::histogram, pairs, times);
  uint64_t total = 0;
  for (uint64_t count : counts) total += count;
  otlp::append_fixed64_field(out, 4, total);
  otlp::append_double_field(out, 5, sum);
  return out + packed(6, counts) + packed(7, bounds);
}

struct Side {
  int32_t offset = 0;
  std::vector<uint64_t> counts;
};
inline std::string buckets(const Side& side) {
  std::string out;
  otlp::append_varint_field(
      out, 1, (static_cast<uint64_t>(side.offset) << 1 ^ static_cast<uint64_t>(static_cast<int64_t>(side.offset) >> 63)) & 0xFFFFFFFF);
  std::string counts;
  for (uint64_t count : side.counts) otlp::append_varint(counts, count);
  return out + message(2, counts);
}
inline std::string exponential_point(int32_t scale, uint64_t zero_count, const Side& positive, const Side& negative, double sum,
                                     const Attributes& pairs = {}, const PointTimes& times = {}) {
  std::string out = point_head(otlp::MetricKind::exponential_histogram, pairs, times);
  uint64_t total = zero_count;
  for (uint64_t count : positive.counts) total += count;
  for (uint64_t count : negative.counts) total += count;
  otlp::append_fixed64_field(out, 4, total);
  otlp::append_double_field(out, 5, sum);
  otlp::append_varint_field(out, 6, static_cast<uint32_t>(scale) << 1 ^ static_cast<uint32_t>(scale >> 31));
  otlp::append_fixed64_field(out, 7, zero_count);
  return out + message(8, buckets(positive)) + message(9, buckets(negative));
}

inline std::string summary_point(const std::vector<std::pair<double, double>>& quantiles, uint64_t count, double sum,
                                 const Attributes& pairs = {}, const PointTimes& times = {}) {
  std::string out = point_head(otlp::MetricKind::summary, pairs, times);
  otlp::append_fixed64_field(out, 4, count);
  otlp::append_double_field(out, 5, sum);
  for (const auto& [quantile, value] : quantiles) {
    std::string part;
    otlp::append_double_field(part, 1, quantile);
    otlp::append_double_field(part, 2, value);
    out += message(6, part);
  }
  return out;
}

// As field `number` of a point: 5 of numbers, 8 of histograms, 11 of exponential ones.
inline std::string exemplar(uint32_t number, double value, uint64_t time_ns, std::string_view trace_id, const Attributes& pairs = {}) {
  std::string out = attributes(7, pairs);
  otlp::append_fixed64_field(out, 2, time_ns);
  otlp::append_double_field(out, 3, value);
  if (!trace_id.empty()) otlp::append_bytes_field(out, 5, trace_id);
  return message(number, out);
}

struct Title {
  std::string_view name;
  std::string_view unit = {};
  otlp::MetricKind kind = otlp::MetricKind::gauge;
  bool is_monotonic = false;
  uint64_t temporality = 2;
  std::string_view description = {};
};
// A Metric, as an item of a scope.
inline std::string metric(const Title& title, const std::vector<std::string>& points) {
  std::string data;
  for (const std::string& point : points) data += message(1, point);
  bool has_temporality = title.kind != otlp::MetricKind::gauge && title.kind != otlp::MetricKind::summary;
  if (has_temporality) otlp::append_varint_field(data, 2, title.temporality);
  if (title.is_monotonic) otlp::append_varint_field(data, 3, 1);
  std::string out = message(1, title.name) + message(2, title.description) + message(3, title.unit);
  return message(2, out + message(otlp::data_number_of(title.kind), data));
}

inline std::string scope(std::string_view name, std::string_view version, const std::vector<std::string>& metrics,
                         const Attributes& pairs = {}, std::string_view schema_url = {}) {
  std::string out = message(1, message(1, name) + message(2, version) + attributes(3, pairs));
  for (const std::string& one : metrics) out += one;
  if (!schema_url.empty()) out += message(3, schema_url);
  return message(2, out);
}
inline std::string resource(const Attributes& pairs, const std::vector<std::string>& scopes) {
  std::string out = message(1, attributes(1, pairs));
  for (const std::string& one : scopes) out += one;
  return message(1, out);
}
// Metrics of one resource without scope and attributes.
inline std::string request(const std::vector<std::string>& metrics, const Attributes& pairs = {}) {
  return resource(pairs, {scope("", "", metrics)});
}

}  // namespace vigia::prometheus::test
