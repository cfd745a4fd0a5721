#pragma once

// The configuration of the processor `filter`: OTTL conditions by context (traces::span, …), the same with the context inferred
// (trace_conditions, …), and the older lists of what to include and exclude (spans::include, …).

#include <string>
#include <vector>

#include "config/section.h"
#include "ottl/condition.h"
#include "ottl/match_properties.h"

namespace vigia::processors {

struct FilterCondition {
  ottl::Context context;
  std::string text;
};

// Conditions that are applied together, outer contexts first.
struct FilterGroup {
  ottl::ErrorMode error_mode = ottl::ErrorMode::ignore;
  std::vector<FilterCondition> conditions;
};

struct FilterRules {
  std::vector<FilterGroup> groups;
  // What one of these does not choose is dropped.
  std::vector<ottl::MatchConfig> choices;
};

struct FilterConfig {
  FilterRules traces;
  FilterRules metrics;
  FilterRules logs;

  const FilterRules& of(otlp::Signal signal) const {
    return signal == otlp::Signal::traces ? traces : signal == otlp::Signal::metrics ? metrics : logs;
  }
};

FilterConfig decode_filter_config(config::Section& section);

}  // namespace vigia::processors
