#pragma once

// Relabelling: rules that keep, drop and rewrite labels, of targets and of samples. The semantics are those of Prometheus: a pattern matches
// the whole text, `$1` and `${name}` are its groups, and a label that becomes empty is gone.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "config/section.h"
#include "prometheus/labels.h"

namespace vigia::prometheus {

// A text with the groups of a match put in, as Go's Regexp.Expand does it: a name reaches as far as it can, `$$` is a dollar, and an unknown
// group is empty.
class ReplacementTemplate {
 public:
  ReplacementTemplate(std::string_view text, const std::vector<std::string>& group_names);

  // `groups[0]` is the whole match.
  std::string expand(const std::vector<std::string_view>& groups) const;
  bool has_groups() const { return has_groups_; }

 private:
  struct Part {
    std::string literal;
    size_t group = 0;
    bool is_group = false;
  };
  std::vector<Part> parts_;
  bool has_groups_ = false;
};

enum class RelabelAction : uint8_t {
  replace,
  keep,
  drop,
  keep_equal,
  drop_equal,
  hash_mod,
  label_map,
  label_drop,
  label_keep,
  lowercase,
  uppercase
};

// As it is configured.
struct RelabelSettings {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  RelabelAction action = RelabelAction::replace;
};

// One rule, compiled. Immutable; any thread.
class RelabelRule {
 public:
  static Result<RelabelRule> compile(const RelabelSettings& settings);

  // False: whatever has these labels is dropped.
  bool apply(LabelList& labels) const;

 private:
  RelabelRule(RelabelSettings settings, Regex pattern);

  void replace(LabelList& labels, std::string_view value) const;
  bool match(std::string_view text, std::vector<std::string_view>& groups) const;

  RelabelSettings settings_;
  Regex pattern_;
  ReplacementTemplate target_;
  ReplacementTemplate replacement_;
};

using RelabelRules = std::vector<RelabelRule>;
// The rules in their order; false when one of them drops.
bool apply_rules(const RelabelRules& rules, LabelList& labels);

// The list under `key`: mistakes go to the section's errors.
void decode_relabel_rules(config::Section& section, std::string_view key, RelabelRules& out);

// What `hashmod` counts with: the last eight bytes of the MD5 of the text.
uint64_t relabel_hash(std::string_view text);

}  // namespace vigia::prometheus
