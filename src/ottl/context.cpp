#include "ottl/context.h"

namespace vigia::ottl {

namespace {

constexpr std::array<std::string_view, context_count> names = {"resource", "scope", "span", "spanevent", "metric", "datapoint", "log"};

}  // namespace

std::string_view context_name(Context context) { return names[static_cast<size_t>(context)]; }

std::optional<Context> context_by_name(std::string_view name) {
  for (size_t i = 0; i < names.size(); i++) {
    if (names[i] == name) return static_cast<Context>(i);
  }
  if (name == "instrumentation_scope") return Context::scope;
  return std::nullopt;
}

bool can_see(Context context, Context other) {
  switch (other) {
    case Context::resource:
      return true;
    case Context::scope:
      return context != Context::resource;
    case Context::span:
      return context == Context::span || context == Context::span_event;
    case Context::metric:
      return context == Context::metric || context == Context::data_point;
    default:
      return context == other;
  }
}

bool occurs_in(Context context, otlp::Signal signal) {
  switch (context) {
    case Context::resource:
    case Context::scope:
      return true;
    case Context::span:
    case Context::span_event:
      return signal == otlp::Signal::traces;
    case Context::metric:
    case Context::data_point:
      return signal == otlp::Signal::metrics;
    case Context::log:
      return signal == otlp::Signal::logs;
  }
  return false;
}

}  // namespace vigia::ottl
