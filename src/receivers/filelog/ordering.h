#pragma once

// `ordering_criteria`: which of the files that match are read, and in which order, by what stands in their names.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/regex.h"
#include "config/section.h"

namespace vigia::receivers {

enum class SortType : uint8_t { numeric, alphabetical, timestamp, mtime };

struct SortRule {
  SortType type = SortType::alphabetical;
  std::string regex_key;
  bool is_ascending = false;
  std::string layout;
};

struct OrderingCriteria {
  std::optional<Regex> regex;
  std::optional<Regex> group_by;
  std::vector<SortRule> sort_by;
  uint64_t top_n = 1;  // 0: all. Without sort_by it says nothing.
};

void decode(config::Section& in, OrderingCriteria& out);

struct OrderedFile {
  std::string path;
  int64_t modified_ns = 0;
  size_t index = 0;  // The caller's.
};

// Those of `files` that are to be read, in their order. A name that the criteria cannot make sense of is left out.
std::vector<OrderedFile> order(const OrderingCriteria& criteria, std::vector<OrderedFile> files);

}  // namespace vigia::receivers
