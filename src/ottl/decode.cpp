#include "ottl/decode.h"

#include <fmt/core.h>

#include "config/scalar_text.h"
#include "otlp/view.h"
#include "ottl/value.h"

namespace vigia::ottl {

namespace {

Value scalar_value(const config::Node& node) {
  switch (node.type) {
    case config::ScalarType::boolean:
      return Value::of_boolean(config::parse_bool(node.text).value_or(false));
    case config::ScalarType::integer: {
      std::optional<config::WholeNumber> number = config::parse_whole_number(node.text);
      uint64_t limit = uint64_t{1} << 63;
      if (number && number->magnitude < limit + (number->is_negative ? 1 : 0)) {
        uint64_t bits = number->is_negative ? 0 - number->magnitude : number->magnitude;
        return Value::of_integer(static_cast<int64_t>(bits));
      }
      return Value::of_floating(config::parse_number(node.text).value_or(0));
    }
    case config::ScalarType::floating:
      return Value::of_floating(config::parse_number(node.text).value_or(0));
    case config::ScalarType::string:
      break;
  }
  return Value::of_text(node.text);
}

// The configuration's reader bounds the depth of its tree, so that this recursion ends; values may nest less.
void append_node(std::string& out, const config::Node& node) {
  if (node.is_scalar()) return append_any_value(out, scalar_value(node));
  std::string content;
  for (const config::Node& item : node.items) {
    std::string value;
    append_node(value, item);
    otlp::append_bytes_field(content, 1, value);
  }
  for (const config::MapEntry& entry : node.entries) {
    std::string value;
    append_node(value, entry.value);
    std::string key_value;
    otlp::append_bytes_field(key_value, 1, entry.key);
    otlp::append_bytes_field(key_value, 2, value);
    otlp::append_bytes_field(content, 1, key_value);
  }
  if (node.is_list()) otlp::append_bytes_field(out, 5, content);
  if (node.is_map()) otlp::append_bytes_field(out, 6, content);
}

int depth_of(const config::Node& node) {
  int deepest = 0;
  for (const config::Node& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const config::MapEntry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return deepest + 1;
}

void decode_action(config::Section& section, AttributeAction& action) {
  section.choice("action", action.kind,
                 {{"insert", ActionKind::insert},
                  {"update", ActionKind::update},
                  {"upsert", ActionKind::upsert},
                  {"delete", ActionKind::erase},
                  {"hash", ActionKind::hash},
                  {"extract", ActionKind::extract},
                  {"convert", ActionKind::convert}});
  section.field("key", action.key);
  decode_any_value(section, "value", action.value);
  decode_any_value(section, "default_value", action.default_value);
  section.field("from_attribute", action.from_attribute);
  section.field("from_context", action.from_context);
  section.field("pattern", action.pattern);
  section.choice("converted_type", action.converted_type,
                 {{"int", ConvertedType::integer}, {"double", ConvertedType::floating}, {"string", ConvertedType::text}});
  if (section.has_new_errors()) return;
  Status status = AttributeEditor::check(action);
  if (status.is_ok()) return;
  // A variable in it that is not set leaves nothing behind, which the file does not show.
  if (section.has("value") && !action.value)
    section.error("value", fmt::format("the value came out empty, perhaps because a variable is not set ({}; '' is an empty text)",
                                       status.message()));
  else
    section.error(status.message());
}

void check_patterns(config::Section& section, std::string_view key, MatchType type, const std::vector<std::string>& texts) {
  Result<TextSet> compiled = TextSet::compile(type, texts);
  if (!compiled) section.error(key, compiled.status().message());
}

// Texts to compare with, or patterns, which must be some.
void decode_texts(config::Section& section, std::string_view key, MatchType type, std::vector<std::string>& texts) {
  if (section.field(key, texts)) check_patterns(section, key, type, texts);
}

}  // namespace

void decode_any_value(config::Section& section, std::string_view key, std::optional<std::string>& any_value) {
  const config::Node* node = section.take(key);
  if (!node || node->is_null()) return;
  if (depth_of(*node) >= otlp::max_value_levels)
    return section.error(key, fmt::format("a value nests at most {} levels", otlp::max_value_levels - 1));
  any_value.emplace();
  append_node(*any_value, *node);
}

void decode_match_type(config::Section& section, MatchType& type) {
  std::string name;
  if (!section.field("match_type", name)) {
    if (!section.has("match_type")) section.error("match_type is missing: strict or regexp");
    return;
  }
  if (name == "strict") {
    type = MatchType::strict;
  } else if (name == "regexp") {
    type = MatchType::regexp;
  } else if (name == "expr") {
    section.error(
        "match_type",
        "the match type expr is not in this build; write the condition in OTTL instead, under metrics::metric or metrics::datapoint");
  } else {
    section.error("match_type", fmt::format("expected strict or regexp, found {}", name));
  }
}

void decode_attributes(config::Section& section, std::string_view key, std::vector<MatchAttribute>& attributes, MatchType type) {
  section.list(key, [&](config::Section& item) {
    MatchAttribute attribute;
    item.field("key", attribute.key);
    decode_any_value(item, "value", attribute.value);
    Value value = attribute.value ? Value::of_any(*attribute.value) : Value();
    if (value.type == Value::Type::text) check_patterns(item, "value", type, {std::string(value.content)});
    item.require(!attribute.key.empty(), "key", "an attribute to match needs a key");
    attributes.push_back(std::move(attribute));
  });
}

void decode_severity(config::Section& section, std::string_view key, std::optional<MatchSeverity>& severity) {
  section.section(key, [&](config::Section& inner) {
    MatchSeverity result;
    std::string least;
    inner.field("min", least);
    inner.field("match_undefined", result.matches_undefined);
    std::optional<int64_t> number = severity_by_name(least);
    if (!number && !least.empty() && least != "0")
      inner.error("min", fmt::format("{} is no severity; expected a name such as INFO or WARN2, or 1 to 24", least));
    result.least = number.value_or(0);
    severity = result;
  });
}

void decode_properties(config::Section& section, MatchProperties& properties) {
  decode_match_type(section, properties.match_type);
  MatchType type = properties.match_type;
  // Results of patterns are not cached: RE2 is quick, and a cache would have to be bounded and shared.
  section.accept_ignored("regexp");
  decode_texts(section, "services", type, properties.services);
  decode_texts(section, "span_names", type, properties.span_names);
  decode_texts(section, "span_kinds", type, properties.span_kinds);
  decode_texts(section, "log_bodies", type, properties.log_bodies);
  decode_texts(section, "log_severity_texts", type, properties.log_severity_texts);
  decode_severity(section, "log_severity_number", properties.log_severity_number);
  decode_texts(section, "metric_names", type, properties.metric_names);
  decode_attributes(section, "attributes", properties.attributes, type);
  decode_attributes(section, "resources", properties.resources, type);
  section.list("libraries", [&](config::Section& item) {
    MatchLibrary library;
    item.field("name", library.name);
    item.field("version", library.version);
    check_patterns(item, "name", type, {library.name});
    check_patterns(item, "version", type, {library.version.value_or("")});
    properties.libraries.push_back(std::move(library));
  });
}

void decode_match(config::Section& section, MatchConfig& match) {
  section.section("include", [&](config::Section& include) { decode_properties(include, match.include.emplace()); });
  section.section("exclude", [&](config::Section& exclude) { decode_properties(exclude, match.exclude.emplace()); });
}

void decode_actions(config::Section& section, std::string_view key, std::vector<AttributeAction>& actions) {
  section.list(key, [&](config::Section& item) { decode_action(item, actions.emplace_back()); });
  section.require(!actions.empty(), key, fmt::format("{} needs at least one action", key));
}

void decode_error_mode(config::Section& section, ErrorMode& mode) {
  section.choice("error_mode", mode, {{"ignore", ErrorMode::ignore}, {"silent", ErrorMode::silent}, {"propagate", ErrorMode::propagate}});
}

}  // namespace vigia::ottl
