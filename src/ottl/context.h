#pragma once

// Where a condition is evaluated: on a resource, a scope, a span, …; and the telemetry it then sees.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "otlp/metric_view.h"
#include "otlp/signal.h"
#include "otlp/view.h"

namespace vigia::ottl {

enum class Context : uint8_t { resource, scope, span, span_event, metric, data_point, log };

inline constexpr size_t context_count = 7;

// "resource", "scope", "span", "spanevent", "metric", "datapoint", "log".
std::string_view context_name(Context context);
// Also by the older names "instrumentation_scope", "log_record" and the like.
std::optional<Context> context_by_name(std::string_view name);

// Whether an expression evaluated in `context` sees what belongs to `other`: itself and everything around it.
bool can_see(Context context, Context other);
// The contexts that occur in a signal, outermost first.
bool occurs_in(Context context, otlp::Signal signal);

// What a condition is evaluated on. What lies outside the condition's context may stay empty.
struct Item {
  std::string_view resource;
  std::string_view scope;
  // The ResourceX and ScopeX around them; only for their schema URLs.
  std::string_view resource_group;
  std::string_view scope_group;
  // A Span, Metric or LogRecord.
  std::string_view record;
  // A span event or a data point.
  std::string_view part;
  // Of a data point: what its metric is.
  otlp::MetricKind metric_kind = otlp::MetricKind::none;
  // Of a span event: its place among the span's events.
  int64_t part_index = 0;
};

}  // namespace vigia::ottl
