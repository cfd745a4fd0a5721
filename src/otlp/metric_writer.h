#pragma once

// Writes metrics of plain numbers (gauges and sums) into a request, point by point:
//
//   MetricWriter metric(writer, {.name = "system.cpu.time", .unit = "s", .kind = MetricKind::sum, .is_monotonic = true});
//   metric.point(12.5, {start_ns, now_ns, attributes});
//   metric.close();

#include <cstdint>
#include <cstring>
#include <string_view>

#include "otlp/metric_view.h"
#include "otlp/request_writer.h"

namespace vigia::otlp {

struct MetricTitle {
  std::string_view name;
  std::string_view description = {};
  std::string_view unit = {};
  MetricKind kind = MetricKind::gauge;  // gauge or sum, which is cumulative
  bool is_monotonic = false;
};

// What a point has besides its value.
struct PointHead {
  uint64_t start_ns = 0;
  uint64_t time_ns = 0;
  std::string_view attributes = {};  // KeyValues as field 7: point_attributes_number()
  uint32_t flags = 0;
};
constexpr uint32_t no_recorded_value_flag = 1;

class MetricWriter {
 public:
  // REQUIRES: a scope of the writer is open, and stays open until close().
  MetricWriter(RequestWriter& writer, const MetricTitle& title, size_t expected_size = 200)
      : out_(writer.out()),
        metric_(begin(writer.out(), title, expected_size)),
        is_sum_(title.kind == MetricKind::sum),
        is_monotonic_(title.is_monotonic),
        data_(writer.out(), bytes_tag(data_number_of(title.kind)), expected_size) {}

  void point(int64_t value, const PointHead& head) { append_point(fixed64_tag(6), static_cast<uint64_t>(value), head); }
  void point(double value, const PointHead& head) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    append_point(fixed64_tag(4), bits, head);
  }
  void close() {
    if (is_sum_) append_varint_field(out_, 2, cumulative);
    if (is_sum_ && is_monotonic_) append_varint_field(out_, 3, 1);
    data_.close();
    metric_.close();
  }

 private:
  static constexpr uint64_t cumulative = 2;

  static NestedMessage begin(Appender& out, const MetricTitle& title, size_t expected_size) {
    NestedMessage metric(out, RequestWriter::item_tag, expected_size);
    append_bytes_field(out, 1, title.name);
    if (!title.description.empty()) append_bytes_field(out, 2, title.description);
    if (!title.unit.empty()) append_bytes_field(out, 3, title.unit);
    return metric;
  }

  void append_point(uint32_t value_tag, uint64_t bits, const PointHead& head) {
    size_t size = 9 + (head.start_ns ? 9 : 0) + 9 + head.attributes.size() + (head.flags ? 2 : 0);
    append_varint(out_, bytes_tag(1));
    append_varint(out_, size);
    if (head.start_ns) append_fixed64_field(out_, 2, head.start_ns);
    append_fixed64_field(out_, 3, head.time_ns);
    append_varint(out_, value_tag);
    append_raw(out_, {reinterpret_cast<const char*>(&bits), 8});
    append_raw(out_, head.attributes);
    if (head.flags) append_varint_field(out_, 8, head.flags);
  }

  Appender& out_;
  NestedMessage metric_;
  bool is_sum_;
  bool is_monotonic_;
  NestedMessage data_;
};

}  // namespace vigia::otlp
