#include "otlp/json_schema.h"

#include <array>

namespace vigia::otlp {

namespace {

using Kind = JsonKind;

constexpr JsonField one(std::string_view name, uint32_t number, Kind kind) { return {name, number, kind}; }
constexpr JsonField one(std::string_view name, uint32_t number, const JsonMessage& message) {
  return {.name = name, .number = number, .kind = Kind::message, .message = &message};
}
constexpr JsonField one(std::string_view name, uint32_t number, std::span<const JsonEnumValue> values) {
  return {.name = name, .number = number, .kind = Kind::enumeration, .values = values};
}
constexpr JsonField many(std::string_view name, uint32_t number, const JsonMessage& message) {
  return {.name = name, .number = number, .kind = Kind::message, .is_repeated = true, .message = &message};
}
constexpr JsonField many(std::string_view name, uint32_t number, Kind kind) {
  return {.name = name, .number = number, .kind = kind, .is_repeated = true};
}
constexpr JsonField choice(uint8_t choice, std::string_view name, uint32_t number, Kind kind) {
  return {.name = name, .number = number, .kind = kind, .choice = choice};
}
constexpr JsonField choice(uint8_t choice, std::string_view name, uint32_t number, const JsonMessage& message) {
  return {.name = name, .number = number, .kind = Kind::message, .choice = choice, .message = &message};
}

// AnyValue, ArrayValue and KeyValueList contain each other.
extern const JsonMessage any_value;
extern const JsonMessage key_value;

constexpr JsonField array_value_fields[] = {many("values", 1, any_value)};
constexpr JsonMessage array_value = {"ArrayValue", array_value_fields, 60};

constexpr JsonField key_value_list_fields[] = {many("values", 1, key_value)};
constexpr JsonMessage key_value_list = {"KeyValueList", key_value_list_fields, 60};

constexpr JsonField any_value_fields[] = {
    choice(1, "stringValue", 1, Kind::string), choice(1, "boolValue", 2, Kind::boolean),
    choice(1, "intValue", 3, Kind::int64),     choice(1, "doubleValue", 4, Kind::real),
    choice(1, "arrayValue", 5, array_value),   choice(1, "kvlistValue", 6, key_value_list),
    choice(1, "bytesValue", 7, Kind::bytes),   choice(1, "stringValueStrindex", 8, Kind::int32),
};
constexpr JsonMessage any_value = {"AnyValue", any_value_fields, 20};

constexpr JsonField key_value_fields[] = {
    one("key", 1, Kind::string),
    one("value", 2, any_value),
    one("keyStrindex", 3, Kind::int32),
};
constexpr JsonMessage key_value = {"KeyValue", key_value_fields, 40};

constexpr JsonField scope_fields[] = {
    one("name", 1, Kind::string),
    one("version", 2, Kind::string),
    many("attributes", 3, key_value),
    one("droppedAttributesCount", 4, Kind::uint32),
};
constexpr JsonMessage scope = {"InstrumentationScope", scope_fields, 40};

constexpr JsonField entity_fields[] = {
    one("schemaUrl", 1, Kind::string),
    one("type", 2, Kind::string),
    many("idKeys", 3, Kind::string),
    many("descriptionKeys", 4, Kind::string),
};
constexpr JsonMessage entity = {"EntityRef", entity_fields, 60};

constexpr JsonField resource_fields[] = {
    many("attributes", 1, key_value),
    one("droppedAttributesCount", 2, Kind::uint32),
    many("entityRefs", 3, entity),
};
constexpr JsonMessage resource = {"Resource", resource_fields, 400};

// A request lists resources, a resource lists scopes, a scope lists items: the same for all three signals.
constexpr size_t typical_group_bytes = 80'000;
constexpr size_t typical_request_bytes = 400'000;

// Traces.

constexpr JsonEnumValue span_kinds[] = {
    {"SPAN_KIND_UNSPECIFIED", 0}, {"SPAN_KIND_INTERNAL", 1}, {"SPAN_KIND_SERVER", 2},
    {"SPAN_KIND_CLIENT", 3},      {"SPAN_KIND_PRODUCER", 4}, {"SPAN_KIND_CONSUMER", 5},
};
constexpr JsonEnumValue status_codes[] = {{"STATUS_CODE_UNSET", 0}, {"STATUS_CODE_OK", 1}, {"STATUS_CODE_ERROR", 2}};

constexpr JsonField event_fields[] = {
    one("timeUnixNano", 1, Kind::fixed64),
    one("name", 2, Kind::string),
    many("attributes", 3, key_value),
    one("droppedAttributesCount", 4, Kind::uint32),
};
constexpr JsonMessage event = {"Event", event_fields, 80};

constexpr JsonField link_fields[] = {
    one("traceId", 1, Kind::trace_id),
    one("spanId", 2, Kind::span_id),
    one("traceState", 3, Kind::string),
    many("attributes", 4, key_value),
    one("droppedAttributesCount", 5, Kind::uint32),
    one("flags", 6, Kind::fixed32),
};
constexpr JsonMessage link = {"Link", link_fields, 40};

constexpr JsonField status_fields[] = {
    one("message", 2, Kind::string),
    one("code", 3, status_codes),
};
constexpr JsonMessage status = {"Status", status_fields, 10};

constexpr JsonField span_fields[] = {
    one("traceId", 1, Kind::trace_id),
    one("spanId", 2, Kind::span_id),
    one("traceState", 3, Kind::string),
    one("parentSpanId", 4, Kind::span_id),
    one("flags", 16, Kind::fixed32),
    one("name", 5, Kind::string),
    one("kind", 6, span_kinds),
    one("startTimeUnixNano", 7, Kind::fixed64),
    one("endTimeUnixNano", 8, Kind::fixed64),
    many("attributes", 9, key_value),
    one("droppedAttributesCount", 10, Kind::uint32),
    many("events", 11, event),
    one("droppedEventsCount", 12, Kind::uint32),
    many("links", 13, link),
    one("droppedLinksCount", 14, Kind::uint32),
    one("status", 15, status),
};
constexpr JsonMessage span = {"Span", span_fields, 400};

constexpr JsonField scope_spans_fields[] = {one("scope", 1, scope), many("spans", 2, span), one("schemaUrl", 3, Kind::string)};
constexpr JsonMessage scope_spans = {"ScopeSpans", scope_spans_fields, typical_group_bytes};
constexpr JsonField resource_spans_fields[] = {one("resource", 1, resource), many("scopeSpans", 2, scope_spans),
                                               one("schemaUrl", 3, Kind::string)};
constexpr JsonMessage resource_spans = {"ResourceSpans", resource_spans_fields, typical_group_bytes};
constexpr JsonField traces_request_fields[] = {many("resourceSpans", 1, resource_spans)};
constexpr JsonMessage traces_request = {"ExportTraceServiceRequest", traces_request_fields, typical_request_bytes};

// Metrics.

constexpr JsonEnumValue temporalities[] = {
    {"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0},
    {"AGGREGATION_TEMPORALITY_DELTA", 1},
    {"AGGREGATION_TEMPORALITY_CUMULATIVE", 2},
};

constexpr JsonField exemplar_fields[] = {
    many("filteredAttributes", 7, key_value), one("timeUnixNano", 2, Kind::fixed64), choice(1, "asDouble", 3, Kind::real),
    choice(1, "asInt", 6, Kind::sfixed64),    one("traceId", 5, Kind::trace_id),     one("spanId", 4, Kind::span_id),
};
constexpr JsonMessage exemplar = {"Exemplar", exemplar_fields, 50};

constexpr JsonField number_point_fields[] = {
    many("attributes", 7, key_value),     one("startTimeUnixNano", 2, Kind::fixed64), one("timeUnixNano", 3, Kind::fixed64),
    choice(1, "asDouble", 4, Kind::real), choice(1, "asInt", 6, Kind::sfixed64),      many("exemplars", 5, exemplar),
    one("flags", 8, Kind::uint32),
};
constexpr JsonMessage number_point = {"NumberDataPoint", number_point_fields, 150};

constexpr JsonField histogram_point_fields[] = {
    many("attributes", 9, key_value),      one("startTimeUnixNano", 2, Kind::fixed64),
    one("timeUnixNano", 3, Kind::fixed64), one("count", 4, Kind::fixed64),
    choice(1, "sum", 5, Kind::real),       many("bucketCounts", 6, Kind::fixed64),
    many("explicitBounds", 7, Kind::real), many("exemplars", 8, exemplar),
    one("flags", 10, Kind::uint32),        choice(2, "min", 11, Kind::real),
    choice(3, "max", 12, Kind::real),
};
constexpr JsonMessage histogram_point = {"HistogramDataPoint", histogram_point_fields, 300};

constexpr JsonField buckets_fields[] = {one("offset", 1, Kind::sint32), many("bucketCounts", 2, Kind::uint64)};
constexpr JsonMessage buckets = {"Buckets", buckets_fields, 60};

constexpr JsonField exponential_point_fields[] = {
    many("attributes", 1, key_value),      one("startTimeUnixNano", 2, Kind::fixed64),
    one("timeUnixNano", 3, Kind::fixed64), one("count", 4, Kind::fixed64),
    choice(1, "sum", 5, Kind::real),       one("scale", 6, Kind::sint32),
    one("zeroCount", 7, Kind::fixed64),    one("positive", 8, buckets),
    one("negative", 9, buckets),           one("flags", 10, Kind::uint32),
    many("exemplars", 11, exemplar),       choice(2, "min", 12, Kind::real),
    choice(3, "max", 13, Kind::real),      one("zeroThreshold", 14, Kind::real),
};
constexpr JsonMessage exponential_point = {"ExponentialHistogramDataPoint", exponential_point_fields, 300};

constexpr JsonField quantile_fields[] = {one("quantile", 1, Kind::real), one("value", 2, Kind::real)};
constexpr JsonMessage quantile = {"ValueAtQuantile", quantile_fields, 18};

constexpr JsonField summary_point_fields[] = {
    many("attributes", 7, key_value),
    one("startTimeUnixNano", 2, Kind::fixed64),
    one("timeUnixNano", 3, Kind::fixed64),
    one("count", 4, Kind::fixed64),
    one("sum", 5, Kind::real),
    many("quantileValues", 6, quantile),
    one("flags", 8, Kind::uint32),
};
constexpr JsonMessage summary_point = {"SummaryDataPoint", summary_point_fields, 200};

constexpr JsonField gauge_fields[] = {many("dataPoints", 1, number_point)};
constexpr JsonMessage gauge = {"Gauge", gauge_fields, 200};
constexpr JsonField sum_fields[] = {many("dataPoints", 1, number_point), one("aggregationTemporality", 2, temporalities),
                                    one("isMonotonic", 3, Kind::boolean)};
constexpr JsonMessage sum = {"Sum", sum_fields, 200};
constexpr JsonField histogram_fields[] = {many("dataPoints", 1, histogram_point), one("aggregationTemporality", 2, temporalities)};
constexpr JsonMessage histogram = {"Histogram", histogram_fields, 400};
constexpr JsonField exponential_fields[] = {many("dataPoints", 1, exponential_point), one("aggregationTemporality", 2, temporalities)};
constexpr JsonMessage exponential = {"ExponentialHistogram", exponential_fields, 400};
constexpr JsonField summary_fields[] = {many("dataPoints", 1, summary_point)};
constexpr JsonMessage summary = {"Summary", summary_fields, 300};

constexpr JsonField metric_fields[] = {
    one("name", 1, Kind::string),
    one("description", 2, Kind::string),
    one("unit", 3, Kind::string),
    choice(1, "gauge", 5, gauge),
    choice(1, "sum", 7, sum),
    choice(1, "histogram", 9, histogram),
    choice(1, "exponentialHistogram", 10, exponential),
    choice(1, "summary", 11, summary),
    many("metadata", 12, key_value),
};
constexpr JsonMessage metric = {"Metric", metric_fields, 400};

constexpr JsonField scope_metrics_fields[] = {one("scope", 1, scope), many("metrics", 2, metric), one("schemaUrl", 3, Kind::string)};
constexpr JsonMessage scope_metrics = {"ScopeMetrics", scope_metrics_fields, typical_group_bytes};
constexpr JsonField resource_metrics_fields[] = {one("resource", 1, resource), many("scopeMetrics", 2, scope_metrics),
                                                 one("schemaUrl", 3, Kind::string)};
constexpr JsonMessage resource_metrics = {"ResourceMetrics", resource_metrics_fields, typical_group_bytes};
constexpr JsonField metrics_request_fields[] = {many("resourceMetrics", 1, resource_metrics)};
constexpr JsonMessage metrics_request = {"ExportMetricsServiceRequest", metrics_request_fields, typical_request_bytes};

// Logs.

constexpr JsonEnumValue severities[] = {
    {"SEVERITY_NUMBER_UNSPECIFIED", 0}, {"SEVERITY_NUMBER_TRACE", 1},  {"SEVERITY_NUMBER_TRACE2", 2},  {"SEVERITY_NUMBER_TRACE3", 3},
    {"SEVERITY_NUMBER_TRACE4", 4},      {"SEVERITY_NUMBER_DEBUG", 5},  {"SEVERITY_NUMBER_DEBUG2", 6},  {"SEVERITY_NUMBER_DEBUG3", 7},
    {"SEVERITY_NUMBER_DEBUG4", 8},      {"SEVERITY_NUMBER_INFO", 9},   {"SEVERITY_NUMBER_INFO2", 10},  {"SEVERITY_NUMBER_INFO3", 11},
    {"SEVERITY_NUMBER_INFO4", 12},      {"SEVERITY_NUMBER_WARN", 13},  {"SEVERITY_NUMBER_WARN2", 14},  {"SEVERITY_NUMBER_WARN3", 15},
    {"SEVERITY_NUMBER_WARN4", 16},      {"SEVERITY_NUMBER_ERROR", 17}, {"SEVERITY_NUMBER_ERROR2", 18}, {"SEVERITY_NUMBER_ERROR3", 19},
    {"SEVERITY_NUMBER_ERROR4", 20},     {"SEVERITY_NUMBER_FATAL", 21}, {"SEVERITY_NUMBER_FATAL2", 22}, {"SEVERITY_NUMBER_FATAL3", 23},
    {"SEVERITY_NUMBER_FATAL4", 24},
};

constexpr JsonField log_record_fields[] = {
    one("timeUnixNano", 1, Kind::fixed64),
    one("observedTimeUnixNano", 11, Kind::fixed64),
    one("severityNumber", 2, severities),
    one("severityText", 3, Kind::string),
    one("body", 5, any_value),
    many("attributes", 6, key_value),
    one("droppedAttributesCount", 7, Kind::uint32),
    one("flags", 8, Kind::fixed32),
    one("traceId", 9, Kind::trace_id),
    one("spanId", 10, Kind::span_id),
    one("eventName", 12, Kind::string),
};
constexpr JsonMessage log_record = {"LogRecord", log_record_fields, 400};

constexpr JsonField scope_logs_fields[] = {one("scope", 1, scope), many("logRecords", 2, log_record), one("schemaUrl", 3, Kind::string)};
constexpr JsonMessage scope_logs = {"ScopeLogs", scope_logs_fields, typical_group_bytes};
constexpr JsonField resource_logs_fields[] = {one("resource", 1, resource), many("scopeLogs", 2, scope_logs),
                                              one("schemaUrl", 3, Kind::string)};
constexpr JsonMessage resource_logs = {"ResourceLogs", resource_logs_fields, typical_group_bytes};
constexpr JsonField logs_request_fields[] = {many("resourceLogs", 1, resource_logs)};
constexpr JsonMessage logs_request = {"ExportLogsServiceRequest", logs_request_fields, typical_request_bytes};

static_assert(std::size(span_fields) <= max_json_fields && std::size(exponential_point_fields) <= max_json_fields);

constexpr size_t longest_name = 32;

// "start_time_unix_nano" as "startTimeUnixNano"; the name itself when it has no underscore.
std::string_view camel_case(std::string_view name, std::array<char, longest_name>& room) {
  if (name.find('_') == std::string_view::npos || name.size() > room.size()) return name;
  size_t size = 0;
  bool raise = false;
  for (char c : name) {
    if (c == '_') {
      raise = true;
      continue;
    }
    room[size++] = raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    raise = false;
  }
  return {room.data(), size};
}

}  // namespace

const JsonMessage& json_request(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return traces_request;
    case Signal::metrics:
      return metrics_request;
    case Signal::logs:
      break;
  }
  return logs_request;
}

const JsonMessage& json_any_value() { return any_value; }

const JsonField* find_field(const JsonMessage& message, std::string_view name, size_t expected) {
  std::array<char, longest_name> room;
  name = camel_case(name, room);
  size_t count = message.fields.size();
  for (size_t i = expected; i < expected + count; i++) {
    const JsonField& field = message.fields[i < count ? i : i - count];
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace vigia::otlp
