#include "receivers/hostmetrics/name_filter.h"

namespace vigia::receivers {

namespace {

std::optional<ottl::TextSet> decode_list(config::Section& in, std::string_view names_key) {
  ottl::MatchType type = ottl::MatchType::strict;
  std::vector<std::string> names;
  in.field(names_key, names);
  bool has_type = in.choice("match_type", type, {{"strict", ottl::MatchType::strict}, {"regexp", ottl::MatchType::regexp}});
  // The Collector's cache for slow patterns; ours take linear time.
  in.accept_ignored("regexp");
  if (names.empty()) return std::nullopt;
  if (!in.require(has_type || in.has("match_type"), "match_type", "is needed: strict (the whole name) or regexp (found anywhere in it)"))
    return std::nullopt;
  Result<ottl::TextSet> set = ottl::TextSet::compile(type, names);
  if (set.is_ok()) return std::move(set).value();
  in.error(names_key, set.status().message());
  return std::nullopt;
}

}  // namespace

void NameFilter::decode(config::Section& scraper, std::string_view include_key, std::string_view exclude_key, std::string_view names_key) {
  scraper.section(include_key, [&](config::Section& in) { include_ = decode_list(in, names_key); });
  scraper.section(exclude_key, [&](config::Section& in) { exclude_ = decode_list(in, names_key); });
}

}  // namespace vigia::receivers
