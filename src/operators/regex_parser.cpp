// `regex_parser`, and `regex_replace`.

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/regex.h"
#include "base/text.h"
#include "base/utf8.h"
#include "operators/parser_operation.h"

namespace vigia::operators {

namespace {

class RegexOperation final : public ParserOperation {
 public:
  RegexOperation(ParserSettings settings, Regex pattern)
      : ParserOperation(std::move(settings)), pattern_(std::move(pattern)), names_(pattern_.group_names()) {}

 protected:
  bool parse(std::string_view text, Entry&, Work& work, Value& out) const override {
    std::vector<std::string_view>& groups = work.tools.groups;
    if (!pattern_.find_groups(text, groups)) {
      work.fail("the pattern does not match");
      return false;
    }
    Map* map = Map::create(work.arena, static_cast<uint32_t>(names_.size()));
    for (size_t i = 0; i < names_.size(); i++) {
      if (!names_[i].empty()) map->set(work.arena, names_[i], Value::of_text(groups[i]));
    }
    out = Value::of_map(map);
    return true;
  }

 private:
  Regex pattern_;
  std::vector<std::string> names_;
};

std::optional<Regex> compile(config::Section& section, std::string_view key, const std::string& text) {
  Result<Regex> pattern = Regex::compile(text);
  if (pattern) return std::move(*pattern);
  section.error(key, pattern.status().message());
  return std::nullopt;
}

// A part of what a match is replaced by: text as it stands, or a group.
struct Replacement {
  std::string text;
  size_t group = 0;
  bool is_group = false;
};

bool is_name_part(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// $1, ${1}, $name, ${name}, $$; groups that do not exist are empty.
std::vector<Replacement> read_replacement(std::string_view text, const std::vector<std::string>& names) {
  std::vector<Replacement> parts;
  auto add_text = [&](std::string_view literal) {
    if (!literal.empty()) parts.push_back({std::string(literal)});
  };
  while (!text.empty()) {
    size_t dollar = std::min(text.find('$'), text.size());
    add_text(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.empty()) break;
    if (text.starts_with("$$")) {
      add_text("$");
      text.remove_prefix(2);
      continue;
    }
    bool has_brace = text.starts_with("${");
    size_t begin = has_brace ? 2 : 1;
    size_t end = begin;
    while (end < text.size() && is_name_part(text[end])) end++;
    if (end == begin || (has_brace && (end == text.size() || text[end] != '}'))) {
      add_text("$");
      text.remove_prefix(1);
      continue;
    }
    std::string name(text.substr(begin, end - begin));
    text.remove_prefix(end + (has_brace ? 1 : 0));
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      parts.push_back({"", static_cast<size_t>(parse_int(name.substr(0, 9)).value_or(0)), true});
    } else if (auto found = std::find(names.begin(), names.end(), name); found != names.end()) {
      parts.push_back({"", static_cast<size_t>(found - names.begin()) + 1, true});
    }
  }
  return parts;
}

class RegexReplace final : public Operation {
 public:
  RegexReplace(Field field, Regex pattern, std::string_view replacement)
      : field_(std::move(field)), pattern_(std::move(pattern)), replacement_(read_replacement(replacement, pattern_.group_names())) {}

  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!field_.get(entry, work.arena, value)) return Outcome::passed;
    if (!value.is_text()) return work.fail("only a text can be changed, not", type_name(value.type));
    std::optional<std::string> result = replaced(value.text(), work.tools.groups);
    if (!result) return Outcome::passed;
    if (!is_valid_utf8(*result)) result = repair_utf8(*result);
    field_.set(entry, work.arena, Value::of_text(work.arena.copy(*result)));
    return Outcome::passed;
  }

 private:
  // Nothing when the pattern is not found.
  std::optional<std::string> replaced(std::string_view text, std::vector<std::string_view>& match) const {
    std::optional<std::string> result;
    size_t copied = 0;
    for (size_t at = 0; at <= text.size() && pattern_.find_from(text, at, match);) {
      auto begin = static_cast<size_t>(match[0].data() - text.data());
      size_t end = begin + match[0].size();
      // An empty match right behind the last one is none.
      if (match[0].empty() && result && begin == copied && begin > 0) {
        at = next_character(text, begin);
        continue;
      }
      if (!result) result.emplace();
      result->append(text.substr(copied, begin - copied));
      for (const Replacement& part : replacement_)
        result->append(part.is_group ? (part.group < match.size() ? match[part.group] : "") : part.text);
      copied = end;
      at = match[0].empty() ? next_character(text, end) : end;
    }
    if (result) result->append(text.substr(std::min(copied, text.size())));
    return result;
  }
  static size_t next_character(std::string_view text, size_t at) {
    do at++;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
    return at;
  }

  Field field_;
  Regex pattern_;
  std::vector<Replacement> replacement_;
};

}  // namespace

OperationPointer decode_regex_parser(config::Section& section, Decoding& decoding) {
  ParserSettings settings = ParserSettings::decode(section, decoding);
  // A cache of results does not help a matcher that is linear anyway.
  section.section("cache", [](config::Section& cache) { cache.accept_ignored("size"); });
  std::string text;
  section.field("regex", text);
  if (!section.require(!text.empty(), "regex", "missing: a pattern with named groups such as ^(?P<level>\\w+)")) return nullptr;
  std::optional<Regex> pattern = compile(section, "regex", text);
  if (!pattern) return nullptr;
  std::vector<std::string> names = pattern->group_names();
  bool has_name = std::any_of(names.begin(), names.end(), [](const std::string& name) { return !name.empty(); });
  section.require(has_name, "regex", "has no named group such as (?P<level>\\w+), and those are what becomes fields");
  return std::make_unique<RegexOperation>(std::move(settings), std::move(*pattern));
}

OperationPointer decode_regex_replace(config::Section& section, Decoding&) {
  std::optional<Field> field;
  require_field(section, "field", field);
  std::string text;
  std::string name;
  std::string replacement;
  section.field("regex", text);
  section.field("regex_name", name);
  section.field("replace_with", replacement);
  if (text.empty() == name.empty()) section.error("either regex or regex_name must be there");
  if (!name.empty() && name != "ansi_control_sequences") section.error("regex_name", "there is only ansi_control_sequences");
  if (!name.empty()) text = R"(\x1B\[[\x30-\x3F]*[\x20-\x2F]*[\x40-\x7E])";
  std::optional<Regex> pattern = compile(section, "regex", text);
  return pattern && field ? std::make_unique<RegexReplace>(std::move(*field), std::move(*pattern), replacement) : nullptr;
}

}  // namespace vigia::operators
