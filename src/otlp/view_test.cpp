// Scenario: random requests of all signals, with fields twice, out of order, unset, unknown, packed and not, as protobuf allows.
// Guarantee: behind the door the views read exactly what libprotobuf reads from the bytes in front of it.

#include "otlp/view.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "otlp/count.h"
#include "otlp/log_view.h"
#include "otlp/metric_view.h"
#include "otlp/protobuf_oracle.h"
#include "otlp/span_view.h"
#include "otlp/validate.h"

namespace vigia::otlp {

namespace {

void expect_same(const ValueView& view, const Message& message);

void expect_same(const Attributes& view, const Message& parent, const char* name) {
  Fields fields(parent);
  int index = 0;
  for (const AttributeView& attribute : view) {
    ASSERT_LT(index, fields.count(name));
    Fields expected(fields.element(name, index++));
    EXPECT_EQ(attribute.key, expected.text("key"));
    expect_same(attribute.value(), expected.message("value"));
  }
  EXPECT_EQ(index, fields.count(name));
}

void expect_same(const ValueView& view, const Message& message) {
  Fields expected(message);
  switch (view.kind()) {
    case ValueKind::empty:
      for (const char* name : {"string_value", "bool_value", "int_value", "double_value", "array_value", "kvlist_value", "bytes_value"}) {
        EXPECT_FALSE(expected.has(name)) << name;
      }
      break;
    case ValueKind::string:
      EXPECT_TRUE(expected.has("string_value"));
      EXPECT_EQ(view.string(), expected.text("string_value"));
      break;
    case ValueKind::boolean:
      EXPECT_TRUE(expected.has("bool_value"));
      EXPECT_EQ(view.boolean(), expected.number("bool_value") != 0);
      break;
    case ValueKind::integer:
      EXPECT_TRUE(expected.has("int_value"));
      EXPECT_EQ(view.integer(), expected.number("int_value"));
      break;
    case ValueKind::real:
      EXPECT_TRUE(expected.has("double_value"));
      EXPECT_EQ(view.real(), expected.real("double_value"));
      break;
    case ValueKind::bytes:
      EXPECT_TRUE(expected.has("bytes_value"));
      EXPECT_EQ(view.bytes(), expected.text("bytes_value"));
      break;
    case ValueKind::array: {
      EXPECT_TRUE(expected.has("array_value"));
      Fields array(expected.message("array_value"));
      int index = 0;
      for (std::string_view element : view.array()) {
        ASSERT_LT(index, array.count("values"));
        expect_same(ValueView(element), array.element("values", index++));
      }
      EXPECT_EQ(index, array.count("values"));
      break;
    }
    case ValueKind::map:
      EXPECT_TRUE(expected.has("kvlist_value"));
      expect_same(view.map(), expected.message("kvlist_value"), "values");
      break;
  }
}

// Compares every element of a repeated message field.
template <typename Compare>
void expect_each(const RepeatedMessages& view, const Message& parent, const char* name, Compare compare) {
  Fields fields(parent);
  int index = 0;
  for (std::string_view element : view) {
    ASSERT_LT(index, fields.count(name)) << name;
    compare(element, Fields(fields.element(name, index++)));
  }
  EXPECT_EQ(index, fields.count(name)) << name;
}

void expect_same_event(std::string_view message, const Fields& expected) {
  SpanEventView view(message);
  EXPECT_EQ(static_cast<int64_t>(view.time_unix_ns()), expected.number("time_unix_nano"));
  EXPECT_EQ(view.name(), expected.text("name"));
  expect_same(view.attributes(), *expected, "attributes");
  EXPECT_EQ(view.dropped_attributes_count(), expected.number("dropped_attributes_count"));
}

void expect_same_link(std::string_view message, const Fields& expected) {
  SpanLinkView view(message);
  EXPECT_EQ(view.trace_id(), expected.text("trace_id"));
  EXPECT_EQ(view.span_id(), expected.text("span_id"));
  EXPECT_EQ(view.trace_state(), expected.text("trace_state"));
  expect_same(view.attributes(), *expected, "attributes");
  EXPECT_EQ(view.dropped_attributes_count(), expected.number("dropped_attributes_count"));
  EXPECT_EQ(view.flags(), expected.number("flags"));
}

void expect_same_span(std::string_view message, const Fields& expected) {
  SpanView view(message);
  EXPECT_EQ(view.trace_id(), expected.text("trace_id"));
  EXPECT_EQ(view.span_id(), expected.text("span_id"));
  EXPECT_EQ(view.trace_state(), expected.text("trace_state"));
  EXPECT_EQ(view.parent_span_id(), expected.text("parent_span_id"));
  EXPECT_EQ(view.name(), expected.text("name"));
  EXPECT_EQ(view.kind(), expected.number("kind"));
  EXPECT_EQ(static_cast<int64_t>(view.start_time_unix_ns()), expected.number("start_time_unix_nano"));
  EXPECT_EQ(static_cast<int64_t>(view.end_time_unix_ns()), expected.number("end_time_unix_nano"));
  expect_same(view.attributes(), *expected, "attributes");
  EXPECT_EQ(view.dropped_attributes_count(), expected.number("dropped_attributes_count"));
  expect_each(view.events(), *expected, "events", expect_same_event);
  EXPECT_EQ(view.dropped_events_count(), expected.number("dropped_events_count"));
  expect_each(view.links(), *expected, "links", expect_same_link);
  EXPECT_EQ(view.dropped_links_count(), expected.number("dropped_links_count"));
  Fields status(expected.message("status"));
  EXPECT_EQ(view.status().text(), status.text("message"));
  EXPECT_EQ(view.status().code(), status.number("code"));
  EXPECT_EQ(view.flags(), expected.number("flags"));
}

void expect_same_log(std::string_view message, const Fields& expected) {
  LogRecordView view(message);
  EXPECT_EQ(static_cast<int64_t>(view.time_unix_ns()), expected.number("time_unix_nano"));
  EXPECT_EQ(static_cast<int64_t>(view.observed_time_unix_ns()), expected.number("observed_time_unix_nano"));
  EXPECT_EQ(view.severity_number(), expected.number("severity_number"));
  EXPECT_EQ(view.severity_text(), expected.text("severity_text"));
  expect_same(view.body(), expected.message("body"));
  expect_same(view.attributes(), *expected, "attributes");
  EXPECT_EQ(view.dropped_attributes_count(), expected.number("dropped_attributes_count"));
  EXPECT_EQ(view.flags(), expected.number("flags"));
  EXPECT_EQ(view.trace_id(), expected.text("trace_id"));
  EXPECT_EQ(view.span_id(), expected.text("span_id"));
  EXPECT_EQ(view.event_name(), expected.text("event_name"));
}

void expect_same(const NumberView& view, const Fields& expected) {
  EXPECT_EQ(view.kind == NumberView::Kind::integer, expected.has("as_int"));
  EXPECT_EQ(view.kind == NumberView::Kind::real, expected.has("as_double"));
  EXPECT_EQ(view.integer, expected.number("as_int"));
  EXPECT_EQ(view.real, expected.real("as_double"));
}

void expect_same_exemplar(std::string_view message, const Fields& expected) {
  ExemplarView view(message);
  expect_same(view.filtered_attributes(), *expected, "filtered_attributes");
  EXPECT_EQ(static_cast<int64_t>(view.time_unix_ns()), expected.number("time_unix_nano"));
  expect_same(view.value(), expected);
  EXPECT_EQ(view.span_id(), expected.text("span_id"));
  EXPECT_EQ(view.trace_id(), expected.text("trace_id"));
}

void expect_same_point(const DataPointView& view, const Fields& expected) {
  expect_same(view.attributes(), *expected, "attributes");
  EXPECT_EQ(static_cast<int64_t>(view.start_time_unix_ns()), expected.number("start_time_unix_nano"));
  EXPECT_EQ(static_cast<int64_t>(view.time_unix_ns()), expected.number("time_unix_nano"));
  EXPECT_EQ(view.flags(), expected.number("flags"));
}

void expect_optional(std::optional<double> view, const Fields& expected, const char* name) {
  EXPECT_EQ(view.has_value(), expected.has(name)) << name;
  EXPECT_EQ(view.value_or(0), expected.real(name)) << name;
}

std::vector<uint64_t> numbers_of(const Fields& fields, const char* name) {
  std::vector<uint64_t> numbers;
  const FieldDescriptor* field = fields.field(name);
  for (int i = 0; i < fields.count(name); i++) {
    bool is_real = field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
    const auto* reflection = (*fields).GetReflection();
    numbers.push_back(is_real ? std::bit_cast<uint64_t>(reflection->GetRepeatedDouble(*fields, field, i))
                              : reflection->GetRepeatedUInt64(*fields, field, i));
  }
  return numbers;
}

void expect_same_histogram_point(std::string_view message, const Fields& expected) {
  HistogramPointView view(message);
  expect_same_point(view, expected);
  EXPECT_EQ(static_cast<int64_t>(view.count()), expected.number("count"));
  expect_optional(view.sum(), expected, "sum");
  expect_optional(view.min(), expected, "min");
  expect_optional(view.max(), expected, "max");
  std::vector<uint64_t> counts;
  view.for_each_bucket_count([&](uint64_t count) { counts.push_back(count); });
  EXPECT_EQ(counts, numbers_of(expected, "bucket_counts"));
  std::vector<uint64_t> bounds;
  view.for_each_bound([&](double bound) { bounds.push_back(std::bit_cast<uint64_t>(bound)); });
  EXPECT_EQ(bounds, numbers_of(expected, "explicit_bounds"));
  expect_each(view.exemplars(), *expected, "exemplars", expect_same_exemplar);
}

void expect_same_buckets(const BucketsView& view, const Fields& expected) {
  EXPECT_EQ(view.offset(), expected.number("offset"));
  std::vector<uint64_t> counts;
  view.for_each_count([&](uint64_t count) { counts.push_back(count); });
  EXPECT_EQ(counts, numbers_of(expected, "bucket_counts"));
}

void expect_same_exponential_point(std::string_view message, const Fields& expected) {
  ExponentialHistogramPointView view(message);
  expect_same_point(view, expected);
  EXPECT_EQ(static_cast<int64_t>(view.count()), expected.number("count"));
  expect_optional(view.sum(), expected, "sum");
  expect_optional(view.min(), expected, "min");
  expect_optional(view.max(), expected, "max");
  EXPECT_EQ(view.scale(), expected.number("scale"));
  EXPECT_EQ(static_cast<int64_t>(view.zero_count()), expected.number("zero_count"));
  EXPECT_EQ(view.zero_threshold(), expected.real("zero_threshold"));
  EXPECT_EQ(view.has_positive(), expected.has("positive"));
  EXPECT_EQ(view.has_negative(), expected.has("negative"));
  expect_same_buckets(view.positive(), Fields(expected.message("positive")));
  expect_same_buckets(view.negative(), Fields(expected.message("negative")));
  expect_each(view.exemplars(), *expected, "exemplars", expect_same_exemplar);
}

void expect_same_summary_point(std::string_view message, const Fields& expected) {
  SummaryPointView view(message);
  expect_same_point(view, expected);
  EXPECT_EQ(static_cast<int64_t>(view.count()), expected.number("count"));
  EXPECT_EQ(view.sum(), expected.real("sum"));
  expect_each(view.quantiles(), *expected, "quantile_values", [](std::string_view quantile, const Fields& fields) {
    EXPECT_EQ(QuantileView(quantile).quantile(), fields.real("quantile"));
    EXPECT_EQ(QuantileView(quantile).value(), fields.real("value"));
  });
}

void expect_same_metric(std::string_view message, const Fields& expected) {
  MetricView view(message);
  EXPECT_EQ(view.name(), expected.text("name"));
  EXPECT_EQ(view.description(), expected.text("description"));
  EXPECT_EQ(view.unit(), expected.text("unit"));
  expect_same(view.metadata(), *expected, "metadata");
  const char* names[] = {"", "gauge", "sum", "histogram", "exponential_histogram", "summary"};
  for (size_t i = 1; i < std::size(names); i++) EXPECT_EQ(static_cast<size_t>(view.kind()) == i, expected.has(names[i])) << names[i];
  if (view.kind() == MetricKind::none) return;
  Fields data(expected.message(names[static_cast<size_t>(view.kind())]));
  EXPECT_EQ(view.temporality(), data.field("aggregation_temporality") ? data.number("aggregation_temporality") : 0);
  EXPECT_EQ(view.is_monotonic(), data.field("is_monotonic") ? data.number("is_monotonic") != 0 : false);
  expect_each(view.points(), *data, "data_points", [&](std::string_view point, const Fields& fields) {
    switch (view.kind()) {
      case MetricKind::histogram:
        return expect_same_histogram_point(point, fields);
      case MetricKind::exponential_histogram:
        return expect_same_exponential_point(point, fields);
      case MetricKind::summary:
        return expect_same_summary_point(point, fields);
      default:
        break;
    }
    NumberPointView number(point, view.kind());
    expect_same_point(number, fields);
    expect_same(number.value(), fields);
    expect_each(number.exemplars(), *fields, "exemplars", expect_same_exemplar);
  });
}

void expect_same_request(Signal signal, std::string_view request, const Message& message) {
  const char* groups[] = {"resource_spans", "resource_metrics", "resource_logs"};
  const char* scope_groups[] = {"scope_spans", "scope_metrics", "scope_logs"};
  const char* items[] = {"spans", "metrics", "log_records"};
  auto s = static_cast<size_t>(signal);
  expect_each(resource_groups(request), message, groups[s], [&](std::string_view group_message, const Fields& expected) {
    ResourceGroup group(group_message);
    Fields resource(expected.message("resource"));
    EXPECT_EQ(group.schema_url(), expected.text("schema_url"));
    expect_same(group.resource().attributes(), *resource, "attributes");
    EXPECT_EQ(group.resource().dropped_attributes_count(), resource.number("dropped_attributes_count"));
    EXPECT_EQ(static_cast<int>(group.resource().entity_refs().count()), resource.count("entity_refs"));
    expect_each(group.scope_groups(), *expected, scope_groups[s], [&](std::string_view scope_message, const Fields& scope_fields) {
      ScopeGroup scope_group(scope_message);
      Fields scope(scope_fields.message("scope"));
      EXPECT_EQ(scope_group.schema_url(), scope_fields.text("schema_url"));
      EXPECT_EQ(scope_group.scope().name(), scope.text("name"));
      EXPECT_EQ(scope_group.scope().version(), scope.text("version"));
      expect_same(scope_group.scope().attributes(), *scope, "attributes");
      EXPECT_EQ(scope_group.scope().dropped_attributes_count(), scope.number("dropped_attributes_count"));
      expect_each(scope_group.items(), *scope_fields, items[s], [&](std::string_view item, const Fields& item_fields) {
        if (signal == Signal::traces) expect_same_span(item, item_fields);
        if (signal == Signal::metrics) expect_same_metric(item, item_fields);
        if (signal == Signal::logs) expect_same_log(item, item_fields);
      });
    });
  });
}

using ViewTest = OracleTest;

TEST_F(ViewTest, ReadWhatLibprotobufReads) {
  for (Signal signal : all_signals) {
    for (uint64_t seed = 0; seed < 300; seed++) {
      SCOPED_TRACE(std::string(signal_name(signal)) + " seed " + std::to_string(seed));
      std::string bytes = RandomWire(seed).message(*oracle_->request(signal));
      auto message = oracle_->parse(signal, bytes);
      ASSERT_NE(message, nullptr);
      auto checked = validate(signal, slice(bytes), ledger_);
      ASSERT_TRUE(checked.is_ok()) << checked.status().message();
      expect_same_request(signal, checked->body.view(), *message);
      EXPECT_EQ(count_items(signal, checked->body.view()), checked->item_count);
      if (HasFailure()) return;
    }
  }
}

TEST(AttributesTest, FindGivesTheFirstOfEqualKeys) {
  std::string message;
  for (int64_t value : {7, 8}) {
    std::string any_value;
    append_varint_field(any_value, 3, static_cast<uint64_t>(value));
    std::string key_value;
    append_bytes_field(key_value, 1, "k");
    append_bytes_field(key_value, 2, any_value);
    append_bytes_field(message, 9, key_value);
  }
  EXPECT_EQ(Attributes(message, 9).find("k")->integer(), 7);
  EXPECT_FALSE(Attributes(message, 9).find("other").has_value());
}

TEST(AttributesTest, BytesThatAreNoMessageAreNeverReadBeyondTheirEnd) {
  Random random(11);
  for (int round = 0; round < 20000; round++) {
    // A block of its own for every message, so that the address sanitizer sees one byte too many.
    std::vector<char> bytes(random.below(24));
    for (char& c : bytes) c = "\x4A\x0A\x12\x01\x02\x06\x08\x7F\xFF"[random.below(9)];
    size_t seen = 0;
    for (const AttributeView& attribute : Attributes({bytes.data(), bytes.size()}, 9)) {
      seen += attribute.key.size() + attribute.value().string().size();
    }
    EXPECT_LE(seen, bytes.size());
  }
}

}  // namespace

}  // namespace vigia::otlp
