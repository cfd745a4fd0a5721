#pragma once

// Include and exclude lists of names: devices, interfaces, file systems, processes.

#include <optional>
#include <string>
#include <string_view>

#include "config/section.h"
#include "ottl/match_properties.h"

namespace vigia::receivers {

class NameFilter {
 public:
  // Reads `include_key` and `exclude_key` of the scraper, each with match_type and a list under `names_key`. A list that is missing or empty
  // says nothing.
  void decode(config::Section& scraper, std::string_view include_key, std::string_view exclude_key, std::string_view names_key);
  bool lets_pass(std::string_view name) const { return (!include_ || include_->matches(name)) && (!exclude_ || !exclude_->matches(name)); }

 private:
  std::optional<ottl::TextSet> include_;
  std::optional<ottl::TextSet> exclude_;
};

}  // namespace vigia::receivers
