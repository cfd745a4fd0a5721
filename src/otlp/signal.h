#pragma once

// The three kinds of telemetry, and what their OTLP messages have in common.
//
// All three Export…ServiceRequests have one shape: field 1 repeats Resource{Spans,Metrics,Logs}; in it field 1 is the
// Resource and field 2 repeats Scope{Spans,Metrics,Logs}; in that field 1 is the scope and field 2 repeats the item
// (Span, Metric, LogRecord). Field 3 is the schema URL in both.

#include <array>
#include <cstdint>
#include <string_view>

namespace vigia::otlp {

enum class Signal : uint8_t { traces, metrics, logs };

inline constexpr std::array<Signal, 3> all_signals = {Signal::traces, Signal::metrics, Signal::logs};

// "traces", "metrics", "logs".
std::string_view signal_name(Signal signal);
// What one item is called in self-metrics: "spans", "metric_points", "log_records".
std::string_view item_name(Signal signal);

}  // namespace vigia::otlp
