#include "otlp/door_schema.h"

#include <initializer_list>
#include <utility>

namespace vigia::otlp::door {

namespace {

using Kind = FieldKind;
using Type = MessageType;

struct Numbered {
  uint32_t number;
  FieldRule rule;
};

constexpr Numbered scalar(uint32_t number, const char* name, Kind kind) { return {number, {name, kind}}; }
constexpr Numbered repeated(uint32_t number, const char* name, Type type) { return {number, {name, Kind::message, type}}; }
// What is counted: messages, whatever they hold.
constexpr Numbered items(uint32_t number, const char* name, Type type) { return {number, {name, Kind::message, type, true}}; }
constexpr Numbered singular(uint32_t number, const char* name, Type type) {
  return {number, {name, Kind::message, type, false, uint32_t{1} << number}};
}
// A member of the message's one oneof, which takes the bit that no field number has.
constexpr uint32_t oneof_bit = uint32_t{1} << 31;
constexpr Numbered either(uint32_t number, const char* name, Kind kind) { return {number, {name, kind, {}, false, oneof_bit}}; }
constexpr Numbered either(uint32_t number, const char* name, Type type) { return {number, {name, Kind::message, type, false, oneof_bit}}; }

constexpr MessageRule message(std::initializer_list<Numbered> fields) {
  MessageRule rule;
  rule.fields[0].kind = Kind::illegal;
  for (const Numbered& field : fields) rule.fields[field.number] = field.rule;
  return rule;
}

constexpr Numbered attributes(uint32_t number) { return repeated(number, "attributes", Type::key_value); }
constexpr Numbered dropped_attributes(uint32_t number) { return scalar(number, "dropped_attributes_count", Kind::varint); }

using Schema = std::array<MessageRule, message_type_count>;

constexpr MessageRule resource_group(const char* scope_groups, Type scope_group) {
  return message({singular(1, "resource", Type::resource), repeated(2, scope_groups, scope_group), scalar(3, "schema_url", Kind::text)});
}
constexpr MessageRule scope_group(Numbered items_field) {
  return message({singular(1, "scope", Type::scope), items_field, scalar(3, "schema_url", Kind::text)});
}

constexpr void add_common(Schema& s) {
  auto at = [&](Type type) -> MessageRule& { return s[static_cast<size_t>(type)]; };
  at(Type::resource) = message({attributes(1), dropped_attributes(2), repeated(3, "entity_refs", Type::entity_ref)});
  at(Type::entity_ref) = message({scalar(1, "schema_url", Kind::text), scalar(2, "type", Kind::text), scalar(3, "id_keys", Kind::text),
                                  scalar(4, "description_keys", Kind::text)});
  at(Type::scope) = message({scalar(1, "name", Kind::text), scalar(2, "version", Kind::text), attributes(3), dropped_attributes(4)});
  at(Type::key_value) =
      message({scalar(1, "key", Kind::text), singular(2, "value", Type::any_value), scalar(3, "key_strindex", Kind::varint)});
  at(Type::any_value) = message({either(1, "string_value", Kind::text), either(2, "bool_value", Kind::varint),
                                 either(3, "int_value", Kind::varint), either(4, "double_value", Kind::fixed64),
                                 either(5, "array_value", Type::array_value), either(6, "kvlist_value", Type::key_value_list),
                                 either(7, "bytes_value", Kind::bytes), either(8, "string_value_strindex", Kind::varint)});
  at(Type::array_value) = message({repeated(1, "values", Type::any_value)});
  at(Type::key_value_list) = message({repeated(1, "values", Type::key_value)});
}

constexpr void add_traces(Schema& s) {
  auto at = [&](Type type) -> MessageRule& { return s[static_cast<size_t>(type)]; };
  at(Type::trace_request) = message({repeated(1, "ResourceSpans", Type::resource_spans)});
  at(Type::resource_spans) = resource_group("ScopeSpans", Type::scope_spans);
  at(Type::scope_spans) = scope_group(items(2, "Span", Type::span));
  at(Type::span) =
      message({scalar(1, "trace_id", Kind::trace_id), scalar(2, "span_id", Kind::span_id), scalar(3, "trace_state", Kind::text),
               scalar(4, "parent_span_id", Kind::span_id), scalar(5, "name", Kind::text), scalar(6, "kind", Kind::varint),
               scalar(7, "start_time_unix_nano", Kind::fixed64), scalar(8, "end_time_unix_nano", Kind::fixed64), attributes(9),
               dropped_attributes(10), repeated(11, "events", Type::span_event), scalar(12, "dropped_events_count", Kind::varint),
               repeated(13, "links", Type::span_link), scalar(14, "dropped_links_count", Kind::varint),
               singular(15, "status", Type::span_status), scalar(16, "flags", Kind::fixed32)});
  at(Type::span_event) =
      message({scalar(1, "time_unix_nano", Kind::fixed64), scalar(2, "name", Kind::text), attributes(3), dropped_attributes(4)});
  at(Type::span_link) =
      message({scalar(1, "trace_id", Kind::trace_id), scalar(2, "span_id", Kind::span_id), scalar(3, "trace_state", Kind::text),
               attributes(4), dropped_attributes(5), scalar(6, "flags", Kind::fixed32)});
  at(Type::span_status) = message({scalar(2, "message", Kind::text), scalar(3, "code", Kind::varint)});
}

constexpr void add_logs(Schema& s) {
  auto at = [&](Type type) -> MessageRule& { return s[static_cast<size_t>(type)]; };
  at(Type::logs_request) = message({repeated(1, "ResourceLogs", Type::resource_logs)});
  at(Type::resource_logs) = resource_group("ScopeLogs", Type::scope_logs);
  at(Type::scope_logs) = scope_group(items(2, "LogRecord", Type::log_record));
  at(Type::log_record) =
      message({scalar(1, "time_unix_nano", Kind::fixed64), scalar(2, "severity_number", Kind::varint),
               scalar(3, "severity_text", Kind::text), singular(5, "body", Type::any_value), attributes(6), dropped_attributes(7),
               scalar(8, "flags", Kind::fixed32), scalar(9, "trace_id", Kind::trace_id), scalar(10, "span_id", Kind::span_id),
               scalar(11, "observed_time_unix_nano", Kind::fixed64), scalar(12, "event_name", Kind::text)});
}

constexpr void add_metrics(Schema& s) {
  auto at = [&](Type type) -> MessageRule& { return s[static_cast<size_t>(type)]; };
  constexpr Numbered temporality = scalar(2, "aggregation_temporality", Kind::varint);
  at(Type::metrics_request) = message({repeated(1, "ResourceMetrics", Type::resource_metrics)});
  at(Type::resource_metrics) = resource_group("ScopeMetrics", Type::scope_metrics);
  at(Type::scope_metrics) = scope_group(repeated(2, "Metric", Type::metric));
  at(Type::metric) = message({scalar(1, "name", Kind::text), scalar(2, "description", Kind::text), scalar(3, "unit", Kind::text),
                              either(5, "gauge", Type::gauge), either(7, "sum", Type::sum), either(9, "histogram", Type::histogram),
                              either(10, "exponential_histogram", Type::exponential_histogram), either(11, "summary", Type::summary),
                              repeated(12, "metadata", Type::key_value)});
  at(Type::gauge) = message({items(1, "data_points", Type::number_point)});
  at(Type::sum) = message({items(1, "data_points", Type::number_point), temporality, scalar(3, "is_monotonic", Kind::varint)});
  at(Type::histogram) = message({items(1, "data_points", Type::histogram_point), temporality});
  at(Type::exponential_histogram) = message({items(1, "data_points", Type::exponential_histogram_point), temporality});
  at(Type::summary) = message({items(1, "data_points", Type::summary_point)});
}

constexpr void add_points(Schema& s) {
  auto at = [&](Type type) -> MessageRule& { return s[static_cast<size_t>(type)]; };
  constexpr Numbered start = scalar(2, "start_time_unix_nano", Kind::fixed64);
  constexpr Numbered time = scalar(3, "time_unix_nano", Kind::fixed64);
  constexpr Numbered count = scalar(4, "count", Kind::fixed64);
  constexpr Numbered sum = scalar(5, "sum", Kind::fixed64);
  // The two members of this oneof are scalars: the last one counts, and both may stand.
  constexpr Numbered as_double_at_4 = scalar(4, "as_double", Kind::fixed64);
  constexpr Numbered as_double_at_3 = scalar(3, "as_double", Kind::fixed64);
  constexpr Numbered as_int = scalar(6, "as_int", Kind::fixed64);
  at(Type::number_point) = message(
      {attributes(7), start, time, as_double_at_4, as_int, repeated(5, "exemplars", Type::exemplar), scalar(8, "flags", Kind::varint)});
  at(Type::histogram_point) =
      message({attributes(9), start, time, count, sum, scalar(6, "bucket_counts", Kind::fixed64s),
               scalar(7, "explicit_bounds", Kind::fixed64s), repeated(8, "exemplars", Type::exemplar), scalar(10, "flags", Kind::varint),
               scalar(11, "min", Kind::fixed64), scalar(12, "max", Kind::fixed64)});
  at(Type::exponential_histogram_point) =
      message({attributes(1), start, time, count, sum, scalar(6, "scale", Kind::varint), scalar(7, "zero_count", Kind::fixed64),
               singular(8, "positive", Type::buckets), singular(9, "negative", Type::buckets), scalar(10, "flags", Kind::varint),
               repeated(11, "exemplars", Type::exemplar), scalar(12, "min", Kind::fixed64), scalar(13, "max", Kind::fixed64),
               scalar(14, "zero_threshold", Kind::fixed64)});
  at(Type::buckets) = message({scalar(1, "offset", Kind::varint), scalar(2, "bucket_counts", Kind::varints)});
  at(Type::summary_point) =
      message({attributes(7), start, time, count, sum, repeated(6, "quantile_values", Type::quantile), scalar(8, "flags", Kind::varint)});
  at(Type::quantile) = message({scalar(1, "quantile", Kind::fixed64), scalar(2, "value", Kind::fixed64)});
  at(Type::exemplar) = message({repeated(7, "filtered_attributes", Type::key_value), scalar(2, "time_unix_nano", Kind::fixed64),
                                as_double_at_3, as_int, scalar(4, "span_id", Kind::span_id), scalar(5, "trace_id", Kind::trace_id)});
}

constexpr Schema make_schema() {
  Schema s;
  add_common(s);
  add_traces(s);
  add_logs(s);
  add_metrics(s);
  add_points(s);
  return s;
}

}  // namespace

constinit const Schema schema = make_schema();
const FieldRule unknown_field;

}  // namespace vigia::otlp::door
