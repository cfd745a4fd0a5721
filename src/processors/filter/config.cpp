#include "processors/filter/config.h"

#include <fmt/core.h>

#include "ottl/decode.h"

namespace vigia::processors {

namespace {

using ottl::Context;

// A condition whose context is known.
void decode_condition(config::Section& item, Context context, FilterGroup& group) {
  FilterCondition condition{context, {}};
  if (!item.as_string(condition.text)) return;
  Result<ottl::Condition> compiled = ottl::Condition::compile(condition.text, context);
  if (!compiled) return item.error(compiled.status().message());
  group.conditions.push_back(std::move(condition));
}

// A condition that names its context itself.
void decode_prefixed_condition(config::Section& item, otlp::Signal signal, FilterGroup& group) {
  std::string text;
  if (!item.as_string(text)) return;
  Result<Context> context = ottl::infer_context(text, signal);
  if (!context) return item.error(context.status().message());
  decode_condition(item, *context, group);
}

// traces::span and the like: which keys there are, and what they mean.
struct ContextKey {
  std::string_view key;
  Context context;
};

void decode_contexts(config::Section& section, std::initializer_list<ContextKey> keys, FilterGroup& group) {
  for (const ContextKey& key : keys) section.list(key.key, [&](config::Section& item) { decode_condition(item, key.context, group); });
}

// One entry of the advanced form: {context, error_mode, conditions}.
void decode_group(config::Section& entry, otlp::Signal signal, FilterGroup& group) {
  std::string name;
  std::optional<Context> context;
  if (entry.field("context", name)) {
    context = ottl::context_by_name(name);
    if (!context || !ottl::occurs_in(*context, signal))
      return entry.error("context", fmt::format("{} is no context of {}", name, otlp::signal_name(signal)));
  }
  ottl::decode_error_mode(entry, group.error_mode);
  entry.list("conditions", [&](config::Section& item) {
    if (context)
      decode_condition(item, *context, group);
    else
      decode_prefixed_condition(item, signal, group);
  });
}

// trace_conditions and the like: a list of conditions, or of groups of them.
void decode_flat(config::Section& section, std::string_view key, otlp::Signal signal, ottl::ErrorMode error_mode, FilterRules& rules) {
  FilterGroup basic{error_mode, {}};
  std::vector<FilterGroup> advanced;
  bool is_basic = false;
  section.list(key, [&](config::Section& item) {
    if (item.is_null()) return item.error("a condition cannot be empty");
    if (item.node().is_scalar()) {
      is_basic = true;
      return decode_prefixed_condition(item, signal, basic);
    }
    decode_group(item, signal, advanced.emplace_back(FilterGroup{error_mode, {}}));
  });
  if (is_basic && !advanced.empty()) section.error(key, "either texts or groups with conditions, not both in one list");
  if (!basic.conditions.empty()) rules.groups.push_back(std::move(basic));
  for (FilterGroup& group : advanced) rules.groups.push_back(std::move(group));
}

void decode_log_properties(config::Section& section, std::optional<ottl::MatchProperties>& out) {
  ottl::MatchProperties properties;
  ottl::decode_match_type(section, properties.match_type);
  ottl::decode_attributes(section, "resource_attributes", properties.resources);
  ottl::decode_attributes(section, "record_attributes", properties.attributes);
  section.field("severity_texts", properties.log_severity_texts);
  ottl::decode_severity(section, "severity_number", properties.log_severity_number);
  section.field("bodies", properties.log_bodies);
  bool is_empty = properties.resources.empty() && properties.attributes.empty() && properties.log_severity_texts.empty() &&
                  !properties.log_severity_number && properties.log_bodies.empty();
  if (!is_empty) out = std::move(properties);
}

void decode_metric_properties(config::Section& section, ottl::MatchProperties& properties) {
  ottl::decode_match_type(section, properties.match_type);
  section.accept_ignored("regexp");
  section.refuse("expressions", "they are not in this build; write the conditions in OTTL, under metrics::metric or metrics::datapoint");
  section.field("metric_names", properties.metric_names);
  ottl::decode_attributes(section, "resource_attributes", properties.resources);
}

void decode_metric_choices(config::Section& section, std::vector<ottl::MatchConfig>& choices) {
  section.section("include", [&](config::Section& include) {
    ottl::MatchProperties properties;
    decode_metric_properties(include, properties);
    if (!properties.metric_names.empty() || !properties.resources.empty()) choices.emplace_back().include = std::move(properties);
  });
  section.section("exclude", [&](config::Section& exclude) {
    ottl::MatchProperties properties;
    decode_metric_properties(exclude, properties);
    // Either of the two is reason enough to drop a metric.
    ottl::MatchProperties resources;
    resources.match_type = properties.match_type;
    resources.resources = std::move(properties.resources);
    properties.resources.clear();
    if (!properties.metric_names.empty()) choices.emplace_back().exclude = std::move(properties);
    if (!resources.resources.empty()) choices.emplace_back().exclude = std::move(resources);
  });
}

// The three ways to say what to drop exclude each other, as in the Collector.
void check_ways(config::Section& section, std::string_view flat_key, std::string_view context_keys, std::string_view older_keys,
                bool has_contexts, const FilterRules& rules) {
  bool has_flat = section.has(flat_key);
  if (has_contexts && !rules.choices.empty())
    section.error(fmt::format("{} and {} cannot be used at the same time", context_keys, older_keys));
  if (has_flat && (has_contexts || !rules.choices.empty()))
    section.error(flat_key, fmt::format("{} cannot be used together with {} or {}", flat_key, context_keys, older_keys));
}

void check_choices(config::Section& section, std::string_view key, const FilterRules& rules, otlp::Signal signal) {
  if (section.has_new_errors()) return;
  for (const ottl::MatchConfig& choice : rules.choices) {
    Result<ottl::Selection> selection = ottl::Selection::compile(choice, signal);
    if (!selection) section.error(key, selection.status().message());
  }
}

// Puts the group in front when it has conditions; says whether it has.
bool take_group(FilterGroup group, FilterRules& rules) {
  if (group.conditions.empty()) return false;
  rules.groups.insert(rules.groups.begin(), std::move(group));
  return true;
}

void decode_traces(config::Section& section, ottl::ErrorMode error_mode, FilterRules& rules) {
  FilterGroup group{error_mode, {}};
  section.section("traces", [&](config::Section& traces) {
    decode_contexts(traces, {{"resource", Context::resource}, {"span", Context::span}, {"spanevent", Context::span_event}}, group);
  });
  section.section("spans", [&](config::Section& spans) {
    ottl::MatchConfig match;
    ottl::decode_match(spans, match);
    if (match.include || match.exclude) rules.choices.push_back(std::move(match));
  });
  check_choices(section, "spans", rules, otlp::Signal::traces);
  decode_flat(section, "trace_conditions", otlp::Signal::traces, error_mode, rules);
  bool has_contexts = take_group(std::move(group), rules);
  check_ways(section, "trace_conditions", "traces::resource, span and spanevent", "spans::include and exclude", has_contexts, rules);
}

void decode_metrics(config::Section& section, ottl::ErrorMode error_mode, FilterRules& rules) {
  FilterGroup group{error_mode, {}};
  section.section("metrics", [&](config::Section& metrics) {
    decode_contexts(metrics, {{"resource", Context::resource}, {"metric", Context::metric}, {"datapoint", Context::data_point}}, group);
    metrics.accept_ignored("regexp");
    decode_metric_choices(metrics, rules.choices);
  });
  check_choices(section, "metrics", rules, otlp::Signal::metrics);
  decode_flat(section, "metric_conditions", otlp::Signal::metrics, error_mode, rules);
  bool has_contexts = take_group(std::move(group), rules);
  check_ways(section, "metric_conditions", "metrics::resource, metric and datapoint", "metrics::include and exclude", has_contexts, rules);
}

void decode_logs(config::Section& section, ottl::ErrorMode error_mode, FilterRules& rules) {
  FilterGroup group{error_mode, {}};
  section.section("logs", [&](config::Section& logs) {
    decode_contexts(logs, {{"resource", Context::resource}, {"log_record", Context::log}}, group);
    ottl::MatchConfig match;
    logs.section("include", [&](config::Section& include) { decode_log_properties(include, match.include); });
    logs.section("exclude", [&](config::Section& exclude) { decode_log_properties(exclude, match.exclude); });
    if (match.include || match.exclude) rules.choices.push_back(std::move(match));
  });
  check_choices(section, "logs", rules, otlp::Signal::logs);
  decode_flat(section, "log_conditions", otlp::Signal::logs, error_mode, rules);
  bool has_contexts = take_group(std::move(group), rules);
  check_ways(section, "log_conditions", "logs::resource and log_record", "logs::include and exclude", has_contexts, rules);
}

}  // namespace

FilterConfig decode_filter_config(config::Section& section) {
  FilterConfig config;
  ottl::ErrorMode error_mode = ottl::ErrorMode::ignore;
  ottl::decode_error_mode(section, error_mode);
  decode_traces(section, error_mode, config.traces);
  decode_metrics(section, error_mode, config.metrics);
  decode_logs(section, error_mode, config.logs);
  // There are no profiles to filter.
  section.accept_ignored("profiles");
  section.accept_ignored("profile_conditions");
  return config;
}

}  // namespace vigia::processors
