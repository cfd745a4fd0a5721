// The paths of all contexts, what they stand for in the wire form, and how they are read.

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/text.h"
#include "otlp/log_view.h"
#include "otlp/span_view.h"
#include "ottl/expression_internal.h"
#include "ottl/lexer.h"

namespace vigia::ottl {

namespace {

// How a field is read from its message.
enum class Access : uint8_t {
  text,
  trace_id,
  trace_id_text,
  span_id,
  span_id_text,
  trace_state,
  varint,
  fixed32,
  fixed64,
  time,
  attributes,
  any_value,
  any_value_text,
  messages,
  span_kind_text,
  span_kind_name,
  status_code,
  status_message,
  event_index,
  schema_url,
  metric_type,
  temporality,
  is_monotonic,
  metric_points,
  point_attributes,
  point_value_integer,
  point_value_floating,
  point_flags,
  point_count,
  point_sum,
  point_scale,
  point_zero_count,
  point_exemplars,
  point_quantiles,
};

struct PathEntry {
  Context context;
  std::string_view name;
  Access access;
  uint32_t number = 0;
};

constexpr PathEntry entries[] = {
    {Context::resource, "attributes", Access::attributes, otlp::ResourceView::attributes_number},
    {Context::resource, "dropped_attributes_count", Access::varint, 2},
    {Context::resource, "schema_url", Access::schema_url},

    {Context::scope, "name", Access::text, 1},
    {Context::scope, "version", Access::text, 2},
    {Context::scope, "attributes", Access::attributes, otlp::ScopeView::attributes_number},
    {Context::scope, "dropped_attributes_count", Access::varint, 4},
    {Context::scope, "schema_url", Access::schema_url},

    {Context::span, "trace_id", Access::trace_id, 1},
    {Context::span, "trace_id.string", Access::trace_id_text, 1},
    {Context::span, "span_id", Access::span_id, 2},
    {Context::span, "span_id.string", Access::span_id_text, 2},
    {Context::span, "trace_state", Access::trace_state, 3},
    {Context::span, "parent_span_id", Access::span_id, 4},
    {Context::span, "parent_span_id.string", Access::span_id_text, 4},
    {Context::span, "name", Access::text, 5},
    {Context::span, "kind", Access::varint, 6},
    {Context::span, "kind.string", Access::span_kind_text, 6},
    {Context::span, "kind.deprecated_string", Access::span_kind_name, 6},
    {Context::span, "start_time_unix_nano", Access::fixed64, 7},
    {Context::span, "start_time", Access::time, 7},
    {Context::span, "end_time_unix_nano", Access::fixed64, 8},
    {Context::span, "end_time", Access::time, 8},
    {Context::span, "attributes", Access::attributes, otlp::SpanView::attributes_number},
    {Context::span, "dropped_attributes_count", Access::varint, 10},
    {Context::span, "events", Access::messages, otlp::SpanView::events_number},
    {Context::span, "dropped_events_count", Access::varint, 12},
    {Context::span, "links", Access::messages, otlp::SpanView::links_number},
    {Context::span, "dropped_links_count", Access::varint, 14},
    {Context::span, "status.code", Access::status_code, 15},
    {Context::span, "status.message", Access::status_message, 15},
    {Context::span, "flags", Access::fixed32, 16},

    {Context::span_event, "name", Access::text, 2},
    {Context::span_event, "time_unix_nano", Access::fixed64, 1},
    {Context::span_event, "time", Access::time, 1},
    {Context::span_event, "attributes", Access::attributes, otlp::SpanEventView::attributes_number},
    {Context::span_event, "dropped_attributes_count", Access::varint, 4},
    {Context::span_event, "event_index", Access::event_index},

    {Context::log, "time_unix_nano", Access::fixed64, 1},
    {Context::log, "time", Access::time, 1},
    {Context::log, "observed_time_unix_nano", Access::fixed64, 11},
    {Context::log, "observed_time", Access::time, 11},
    {Context::log, "severity_number", Access::varint, 2},
    {Context::log, "severity_text", Access::text, 3},
    {Context::log, "body", Access::any_value, 5},
    {Context::log, "body.string", Access::any_value_text, 5},
    {Context::log, "attributes", Access::attributes, otlp::LogRecordView::attributes_number},
    {Context::log, "dropped_attributes_count", Access::varint, 7},
    {Context::log, "flags", Access::fixed32, 8},
    {Context::log, "trace_id", Access::trace_id, 9},
    {Context::log, "trace_id.string", Access::trace_id_text, 9},
    {Context::log, "span_id", Access::span_id, 10},
    {Context::log, "span_id.string", Access::span_id_text, 10},
    {Context::log, "event_name", Access::text, 12},

    {Context::metric, "name", Access::text, 1},
    {Context::metric, "description", Access::text, 2},
    {Context::metric, "unit", Access::text, 3},
    {Context::metric, "type", Access::metric_type},
    {Context::metric, "aggregation_temporality", Access::temporality},
    {Context::metric, "is_monotonic", Access::is_monotonic},
    {Context::metric, "metadata", Access::attributes, otlp::MetricView::metadata_number},
    {Context::metric, "data_points", Access::metric_points},

    {Context::data_point, "attributes", Access::point_attributes},
    {Context::data_point, "start_time_unix_nano", Access::fixed64, 2},
    {Context::data_point, "start_time", Access::time, 2},
    {Context::data_point, "time_unix_nano", Access::fixed64, 3},
    {Context::data_point, "time", Access::time, 3},
    {Context::data_point, "value_double", Access::point_value_floating},
    {Context::data_point, "value_int", Access::point_value_integer},
    {Context::data_point, "flags", Access::point_flags},
    {Context::data_point, "count", Access::point_count},
    {Context::data_point, "sum", Access::point_sum},
    {Context::data_point, "scale", Access::point_scale},
    {Context::data_point, "zero_count", Access::point_zero_count},
    {Context::data_point, "exemplars", Access::point_exemplars},
    {Context::data_point, "quantile_values", Access::point_quantiles},
};

bool can_be_indexed(Access access) {
  return access == Access::attributes || access == Access::point_attributes || access == Access::any_value || access == Access::trace_state;
}

// An id that is not set compares as one of zeros.
Value id_value(std::string_view id, size_t size) {
  static constexpr std::string_view zeros("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  return Value::of_id(id.empty() ? zeros.substr(0, size) : id);
}

Value id_text(Evaluation& evaluation, std::string_view id, size_t size) {
  return Value::of_text(evaluation.scratch() = to_hex(id_value(id, size).content));
}

constexpr std::array<std::string_view, 6> span_kinds = {"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
constexpr std::array<std::string_view, 6> span_kind_names = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                                             "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};

Value kind_value(const std::array<std::string_view, 6>& names, std::string_view span) {
  auto kind = static_cast<size_t>(otlp::varint_field(span, 6));
  return Value::of_text(kind < names.size() ? names[kind] : std::string_view());
}

Value fixed64_value(std::string_view message, uint32_t number) {
  return Value::of_integer(static_cast<int64_t>(otlp::fixed64_field(message, number)));
}
// int32 and enums stand as 64-bit varints.
Value varint_value(std::string_view message, uint32_t number) {
  return Value::of_integer(static_cast<int32_t>(otlp::varint_field(message, number)));
}

bool is_number_point(otlp::MetricKind kind) { return kind == otlp::MetricKind::gauge || kind == otlp::MetricKind::sum; }
bool is_histogram_point(otlp::MetricKind kind) {
  return kind == otlp::MetricKind::histogram || kind == otlp::MetricKind::exponential_histogram;
}
bool is_counting_point(otlp::MetricKind kind) { return is_histogram_point(kind) || kind == otlp::MetricKind::summary; }

uint32_t exemplars_number(otlp::MetricKind kind) {
  return is_number_point(kind) ? 5 : kind == otlp::MetricKind::histogram ? 8 : kind == otlp::MetricKind::exponential_histogram ? 11 : 0;
}

Value read_metric(const PathEntry& entry, std::string_view message) {
  otlp::MetricView metric(message);
  bool is_sum = metric.kind() == otlp::MetricKind::sum;
  switch (entry.access) {
    case Access::metric_type:
      return Value::of_integer(static_cast<int64_t>(metric.kind()));
    case Access::temporality:
      return is_sum || is_histogram_point(metric.kind()) ? Value::of_integer(metric.temporality()) : Value();
    case Access::is_monotonic:
      return is_sum ? Value::of_boolean(metric.is_monotonic()) : Value();
    default:
      return Value::of_messages(metric.data(), 1);
  }
}

Value read_point(const PathEntry& entry, const Item& item) {
  std::string_view point = item.part;
  otlp::MetricKind kind = item.metric_kind;
  bool is_exponential = kind == otlp::MetricKind::exponential_histogram;
  switch (entry.access) {
    case Access::point_attributes:
      return kind == otlp::MetricKind::none ? Value() : Value::of_map(point, otlp::point_attributes_number(kind));
    case Access::point_value_integer: {
      otlp::NumberView number = otlp::NumberPointView(point, kind).value();
      return is_number_point(kind) ? Value::of_integer(number.integer) : Value();
    }
    case Access::point_value_floating: {
      otlp::NumberView number = otlp::NumberPointView(point, kind).value();
      return is_number_point(kind) ? Value::of_floating(number.real) : Value();
    }
    case Access::point_flags:
      return Value::of_integer(otlp::DataPointView(point, kind).flags());
    case Access::point_count:
      return is_counting_point(kind) ? fixed64_value(point, 4) : Value();
    case Access::point_sum:
      return is_counting_point(kind) ? Value::of_floating(otlp::double_field(point, 5).value_or(0)) : Value();
    case Access::point_scale:
      return is_exponential ? Value::of_integer(otlp::ExponentialHistogramPointView(point).scale()) : Value();
    case Access::point_zero_count:
      return is_exponential ? fixed64_value(point, 7) : Value();
    case Access::point_exemplars:
      return exemplars_number(kind) ? Value::of_messages(point, exemplars_number(kind)) : Value();
    default:
      return kind == otlp::MetricKind::summary ? Value::of_messages(point, 6) : Value();
  }
}

// The entry of a W3C trace state, "a=1,b=2".
Value trace_state_entry(std::string_view state, std::string_view key) {
  while (!state.empty()) {
    size_t end = std::min(state.find(','), state.size());
    std::string_view member = trim(state.substr(0, end));
    state.remove_prefix(std::min(end + 1, state.size()));
    size_t separator = member.find('=');
    if (separator != std::string_view::npos && member.substr(0, separator) == key) return Value::of_text(member.substr(separator + 1));
  }
  return Value::of_text("");
}

std::string_view message_of(const Item& item, Context context) {
  switch (context) {
    case Context::resource:
      return item.resource;
    case Context::scope:
      return item.scope;
    case Context::span_event:
    case Context::data_point:
      return item.part;
    default:
      return item.record;
  }
}

Value read(Evaluation& evaluation, const PathEntry& entry) {
  const Item& item = evaluation.item;
  std::string_view message = message_of(item, entry.context);
  switch (entry.access) {
    case Access::text:
    case Access::trace_state:
      return Value::of_text(otlp::bytes_field(message, entry.number));
    case Access::trace_id:
      return id_value(otlp::bytes_field(message, entry.number), 16);
    case Access::span_id:
      return id_value(otlp::bytes_field(message, entry.number), 8);
    case Access::trace_id_text:
      return id_text(evaluation, otlp::bytes_field(message, entry.number), 16);
    case Access::span_id_text:
      return id_text(evaluation, otlp::bytes_field(message, entry.number), 8);
    case Access::varint:
      return varint_value(message, entry.number);
    case Access::fixed32:
      return Value::of_integer(otlp::fixed32_field(message, entry.number));
    case Access::fixed64:
      return fixed64_value(message, entry.number);
    case Access::time:
      return Value::of_time(static_cast<int64_t>(otlp::fixed64_field(message, entry.number)));
    case Access::attributes:
      return Value::of_map(message, entry.number);
    case Access::any_value:
      return Value::of_any(otlp::message_field(message, entry.number));
    case Access::any_value_text: {
      Value value = Value::of_any(otlp::message_field(message, entry.number));
      if (value.type == Value::Type::text) return value;
      std::string& text = evaluation.scratch();
      append_display_text(text, value);
      return Value::of_text(text);
    }
    case Access::messages:
      return Value::of_messages(message, entry.number);
    case Access::span_kind_text:
      return kind_value(span_kinds, message);
    case Access::span_kind_name:
      return kind_value(span_kind_names, message);
    case Access::status_code:
      return varint_value(otlp::message_field(message, entry.number), 3);
    case Access::status_message:
      return Value::of_text(otlp::bytes_field(otlp::message_field(message, entry.number), 2));
    case Access::event_index:
      return Value::of_integer(item.part_index);
    case Access::schema_url:
      return Value::of_text(otlp::bytes_field(entry.context == Context::resource ? item.resource_group : item.scope_group, 3));
    case Access::metric_type:
    case Access::temporality:
    case Access::is_monotonic:
    case Access::metric_points:
      return read_metric(entry, message);
    default:
      return read_point(entry, item);
  }
}

class PathNode final : public ValueNode {
 public:
  PathNode(const PathEntry& entry, std::vector<CompiledKey> keys) : entry_(entry), keys_(std::move(keys)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = read(evaluation, entry_);
    if (keys_.empty()) return value;
    if (entry_.access == Access::trace_state) return in_trace_state(evaluation, value);
    return apply_keys(evaluation, value, keys_);
  }

 private:
  Value in_trace_state(Evaluation& evaluation, const Value& state) const {
    Value key = keys_[0].value->evaluate(evaluation);
    if (key.type != Value::Type::text) return evaluation.fail(fmt::format("cannot read trace_state: its key is {}", type_name(key.type)));
    return trace_state_entry(state.content, key.content);
  }

  const PathEntry& entry_;
  std::vector<CompiledKey> keys_;
};

// The path that consists of one attribute's value by a key that is known: what nearly all conditions look at.
class AttributeNode final : public ValueNode {
 public:
  AttributeNode(const PathEntry& entry, std::string key) : entry_(entry), key_(std::move(key)) {}
  Value evaluate(Evaluation& evaluation) const override {
    otlp::Attributes attributes(message_of(evaluation.item, entry_.context), entry_.number);
    for (const otlp::AttributeView& attribute : attributes) {
      if (attribute.key == key_) return Value::of_any(attribute.value_message);
    }
    return {};
  }

 private:
  const PathEntry& entry_;
  std::string key_;
};

const PathEntry* find_entry(Context context, std::string_view name) {
  for (const PathEntry& entry : entries) {
    if (entry.context == context && entry.name == name) return &entry;
  }
  return nullptr;
}

std::string joined_names(const Path& path, size_t from) {
  std::string name;
  for (size_t i = from; i < path.segments.size(); i++) {
    if (!name.empty()) name += '.';
    name += path.segments[i].name;
  }
  return name;
}

Status unknown_path(const std::string& name, size_t column, Context context) {
  std::vector<std::string> candidates;
  for (const PathEntry& entry : entries) {
    if (!can_see(context, entry.context)) continue;
    candidates.push_back(fmt::format("{}.{}", context_name(entry.context), entry.name));
    if (entry.context == context) candidates.emplace_back(entry.name);
  }
  std::string nearest = nearest_word(name, candidates);
  std::string hint = nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
  return expression_error(column, fmt::format("there is no path {} in the context {}{}", name, context_name(context), hint));
}

}  // namespace

Result<ValueNodePointer> compile_path(const Path& path, size_t column, Context context, std::vector<CompiledKey> keys) {
  std::string name = joined_names(path, 0);
  const PathEntry* entry = nullptr;
  if (std::optional<Context> named = context_by_name(path.segments[0].name); named && path.segments.size() > 1) {
    if (!can_see(context, *named))
      return expression_error(column, fmt::format("the context {} does not see {}", context_name(context), name));
    entry = find_entry(*named, joined_names(path, 1));
  }
  if (!entry) entry = find_entry(context, name);
  if (!entry) return unknown_path(name, column, context);
  for (size_t i = 0; i + 1 < path.segments.size(); i++) {
    if (!path.segments[i].keys.empty())
      return expression_error(path.segments[i].keys[0].column, fmt::format("{} cannot be indexed", path.segments[i].name));
  }
  if (keys.empty()) return ValueNodePointer(std::make_unique<PathNode>(*entry, std::move(keys)));
  if (!can_be_indexed(entry->access)) return expression_error(column, fmt::format("{} cannot be indexed", name));
  if (entry->access == Access::trace_state && keys.size() != 1) return expression_error(column, "trace_state takes exactly one key");
  const Value* key = keys[0].value->constant();
  if (entry->access == Access::attributes && keys.size() == 1 && key && key->type == Value::Type::text)
    return ValueNodePointer(std::make_unique<AttributeNode>(*entry, std::string(key->content)));
  return ValueNodePointer(std::make_unique<PathNode>(*entry, std::move(keys)));
}

}  // namespace vigia::ottl
