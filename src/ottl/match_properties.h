#pragma once

// The older way to choose telemetry, by include and exclude lists of names and attributes; what the processors `attributes`
// and `filter` share.
//
// A list matches when one of its texts does, and properties match when every list that is given does. Texts are compared as they
// are (strict) or searched for by RE2 patterns (regexp).

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/status.h"
#include "otlp/signal.h"
#include "ottl/context.h"

namespace vigia::ottl {

enum class MatchType : uint8_t { strict, regexp };

struct MatchAttribute {
  std::string key;
  // An AnyValue message; without it the key alone must be there.
  std::optional<std::string> value;
};
struct MatchLibrary {
  std::string name;
  std::optional<std::string> version;
};
struct MatchSeverity {
  int64_t least = 0;
  // Whether records without a severity match.
  bool matches_undefined = false;
};

struct MatchProperties {
  MatchType match_type = MatchType::strict;
  std::vector<std::string> services;
  std::vector<std::string> span_names;
  std::vector<std::string> span_kinds;  // SPAN_KIND_SERVER
  std::vector<std::string> log_bodies;
  std::vector<std::string> log_severity_texts;
  std::optional<MatchSeverity> log_severity_number;
  std::vector<std::string> metric_names;
  // All of these must be there.
  std::vector<MatchAttribute> attributes;
  std::vector<MatchAttribute> resources;
  std::vector<MatchLibrary> libraries;
};

// "ERROR", "error2" or "17" as a number.
std::optional<int64_t> severity_by_name(std::string_view name);

// Texts or patterns of which one must match.
class TextSet {
 public:
  static Result<TextSet> compile(MatchType type, const std::vector<std::string>& texts);
  bool matches(std::string_view text) const;
  bool empty() const { return texts_.empty() && patterns_.empty(); }

 private:
  std::vector<std::string> texts_;
  std::vector<Regex> patterns_;
};

// MatchProperties in the form that is asked. Immutable; any thread.
class PropertiesMatcher {
 public:
  static Result<PropertiesMatcher> compile(const MatchProperties& properties, otlp::Signal signal);
  // Of a span, a metric or a log record: Item::part is not looked at.
  bool matches(const Item& item) const;

 private:
  struct AttributeRule {
    std::string key;
    std::optional<std::string> value;
    TextSet pattern;
  };
  struct LibraryRule {
    TextSet name;
    TextSet version;
  };
  static Result<std::vector<AttributeRule>> compile_attributes(MatchType type, const std::vector<MatchAttribute>& attributes);
  static bool all_match(const std::vector<AttributeRule>& rules, const otlp::Attributes& attributes);
  bool span_matches(const Item& item) const;
  bool log_matches(const Item& item) const;
  bool libraries_match(std::string_view scope) const;

  otlp::Signal signal_ = otlp::Signal::traces;
  TextSet services_;
  TextSet span_names_;
  TextSet span_kinds_;
  TextSet log_bodies_;
  TextSet log_severity_texts_;
  std::optional<MatchSeverity> log_severity_number_;
  TextSet metric_names_;
  std::vector<AttributeRule> attributes_;
  std::vector<AttributeRule> resources_;
  std::vector<LibraryRule> libraries_;
};

struct MatchConfig {
  std::optional<MatchProperties> include;
  std::optional<MatchProperties> exclude;
};

// Items that match `include`, if there is one, and do not match `exclude`.
class Selection {
 public:
  static Result<Selection> compile(const MatchConfig& config, otlp::Signal signal);
  bool selects(const Item& item) const { return (!include_ || include_->matches(item)) && (!exclude_ || !exclude_->matches(item)); }
  bool selects_all() const { return !include_ && !exclude_; }

 private:
  std::optional<PropertiesMatcher> include_;
  std::optional<PropertiesMatcher> exclude_;
};

}  // namespace vigia::ottl
