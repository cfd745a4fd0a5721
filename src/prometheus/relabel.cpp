#include "prometheus/relabel.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "base/utf8.h"

namespace vigia::prometheus {

namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// The group's name that stands behind a dollar, and how many characters it takes with its braces; 0 when there is none.
size_t group_name(std::string_view text, std::string_view& name) {
  bool has_brace = text.starts_with('{');
  size_t begin = has_brace ? 1 : 0;
  size_t end = begin;
  while (end < text.size() && is_word(text[end])) end++;
  name = text.substr(begin, end - begin);
  if (name.empty() || (has_brace && (end == text.size() || text[end] != '}'))) return 0;
  return has_brace ? end + 1 : end;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

bool needs_target(RelabelAction action) {
  using enum RelabelAction;
  return action == replace || action == hash_mod || action == lowercase || action == uppercase || action == keep_equal ||
         action == drop_equal;
}

// Why the rule makes no sense, by the checks Prometheus makes; "" when it does.
std::string mistake_of(const RelabelSettings& settings) {
  using enum RelabelAction;
  const RelabelSettings defaults;
  RelabelAction action = settings.action;
  bool has_extras = settings.modulus != 0 || settings.separator != defaults.separator || settings.replacement != defaults.replacement;
  if (action == hash_mod && settings.modulus == 0) return "hashmod needs a modulus above 0";
  if (needs_target(action) && settings.target_label.empty()) return "this action needs a target_label";
  if ((action == lowercase || action == uppercase || action == keep_equal || action == drop_equal) &&
      settings.replacement != defaults.replacement)
    return "this action takes no replacement";
  if ((action == keep_equal || action == drop_equal) && (has_extras || settings.regex != defaults.regex))
    return "keepequal and dropequal take only source_labels and target_label";
  if ((action == label_drop || action == label_keep) && (has_extras || !settings.source_labels.empty() || !settings.target_label.empty()))
    return "labeldrop and labelkeep take only a regex";
  if (action == label_map && settings.replacement.empty()) return "labelmap needs a replacement";
  return "";
}

}  // namespace

ReplacementTemplate::ReplacementTemplate(std::string_view text, const std::vector<std::string>& group_names) {
  std::string literal;
  auto end_literal = [&] {
    if (!literal.empty()) parts_.push_back({std::exchange(literal, {}), 0, false});
  };
  while (!text.empty()) {
    size_t dollar = std::min(text.find('$'), text.size());
    literal += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    std::string_view name;
    if (text.starts_with('$')) {
      literal += '$';
      text.remove_prefix(1);
    } else if (size_t size = group_name(text, name); size == 0) {
      literal += '$';
    } else {
      text.remove_prefix(size);
      end_literal();
      has_groups_ = true;
      bool is_number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
      std::optional<int64_t> number = is_number ? parse_int(name) : std::nullopt;
      auto named = std::find(group_names.begin(), group_names.end(), name);
      size_t index = is_number ? static_cast<size_t>(number.value_or(INT32_MAX)) : static_cast<size_t>(named - group_names.begin()) + 1;
      parts_.push_back({"", index, true});
    }
  }
  end_literal();
}

std::string ReplacementTemplate::expand(const std::vector<std::string_view>& groups) const {
  std::string text;
  for (const Part& part : parts_) {
    if (!part.is_group)
      text += part.literal;
    else if (part.group < groups.size())
      text += groups[part.group];
  }
  return text;
}

RelabelRule::RelabelRule(RelabelSettings settings, Regex pattern)
    : settings_(std::move(settings)),
      pattern_(std::move(pattern)),
      target_(settings_.target_label, pattern_.group_names()),
      replacement_(settings_.replacement, pattern_.group_names()) {}

Result<RelabelRule> RelabelRule::compile(const RelabelSettings& settings) {
  std::string mistake = mistake_of(settings);
  if (!mistake.empty()) return invalid_argument(mistake);
  ASSIGN_OR_RETURN(Regex pattern, Regex::compile("^(?s:" + settings.regex + ")$"));
  return RelabelRule(settings, std::move(pattern));
}

bool RelabelRule::match(std::string_view text, std::vector<std::string_view>& groups) const {
  if (!pattern_.find_groups(text, groups)) return false;
  groups.insert(groups.begin(), text);
  return true;
}

void RelabelRule::replace(LabelList& labels, std::string_view value) const {
  std::vector<std::string_view> groups;
  if (!match(value, groups)) return;
  std::string target = target_.expand(groups);
  // A target that came out as no name at all leaves everything as it is.
  if (target.empty() || !is_valid_utf8(target)) return;
  labels.set(target, replacement_.expand(groups));
}

bool RelabelRule::apply(LabelList& labels) const {
  std::string value;
  for (size_t i = 0; i < settings_.source_labels.size(); i++) {
    if (i > 0) value += settings_.separator;
    value += labels.get(settings_.source_labels[i]);
  }
  switch (settings_.action) {
    case RelabelAction::keep:
      return pattern_.is_found_in(value);
    case RelabelAction::drop:
      return !pattern_.is_found_in(value);
    case RelabelAction::keep_equal:
      return labels.get(settings_.target_label) == value;
    case RelabelAction::drop_equal:
      return labels.get(settings_.target_label) != value;
    case RelabelAction::replace:
      replace(labels, value);
      break;
    case RelabelAction::hash_mod:
      labels.set(settings_.target_label, std::to_string(relabel_hash(value) % settings_.modulus));
      break;
    case RelabelAction::lowercase:
      labels.set(settings_.target_label, to_lower(value));
      break;
    case RelabelAction::uppercase:
      labels.set(settings_.target_label, to_upper(value));
      break;
    case RelabelAction::label_drop:
      labels.remove_if([&](const Label& label) { return pattern_.is_found_in(label.name); });
      break;
    case RelabelAction::label_keep:
      labels.remove_if([&](const Label& label) { return !pattern_.is_found_in(label.name); });
      break;
    case RelabelAction::label_map: {
      const LabelList before = labels;
      std::vector<std::string_view> groups;
      for (const Label& label : before)
        if (match(label.name, groups)) labels.set(replacement_.expand(groups), label.value);
      break;
    }
  }
  return true;
}

bool apply_rules(const RelabelRules& rules, LabelList& labels) {
  return std::all_of(rules.begin(), rules.end(), [&](const RelabelRule& rule) { return rule.apply(labels); });
}

void decode_relabel_rules(config::Section& section, std::string_view key, RelabelRules& out) {
  section.list(key, [&](config::Section& rule) {
    RelabelSettings settings;
    rule.field("source_labels", settings.source_labels);
    rule.field("separator", settings.separator);
    rule.field("regex", settings.regex);
    rule.field("modulus", settings.modulus);
    rule.field("target_label", settings.target_label);
    rule.field("replacement", settings.replacement);
    using enum RelabelAction;
    rule.choice("action", settings.action,
                {{"replace", replace},
                 {"keep", keep},
                 {"drop", drop},
                 {"keepequal", keep_equal},
                 {"dropequal", drop_equal},
                 {"hashmod", hash_mod},
                 {"labelmap", label_map},
                 {"labeldrop", label_drop},
                 {"labelkeep", label_keep},
                 {"lowercase", lowercase},
                 {"uppercase", uppercase}});
    if (rule.has_new_errors()) return;
    Result<RelabelRule> compiled = RelabelRule::compile(settings);
    if (compiled.is_ok())
      out.push_back(std::move(*compiled));
    else
      rule.error(rule.has("regex") && compiled.status().message().starts_with("cannot use pattern") ? "regex" : "",
                 compiled.status().message());
  });
}

}  // namespace vigia::prometheus
