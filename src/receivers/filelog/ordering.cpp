#include "receivers/filelog/ordering.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "base/text.h"

namespace vigia::receivers {

namespace {

struct Candidate {
  OrderedFile file;
  std::vector<std::string> captures;  // By SortRule; mtime has none.
};

// strptime's calendar without a zone. All files are written in one, so their order is right.
std::optional<int64_t> calendar_seconds(const std::string& text, const std::string& layout) {
  std::tm calendar{};
  calendar.tm_mday = 1;
  if (::strptime(text.c_str(), layout.c_str(), &calendar) == nullptr) return std::nullopt;
  return static_cast<int64_t>(::timegm(&calendar));
}

bool makes_sense(const SortRule& rule, const std::string& capture) {
  if (rule.type == SortType::numeric) return parse_int(capture).has_value();
  return rule.type != SortType::timestamp || calendar_seconds(capture, rule.layout).has_value();
}

std::optional<std::vector<std::string>> captures_of(const OrderingCriteria& criteria, const std::string& path) {
  std::vector<std::string> captures(criteria.sort_by.size());
  std::vector<std::string_view> groups;
  if (criteria.regex && !criteria.regex->find_groups(path, groups)) return std::nullopt;
  const std::vector<std::string> names = criteria.regex ? criteria.regex->group_names() : std::vector<std::string>();
  for (size_t i = 0; i < captures.size(); i++) {
    const SortRule& rule = criteria.sort_by[i];
    if (rule.type == SortType::mtime) continue;
    for (size_t group = 0; group < names.size(); group++)
      if (names[group] == rule.regex_key) captures[i] = groups[group];
    if (!makes_sense(rule, captures[i])) return std::nullopt;
  }
  return captures;
}

// Negative: a comes first.
int compare(const SortRule& rule, size_t index, const Candidate& a, const Candidate& b) {
  const std::string& left = a.captures[index];
  const std::string& right = b.captures[index];
  int result = 0;
  switch (rule.type) {
    case SortType::numeric: {
      auto x = *parse_int(left);
      auto y = *parse_int(right);
      result = x < y ? -1 : x > y ? 1 : 0;
      break;
    }
    case SortType::alphabetical:
      result = left.compare(right);
      break;
    case SortType::timestamp: {
      auto x = *calendar_seconds(left, rule.layout);
      auto y = *calendar_seconds(right, rule.layout);
      result = x < y ? -1 : x > y ? 1 : 0;
      break;
    }
    case SortType::mtime:
      result = a.file.modified_ns < b.file.modified_ns ? -1 : a.file.modified_ns > b.file.modified_ns ? 1 : 0;
      break;
  }
  return rule.is_ascending ? result : -result;
}

// Every rule sorts anew, so that the last one decides first.
void sort_and_cut(const OrderingCriteria& criteria, std::vector<Candidate>& group) {
  for (size_t i = 0; i < criteria.sort_by.size(); i++)
    std::stable_sort(group.begin(), group.end(),
                     [&](const Candidate& a, const Candidate& b) { return compare(criteria.sort_by[i], i, a, b) < 0; });
  if (criteria.top_n > 0 && group.size() > criteria.top_n) group.resize(criteria.top_n);
}

bool has_group(const Regex& regex, const std::string& name) {
  const std::vector<std::string> names = regex.group_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

void decode_rule(config::Section& in, SortRule& out) {
  in.choice("sort_type", out.type,
            {{"numeric", SortType::numeric},
             {"alphabetical", SortType::alphabetical},
             {"timestamp", SortType::timestamp},
             {"mtime", SortType::mtime}});
  in.require(in.has("sort_type"), "sort_type", "must be given: numeric, alphabetical, timestamp or mtime");
  in.field("regex_key", out.regex_key);
  in.field("ascending", out.is_ascending);
  in.field("layout", out.layout);
  std::string location;
  in.field("location", location);
  in.require(out.type == SortType::mtime || !out.regex_key.empty(), "regex_key", "must be given: the group of 'regex' to sort by");
  in.require(out.type != SortType::timestamp || !out.layout.empty(), "layout", "must be given for sort_type timestamp");
}

void decode_regex(config::Section& in, std::string_view key, std::optional<Regex>& out) {
  std::string pattern;
  if (!in.field(key, pattern) || pattern.empty()) return;
  Result<Regex> regex = Regex::compile(pattern);
  if (!regex.is_ok())
    in.error(key, regex.status().message());
  else
    out = std::move(*regex);
}

}  // namespace

void decode(config::Section& in, OrderingCriteria& out) {
  decode_regex(in, "regex", out.regex);
  decode_regex(in, "group_by", out.group_by);
  in.field("top_n", out.top_n);
  in.list("sort_by", [&](config::Section& item) { decode_rule(item, out.sort_by.emplace_back()); });
  for (const SortRule& rule : out.sort_by) {
    if (rule.type == SortType::mtime) continue;
    if (!in.require(out.regex.has_value(), "regex", "must be given when 'sort_by' names groups of it")) return;
    in.require(has_group(*out.regex, rule.regex_key), "regex", "has no group named '" + rule.regex_key + "'");
  }
}

std::vector<OrderedFile> order(const OrderingCriteria& criteria, std::vector<OrderedFile> files) {
  if (criteria.sort_by.empty()) return files;
  std::map<std::string, std::vector<Candidate>> groups;
  std::vector<std::string_view> found;
  for (OrderedFile& file : files) {
    std::string group;
    if (criteria.group_by) {
      if (!criteria.group_by->find_groups(file.path, found) || found.empty()) continue;
      group = found[0];
    }
    auto captures = captures_of(criteria, file.path);
    if (captures) groups[group].push_back({std::move(file), std::move(*captures)});
  }
  std::vector<OrderedFile> result;
  for (auto& [name, group] : groups) {
    sort_and_cut(criteria, group);
    for (Candidate& one : group) result.push_back(std::move(one.file));
  }
  return result;
}

}  // namespace vigia::receivers
