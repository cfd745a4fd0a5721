#pragma once

// What was typed after the program's name, taken apart.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::app {

// "--config F", "--config=F"; a flag without a value name is a switch.
struct Flag {
  std::string name;
  std::string value_name;
  char letter = 0;
  bool is_repeatable = false;
};

class Arguments {
 public:
  // An error says what is wrong and what was probably meant. "--" ends the flags.
  static Result<Arguments> parse(const std::vector<Flag>& flags, const std::vector<std::string>& words);

  bool has(std::string_view flag) const { return values_.count(std::string(flag)) > 0; }
  // The last value, or `otherwise`.
  std::string value(std::string_view flag, std::string_view otherwise = "") const;
  std::vector<std::string> values(std::string_view flag) const;
  const std::vector<std::string>& positional() const { return positional_; }

  // A number from 0 to 65535.
  Result<int> port(std::string_view flag, int otherwise) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> positional_;
};

// `Did you mean "validate"?`, or "" when no candidate is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace vigia::app
