#include "ottl/match_properties.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "otlp/log_view.h"
#include "otlp/metric_view.h"
#include "otlp/span_view.h"
#include "ottl/value.h"

namespace vigia::ottl {

namespace {

constexpr std::array<std::string_view, 6> span_kind_names = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                                             "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
constexpr std::array<std::string_view, 6> severities = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

// Whether the value as text is in the set; the text is made only when the value is none.
bool text_matches(const TextSet& set, const Value& value, void (*append)(std::string&, const Value&)) {
  if (value.type == Value::Type::text) return set.matches(value.content);
  std::string text;
  append(text, value);
  return set.matches(text);
}

bool has_parts_or_nothing(const Value& value) {
  return value.is_nil() || value.type == Value::Type::map || value.type == Value::Type::list || value.type == Value::Type::bytes;
}

Status check_for_spans(const MatchProperties& properties) {
  if (!properties.log_bodies.empty() || !properties.log_severity_texts.empty() || properties.log_severity_number)
    return invalid_argument("log_bodies, log_severity_texts and log_severity_number do not apply to spans");
  if (!properties.metric_names.empty()) return invalid_argument("metric_names does not apply to spans");
  if (properties.services.empty() && properties.span_names.empty() && properties.attributes.empty() && properties.libraries.empty() &&
      properties.resources.empty() && properties.span_kinds.empty())
    return invalid_argument("at least one of services, span_names, span_kinds, attributes, libraries and resources is needed for spans");
  if (properties.match_type == MatchType::regexp) return {};
  for (const std::string& kind : properties.span_kinds) {
    if (std::find(span_kind_names.begin() + 1, span_kind_names.end(), kind) == span_kind_names.end())
      return invalid_argument(
          fmt::format("there is no span kind {}; expected SPAN_KIND_INTERNAL, _SERVER, _CLIENT, _PRODUCER or _CONSUMER", kind));
  }
  return {};
}

Status check_for_logs(const MatchProperties& properties) {
  if (!properties.services.empty() || !properties.span_names.empty() || !properties.span_kinds.empty() || !properties.metric_names.empty())
    return invalid_argument("services, span_names, span_kinds and metric_names do not apply to log records");
  if (properties.attributes.empty() && properties.libraries.empty() && properties.resources.empty() && properties.log_bodies.empty() &&
      properties.log_severity_texts.empty() && !properties.log_severity_number)
    return invalid_argument(
        "at least one of attributes, libraries, resources, log_bodies, log_severity_texts and log_severity_number is needed for log "
        "records");
  return {};
}

Status check_for_metrics(const MatchProperties& properties) {
  if (!properties.services.empty() || !properties.span_names.empty() || !properties.span_kinds.empty() || !properties.log_bodies.empty() ||
      !properties.log_severity_texts.empty() || properties.log_severity_number || !properties.attributes.empty() ||
      !properties.libraries.empty())
    return invalid_argument("only metric_names and resources apply to metrics");
  if (properties.metric_names.empty() && properties.resources.empty())
    return invalid_argument("at least one of metric_names and resources is needed for metrics");
  return {};
}

Status check(const MatchProperties& properties, otlp::Signal signal) {
  switch (signal) {
    case otlp::Signal::traces:
      return check_for_spans(properties);
    case otlp::Signal::metrics:
      return check_for_metrics(properties);
    case otlp::Signal::logs:
      return check_for_logs(properties);
  }
  return {};
}

}  // namespace

std::optional<int64_t> severity_by_name(std::string_view name) {
  std::optional<int64_t> number = parse_int(name);
  if (number) return *number >= 1 && *number <= 24 ? number : std::nullopt;
  for (size_t i = 0; i < severities.size(); i++) {
    size_t length = severities[i].size();
    if (!equals_ignoring_case(name.substr(0, length), severities[i])) continue;
    auto first = static_cast<int64_t>(4 * i + 1);
    if (name.size() == length) return first;
    if (name.size() == length + 1 && name[length] >= '2' && name[length] <= '4') return first + (name[length] - '1');
  }
  return std::nullopt;
}

Result<TextSet> TextSet::compile(MatchType type, const std::vector<std::string>& texts) {
  TextSet set;
  if (type == MatchType::strict) {
    set.texts_ = texts;
    return set;
  }
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Regex pattern, Regex::compile(text));
    set.patterns_.push_back(std::move(pattern));
  }
  return set;
}

bool TextSet::matches(std::string_view text) const {
  return std::find(texts_.begin(), texts_.end(), text) != texts_.end() ||
         std::any_of(patterns_.begin(), patterns_.end(), [&](const Regex& pattern) { return pattern.is_found_in(text); });
}

Result<std::vector<PropertiesMatcher::AttributeRule>> PropertiesMatcher::compile_attributes(MatchType type,
                                                                                            const std::vector<MatchAttribute>& attributes) {
  std::vector<AttributeRule> rules;
  for (const MatchAttribute& attribute : attributes) {
    if (attribute.key.empty()) return invalid_argument("an attribute to match needs a key");
    AttributeRule rule{attribute.key, {}, {}};
    if (attribute.value && type == MatchType::regexp) {
      Value value = Value::of_any(*attribute.value);
      if (value.type != Value::Type::text)
        return invalid_argument(
            fmt::format("the value of {} must be a text with match_type regexp, found {}", attribute.key, type_name(value.type)));
      ASSIGN_OR_RETURN(rule.pattern, TextSet::compile(type, {std::string(value.content)}));
    } else {
      rule.value = attribute.value;
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<PropertiesMatcher> PropertiesMatcher::compile(const MatchProperties& properties, otlp::Signal signal) {
  RETURN_IF_ERROR(check(properties, signal));
  PropertiesMatcher matcher;
  MatchType type = properties.match_type;
  matcher.signal_ = signal;
  ASSIGN_OR_RETURN(matcher.services_, TextSet::compile(type, properties.services));
  ASSIGN_OR_RETURN(matcher.span_names_, TextSet::compile(type, properties.span_names));
  ASSIGN_OR_RETURN(matcher.span_kinds_, TextSet::compile(type, properties.span_kinds));
  ASSIGN_OR_RETURN(matcher.log_bodies_, TextSet::compile(type, properties.log_bodies));
  ASSIGN_OR_RETURN(matcher.log_severity_texts_, TextSet::compile(type, properties.log_severity_texts));
  matcher.log_severity_number_ = properties.log_severity_number;
  ASSIGN_OR_RETURN(matcher.metric_names_, TextSet::compile(type, properties.metric_names));
  ASSIGN_OR_RETURN(matcher.attributes_, compile_attributes(type, properties.attributes));
  ASSIGN_OR_RETURN(matcher.resources_, compile_attributes(type, properties.resources));
  for (const MatchLibrary& library : properties.libraries) {
    LibraryRule rule;
    ASSIGN_OR_RETURN(rule.name, TextSet::compile(type, {library.name}));
    if (library.version) {
      ASSIGN_OR_RETURN(rule.version, TextSet::compile(type, {*library.version}));
    }
    matcher.libraries_.push_back(std::move(rule));
  }
  return matcher;
}

bool PropertiesMatcher::all_match(const std::vector<AttributeRule>& rules, const otlp::Attributes& attributes) {
  for (const AttributeRule& rule : rules) {
    std::optional<otlp::ValueView> found = attributes.find(rule.key);
    if (!found) return false;
    Value value = Value::of_any(found->message());
    if (!rule.pattern.empty()) {
      if (has_parts_or_nothing(value)) return false;
      if (!text_matches(rule.pattern, value, append_matching_text)) return false;
    } else if (rule.value) {
      Value expected = Value::of_any(*rule.value);
      if (value.type != expected.type || !compare(value, Comparator::equal, expected)) return false;
    }
  }
  return true;
}

bool PropertiesMatcher::span_matches(const Item& item) const {
  otlp::SpanView span(item.record);
  if (!services_.empty()) {
    std::optional<otlp::ValueView> service = otlp::ResourceView(item.resource).attributes().find("service.name");
    Value name = service ? Value::of_any(service->message()) : Value::of_text("<nil-service-name>");
    if (!text_matches(services_, name, append_display_text)) return false;
  }
  if (!span_names_.empty() && !span_names_.matches(span.name())) return false;
  if (!span_kinds_.empty()) {
    auto kind = static_cast<size_t>(span.kind());
    if (!span_kinds_.matches(kind < span_kind_names.size() ? span_kind_names[kind] : std::string_view())) return false;
  }
  return all_match(attributes_, span.attributes());
}

bool PropertiesMatcher::log_matches(const Item& item) const {
  otlp::LogRecordView record(item.record);
  if (!log_bodies_.empty()) {
    Value body = Value::of_any(record.body().message());
    if (!text_matches(log_bodies_, body, append_display_text)) return false;
  }
  if (!log_severity_texts_.empty() && !log_severity_texts_.matches(record.severity_text())) return false;
  if (log_severity_number_) {
    int64_t severity = record.severity_number();
    if (severity == 0 ? !log_severity_number_->matches_undefined : severity < log_severity_number_->least) return false;
  }
  return all_match(attributes_, record.attributes());
}

bool PropertiesMatcher::libraries_match(std::string_view scope_message) const {
  if (libraries_.empty()) return true;
  otlp::ScopeView scope(scope_message);
  return std::all_of(libraries_.begin(), libraries_.end(), [&](const LibraryRule& rule) {
    return rule.name.matches(scope.name()) && (rule.version.empty() || rule.version.matches(scope.version()));
  });
}

bool PropertiesMatcher::matches(const Item& item) const {
  if (signal_ == otlp::Signal::traces && !span_matches(item)) return false;
  if (signal_ == otlp::Signal::logs && !log_matches(item)) return false;
  if (signal_ == otlp::Signal::metrics && !metric_names_.empty() && !metric_names_.matches(otlp::MetricView(item.record).name()))
    return false;
  return libraries_match(item.scope) && all_match(resources_, otlp::ResourceView(item.resource).attributes());
}

Result<Selection> Selection::compile(const MatchConfig& config, otlp::Signal signal) {
  Selection selection;
  if (config.include) {
    Result<PropertiesMatcher> include = PropertiesMatcher::compile(*config.include, signal);
    if (!include) return std::move(include).status().with_context("include");
    selection.include_ = std::move(*include);
  }
  if (config.exclude) {
    Result<PropertiesMatcher> exclude = PropertiesMatcher::compile(*config.exclude, signal);
    if (!exclude) return std::move(exclude).status().with_context("exclude");
    selection.exclude_ = std::move(*exclude);
  }
  return selection;
}

}  // namespace vigia::ottl
