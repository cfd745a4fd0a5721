#include "prometheus/protobuf_parser.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/core.h>

#include "base/utf8.h"
#include "prometheus/number_text.h"
#include "prometheus/protobuf_histogram_internal.h"
#include "prometheus/value_text.h"

namespace vigia::prometheus {

namespace {

using otlp::Cursor;
using otlp::Field;
using otlp::WireType;

constexpr uint64_t type_counter = 0, type_gauge = 1, type_summary = 2, type_untyped = 3, type_histogram = 4, type_gauge_histogram = 5;

std::optional<MetricType> metric_type_of(uint64_t number) {
  switch (number) {
    case type_counter:
      return MetricType::counter;
    case type_gauge:
      return MetricType::gauge;
    case type_summary:
      return MetricType::summary;
    case type_untyped:
      return MetricType::unknown;
    case type_histogram:
      return MetricType::histogram;
    case type_gauge_histogram:
      return MetricType::gauge_histogram;
    default:
      return std::nullopt;
  }
}

bool read_label(std::string_view message, RawLabel& label) {
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::bytes_tag(1)) label.name = field.content;
    if (field.tag == otlp::bytes_tag(2)) label.value = field.content;
  }
  return cursor.ok() && !label.name.empty() && is_valid_utf8(label.name) && is_valid_utf8(label.value);
}

}  // namespace

ExpositionParser::Event ProtobufParser::next() {
  for (;;) {
    if (next_part_ < parts_.size()) return hand_out(parts_[next_part_++]);
    if (has_family_ && announced_ < 3) {
      family_ = raw_.name;
      switch (announced_++) {
        case 0:
          text_ = raw_.help;
          return Event::help;
        case 1:
          return Event::type;
        default:
          text_ = raw_.unit;
          if (!text_.empty()) return Event::unit;
      }
      continue;
    }
    if (has_family_) {
      if (!take_metric()) return Event::broken;
      continue;
    }
    if (rest_.empty()) return Event::end;
    if (!take_family()) return Event::broken;
  }
}

bool ProtobufParser::take_family() {
  const char* at = rest_.data();
  const char* end = at + rest_.size();
  uint64_t length = 0;
  bool is_whole = false;
  for (int shift = 0; at != end && shift < 35 && !is_whole; shift += 7) {
    auto byte = static_cast<unsigned char>(*at++);
    length |= static_cast<uint64_t>(byte & 0x7F) << shift;
    is_whole = byte < 0x80;
  }
  if (!is_whole || length > static_cast<uint64_t>(end - at)) return fail("the length of a metric family is broken");
  raw_ = {};
  raw_.message = {at, static_cast<size_t>(length)};
  rest_ = {at + length, static_cast<size_t>(end - at - static_cast<ptrdiff_t>(length))};
  return read_family();
}

bool ProtobufParser::read_family() {
  Cursor cursor(raw_.message);
  Field field;
  size_t metric_count = 0;
  while (cursor.next(field)) {
    if (field.tag == otlp::bytes_tag(1)) raw_.name = field.content;
    if (field.tag == otlp::bytes_tag(2)) raw_.help = field.content;
    if (field.tag == otlp::varint_tag(3)) raw_.type = field.number;
    if (field.tag == otlp::bytes_tag(4)) metric_count++;
    if (field.tag == otlp::bytes_tag(5)) raw_.unit = field.content;
  }
  if (!cursor.ok()) return fail("a metric family is broken");
  if (metric_count == 0) return true;
  if (raw_.name.empty() || !is_valid_utf8(raw_.name)) return fail("a metric family has no name, or one that is not UTF-8");
  if (!is_valid_utf8(raw_.help) || !is_valid_utf8(raw_.unit)) return fail("expected UTF-8 in a help text and a unit");
  std::optional<MetricType> type = metric_type_of(raw_.type);
  if (!type) return fail(fmt::format("there is no metric type {}", raw_.type));
  type_ = *type;
  announced_ = 0;
  has_family_ = true;
  metrics_ = Cursor(raw_.message);
  return true;
}

// The next metric of the family, or its end.
bool ProtobufParser::take_metric() {
  parts_.clear();
  next_part_ = 0;
  Field field;
  while (metrics_.next(field))
    if (field.tag == otlp::bytes_tag(4)) return read_metric(field.content);
  has_family_ = false;
  return true;
}

bool ProtobufParser::read_metric(std::string_view message) {
  constexpr uint32_t value_fields[] = {3, 2, 4, 5, 7, 7};  // by type
  labels_.clear();
  label_bytes_.clear();
  timestamp_ms_.reset();
  created_ms_ = 0;
  std::string_view value;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::bytes_tag(1)) {
      RawLabel label;
      if (!read_label(field.content, label)) return fail("a label is broken, has no name or is not UTF-8");
      labels_.push_back(label);
      label_bytes_ += field.whole;
    }
    if (field.tag == otlp::bytes_tag(value_fields[raw_.type])) value = field.content;
    if (field.tag == otlp::varint_tag(6) && field.number != 0) timestamp_ms_ = static_cast<int64_t>(field.number);
  }
  if (!cursor.ok()) return fail("a metric is broken");
  if (raw_.type == type_summary) return read_summary(value);
  if (raw_.type == type_histogram || raw_.type == type_gauge_histogram) return read_histogram(value);
  read_plain(value, raw_.type == type_counter);
  return true;
}

void ProtobufParser::read_plain(std::string_view message, bool is_counter) {
  Part part;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::fixed64_tag(1)) part.value = field.as_double();
    if (is_counter && field.tag == otlp::bytes_tag(2)) part.exemplar = field.content;
    if (is_counter && field.tag == otlp::bytes_tag(3)) created_ms_ = read_timestamp_ms(field.content);
  }
  parts_.push_back(part);
}

bool ProtobufParser::read_summary(std::string_view message) {
  Part count{.kind = Kind::count}, sum{.kind = Kind::sum};
  parts_.resize(2);
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::varint_tag(1)) count.value = static_cast<double>(field.number);
    if (field.tag == otlp::fixed64_tag(2)) sum.value = field.as_double();
    if (field.tag == otlp::bytes_tag(4)) created_ms_ = read_timestamp_ms(field.content);
    if (field.tag != otlp::bytes_tag(3)) continue;
    Part quantile{.kind = Kind::quantile};
    Cursor inner(field.content);
    Field part;
    while (inner.next(part)) {
      if (part.tag == otlp::fixed64_tag(1)) quantile.boundary = part.as_double();
      if (part.tag == otlp::fixed64_tag(2)) quantile.value = part.as_double();
    }
    if (!inner.ok()) return fail("a quantile is broken");
    parts_.push_back(quantile);
  }
  parts_[0] = count;
  parts_[1] = sum;
  return cursor.ok() || fail("a summary is broken");
}

bool ProtobufParser::read_histogram(std::string_view message) {
  HistogramFields fields;
  parts_.resize(2);
  if (!read_histogram_fields(message, fields)) return false;
  bool has_buckets = parts_.size() > 2;
  parts_[0] = {.kind = Kind::count, .value = fields.count};
  parts_[1] = {.kind = Kind::sum, .value = fields.sum};
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!has_buckets || parts_.back().boundary != infinity)
    parts_.push_back({.kind = Kind::bucket, .boundary = infinity, .value = fields.count});
  if (!fields.is_native || !options_.reads_native_histograms) return true;
  if (!read_native_sides(message)) return false;
  take_native_exemplars(std::move(fields.exemplars));
  if (!has_buckets || !options_.keeps_classic_histograms) parts_.clear();
  parts_.push_back({.kind = Kind::native});
  return true;
}

bool ProtobufParser::read_histogram_fields(std::string_view message, HistogramFields& fields) {
  histogram_ = {};
  double whole_count = 0;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) switch (field.tag) {
      case otlp::varint_tag(1):
        whole_count = static_cast<double>(field.number);
        break;
      case otlp::fixed64_tag(2):
        fields.sum = field.as_double();
        break;
      case otlp::bytes_tag(3):
        if (!read_bucket(field.content)) return false;
        break;
      case otlp::fixed64_tag(4):
        fields.count = field.as_double();
        break;
      case otlp::varint_tag(5):
        histogram_.schema = static_cast<int32_t>(from_zigzag(field.number));
        break;
      case otlp::fixed64_tag(6):
        histogram_.zero_threshold = field.as_double();
        break;
      case otlp::varint_tag(7):
        histogram_.zero_count = field.number;
        break;
      case otlp::fixed64_tag(8):
        if (field.as_double() > 0) histogram_.zero_count = to_count(field.as_double());
        break;
      case otlp::bytes_tag(9):
      case otlp::bytes_tag(12):
        fields.is_native = true;
        break;
      case otlp::bytes_tag(15):
        created_ms_ = read_timestamp_ms(field.content);
        break;
      case otlp::bytes_tag(16):
        fields.exemplars.push_back(field.content);
        break;
      default:
        break;
    }
  if (!(fields.count > 0)) fields.count = whole_count;
  fields.is_native |= histogram_.zero_threshold > 0 || histogram_.zero_count > 0;
  histogram_.count = to_count(fields.count);
  histogram_.sum = fields.sum;
  histogram_.is_gauge = raw_.type == type_gauge_histogram;
  return cursor.ok() || fail("a histogram is broken");
}

bool ProtobufParser::read_native_sides(std::string_view message) {
  bool is_good =
      read_histogram_side(message, {9, 10, 11}, histogram_.negative) && read_histogram_side(message, {12, 13, 14}, histogram_.positive);
  return is_good || fail("the spans of a native histogram do not fit its buckets");
}

bool ProtobufParser::read_bucket(std::string_view message) {
  Part bucket{.kind = Kind::bucket};
  double fraction = 0;
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == otlp::varint_tag(1)) bucket.value = static_cast<double>(field.number);
    if (field.tag == otlp::fixed64_tag(2)) bucket.boundary = field.as_double();
    if (field.tag == otlp::bytes_tag(3)) bucket.exemplar = field.content;
    if (field.tag == otlp::fixed64_tag(4)) fraction = field.as_double();
  }
  if (fraction > 0) bucket.value = fraction;
  parts_.push_back(bucket);
  return cursor.ok() || fail("a bucket is broken");
}

// Those of the buckets count when the histogram has no list of its own.
void ProtobufParser::take_native_exemplars(std::vector<std::string_view> exemplars) {
  native_exemplars_ = std::move(exemplars);
  if (!native_exemplars_.empty()) return;
  for (const Part& part : parts_)
    if (!part.exemplar.empty()) native_exemplars_.push_back(part.exemplar);
}

void ProtobufParser::add_exemplar(std::string_view message, bool needs_time) {
  Exemplar exemplar;
  exemplar.first_label = exemplar_labels_.size();
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    RawLabel label;
    if (field.tag == otlp::bytes_tag(1) && read_label(field.content, label)) exemplar_labels_.push_back(label);
    if (field.tag == otlp::fixed64_tag(2)) exemplar.value = field.as_double();
    if (field.tag == otlp::bytes_tag(3)) exemplar.timestamp_ms = read_timestamp_ms(field.content);
  }
  exemplar.label_count = exemplar_labels_.size() - exemplar.first_label;
  if (exemplar.timestamp_ms || !needs_time) exemplars_.push_back(exemplar);
}

ExpositionParser::Event ProtobufParser::hand_out(const Part& part) {
  part_ = part;
  value_ = part.value;
  identity_bytes_.assign(raw_.name);
  identity_bytes_ += '\0';
  identity_bytes_ += static_cast<char>('0' + static_cast<int>(part.kind));
  identity_bytes_.append(reinterpret_cast<const char*>(&part.boundary), sizeof part.boundary);
  identity_bytes_ += label_bytes_;
  identity_ = identity_bytes_;
  exemplars_.clear();
  exemplar_labels_.clear();
  if (part.kind == Kind::native) {
    // Without a time nobody could tell whether an exemplar of a native histogram is a new one.
    for (std::string_view exemplar : native_exemplars_) add_exemplar(exemplar, true);
    return Event::histogram;
  }
  if (!part.exemplar.empty()) add_exemplar(part.exemplar, false);
  return Event::sample;
}

void ProtobufParser::labels(LabelList& out) const {
  std::string_view suffix = part_.kind == Kind::count    ? "_count"
                            : part_.kind == Kind::sum    ? "_sum"
                            : part_.kind == Kind::bucket ? "_bucket"
                                                         : "";
  out.add(name_label, std::string(raw_.name) + std::string(suffix));
  for (const RawLabel& label : labels_) out.add(label.name, label.value);
  if (part_.kind != Kind::bucket && part_.kind != Kind::quantile) return;
  std::string boundary;
  append_number_with_point(boundary, part_.boundary);
  out.add(part_.kind == Kind::bucket ? bucket_label : quantile_label, boundary);
}

bool ProtobufParser::fail(std::string_view what) {
  size_t offset = raw_.message.empty() ? 0 : static_cast<size_t>(raw_.message.data() - body_.data());
  std::string name = is_valid_utf8(raw_.name) ? std::string(raw_.name.substr(0, 100)) : "";
  if (error_.is_ok()) error_ = invalid_argument(fmt::format("metric family \"{}\" (at byte {}): {}", name, offset, what));
  return false;
}

}  // namespace vigia::prometheus
