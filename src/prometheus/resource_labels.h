#pragma once

// Which attributes of a resource become labels of every series, beside those that `job` and `instance` are made of.

#include <string>
#include <string_view>
#include <vector>

namespace vigia::prometheus {

struct ResourceLabels {
  // Names, in which "*" stands for any characters and "?" for one. Without any, all are meant that are not excluded, if some are.
  std::vector<std::string> included = {"customer.id", "node.id", "node.region", "environment"};
  std::vector<std::string> excluded;

  bool matches(std::string_view attribute) const;
};

// Whether the pattern with its stars and question marks stands for the whole text.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace vigia::prometheus
