#include <algorithm>
#include <cstring>

#include "otlp/wire.h"
#include "prometheus/protobuf_histogram_internal.h"
#include "prometheus/value_text.h"

namespace vigia::prometheus {

using otlp::Cursor;
using otlp::Field;

int64_t read_timestamp_ms(std::string_view message) {
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::varint_tag(1)) seconds = static_cast<int64_t>(field.number);
    if (field.tag == otlp::varint_tag(2)) nanoseconds = static_cast<int32_t>(field.number);
  }
  constexpr int64_t most_seconds = 253'402'300'799;  // the last second of the year 9999, as the message's own rules have it
  seconds = std::clamp(seconds, -most_seconds, most_seconds);
  return seconds * 1000 + nanoseconds / 1'000'000;
}

namespace {

bool read_span(std::string_view message, NativeHistogram::Side& side) {
  NativeHistogram::Span span;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::varint_tag(1)) span.offset = static_cast<int32_t>(from_zigzag(field.number));
    if (field.tag == otlp::varint_tag(2)) span.length = static_cast<uint32_t>(field.number);
  }
  side.spans.push_back(span);
  return cursor.ok();
}

void add_delta(uint64_t number, int64_t& count, NativeHistogram::Side& side) {
  count = static_cast<int64_t>(static_cast<uint64_t>(count) + static_cast<uint64_t>(from_zigzag(number)));
  side.counts.push_back(count > 0 ? static_cast<uint64_t>(count) : 0);
}

void add_counts(std::string_view packed, NativeHistogram::Side& side) {
  for (size_t i = 0; i + 8 <= packed.size(); i += 8) {
    double value;
    std::memcpy(&value, packed.data() + i, 8);
    side.counts.push_back(to_count(value));
  }
}

}  // namespace

bool read_histogram_side(std::string_view message, const SideFields& fields, NativeHistogram::Side& side) {
  int64_t count = 0;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::bytes_tag(fields.spans) && !read_span(field.content, side)) return false;
    if (field.tag == otlp::varint_tag(fields.deltas)) add_delta(field.number, count, side);
    if (field.tag == otlp::bytes_tag(fields.deltas)) {
      Cursor packed(field.content);
      uint64_t number;
      while (packed.next_varint(number)) add_delta(number, count, side);
      if (!packed.ok()) return false;
    }
    if (field.tag == otlp::fixed64_tag(fields.counts)) side.counts.push_back(to_count(field.as_double()));
    if (field.tag == otlp::bytes_tag(fields.counts)) add_counts(field.content, side);
  }
  uint64_t wanted = 0;
  for (const NativeHistogram::Span& span : side.spans) wanted += span.length;
  return wanted == side.counts.size();
}

}  // namespace vigia::prometheus
