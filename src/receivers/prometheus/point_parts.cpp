#include "receivers/prometheus/point_parts.h"

#include "base/hash.h"
#include "base/text.h"
#include "otlp/attribute_write.h"

namespace vigia::receivers {

namespace {

using prometheus::NativeHistogram;

constexpr size_t most_dense_buckets = 20'000;
constexpr int32_t lowest_schema = -4, highest_schema = 8;

// An id from its hexadecimal text. "" when it is none: of another length, or nothing but zeros.
std::string id_of(std::string_view text, size_t size) {
  if (text.size() != size * 2) return {};
  std::optional<std::string> bytes = from_hex(text);
  bool is_id = bytes && bytes->find_first_not_of('\0') != std::string::npos;
  return is_id ? *bytes : std::string();
}

void append_exemplar_label(std::string& out, std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "trace_id"))
    if (std::string id = id_of(value, 16); !id.empty()) return otlp::append_bytes_field(out, 5, id);
  if (equals_ignoring_case(name, "span_id"))
    if (std::string id = id_of(value, 8); !id.empty()) return otlp::append_bytes_field(out, 4, id);
  otlp::append_attribute(out, 7, name, value);
}

// The buckets of one side without gaps; false when there are too many.
bool append_buckets(std::string& out, uint32_t number, const NativeHistogram::Side& side) {
  if (side.counts.empty()) return true;
  std::string packed;
  size_t dense = 0;
  size_t next = 0;
  for (size_t i = 0; i < side.spans.size(); i++) {
    const NativeHistogram::Span& span = side.spans[i];
    if (i > 0 && span.offset < 0) return false;
    size_t gap = i > 0 ? static_cast<size_t>(span.offset) : 0;
    dense += gap + span.length;
    if (dense > most_dense_buckets) return false;
    packed.append(gap, '\0');
    for (uint32_t k = 0; k < span.length; k++) otlp::append_varint(packed, side.counts[next++]);
  }
  // OTLP counts from the lower boundary of a bucket, Prometheus from the upper one.
  int64_t offset = int64_t{side.spans.front().offset} - 1;
  if (offset < INT32_MIN) return false;
  std::string buckets;
  otlp::append_varint_field(buckets, 1, static_cast<uint64_t>(offset << 1 ^ offset >> 63));
  otlp::append_bytes_field(buckets, 2, packed);
  otlp::append_bytes_field(out, number, buckets);
  return true;
}

}  // namespace

void append_exemplars(std::string& out, uint32_t number, const prometheus::ExpositionParser& parser, int64_t time_ms) {
  std::string message, name, value;
  for (const prometheus::Exemplar& exemplar : parser.exemplars()) {
    message.clear();
    otlp::append_fixed64_field(message, 2, ns_of(exemplar.timestamp_ms.value_or(time_ms)));
    otlp::append_double_field(message, 3, exemplar.value);
    const prometheus::RawLabel* labels = parser.exemplar_labels(exemplar);
    for (size_t i = 0; i < exemplar.label_count; i++) {
      if (!labels[i].has_escapes) {
        append_exemplar_label(message, labels[i].name, labels[i].value);
        continue;
      }
      name.clear();
      value.clear();
      prometheus::append_unescaped(name, labels[i].name);
      prometheus::append_unescaped(value, labels[i].value);
      append_exemplar_label(message, name, value);
    }
    otlp::append_bytes_field(out, number, message);
  }
}

bool append_native_histogram(std::string& out, const NativeHistogram& histogram) {
  if (histogram.is_gauge || histogram.schema < lowest_schema || histogram.schema > highest_schema) return false;
  otlp::append_fixed64_field(out, 4, histogram.count);
  otlp::append_double_field(out, 5, histogram.sum);
  int64_t scale = histogram.schema;
  otlp::append_varint_field(out, 6, static_cast<uint64_t>(scale << 1 ^ scale >> 63));
  otlp::append_fixed64_field(out, 7, histogram.zero_count);
  if (!append_buckets(out, 8, histogram.positive) || !append_buckets(out, 9, histogram.negative)) return false;
  otlp::append_double_field(out, 14, histogram.zero_threshold);
  return true;
}

}  // namespace vigia::receivers
