#include "app/command_line.h"

#include <algorithm>

#include "base/text.h"

namespace vigia::app {

namespace {

Status unknown_flag(const std::vector<Flag>& flags, const std::string& name, const std::string& word) {
  std::vector<std::string> candidates;
  for (const Flag& flag : flags) candidates.push_back(flag.name);
  std::string nearest = nearest_word(name, candidates);
  return invalid_argument("unknown flag: " + word.substr(0, word.find('=')) + (nearest.empty() ? "" : "; did you mean --" + nearest + "?"));
}

const Flag* find_flag(const std::vector<Flag>& flags, std::string_view name) {
  auto found = std::find_if(flags.begin(), flags.end(),
                            [&](const Flag& flag) { return flag.name == name || (name.size() == 1 && flag.letter == name[0]); });
  return found == flags.end() ? nullptr : &*found;
}

}  // namespace

Result<Arguments> Arguments::parse(const std::vector<Flag>& flags, const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    if (word == "--") {
      arguments.positional_.insert(arguments.positional_.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      arguments.positional_.push_back(word);
      continue;
    }
    bool is_long = word[1] == '-';
    size_t equals = word.find('=');
    std::string name = word.substr(is_long ? 2 : 1, equals == std::string::npos ? equals : equals - (is_long ? 2 : 1));
    const Flag* flag = is_long == (name.size() > 1) ? find_flag(flags, name) : nullptr;
    if (!flag) return unknown_flag(flags, name, word);
    std::vector<std::string>& values = arguments.values_[flag->name];
    if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (flag->value_name.empty()) {
      values.emplace_back("true");
    } else {
      // What looks like the next flag is one; the other spelling is for a value that only looks so.
      bool is_flag_next = i + 1 < words.size() && words[i + 1].starts_with("--");
      if (is_flag_next)
        return invalid_argument("flag needs a value: --" + flag->name + " " + flag->value_name + "; found " + words[i + 1] + " (--" +
                                flag->name + "=" + words[i + 1] + " takes it as the value)");
      if (++i == words.size()) return invalid_argument("flag needs a value: --" + flag->name + " " + flag->value_name);
      values.push_back(words[i]);
    }
    if (values.size() > 1 && !flag->is_repeatable) return invalid_argument("flag is given twice: --" + flag->name);
    if (flag->value_name.empty() && values.back() == "false") arguments.values_.erase(flag->name);
  }
  return arguments;
}

std::string Arguments::value(std::string_view flag, std::string_view otherwise) const {
  auto found = values_.find(std::string(flag));
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::values(std::string_view flag) const {
  auto found = values_.find(std::string(flag));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

Result<int> Arguments::port(std::string_view flag, int otherwise) const {
  if (!has(flag)) return otherwise;
  std::string text = value(flag);
  std::optional<int64_t> number = parse_int(text);
  if (!number || *number < 0 || *number > 65535)
    return invalid_argument("--" + std::string(flag) + ": expected a port from 0 to 65535, found \"" + text + "\"");
  return static_cast<int>(*number);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest = nearest_word(word, candidates);
  return nearest.empty() ? "" : "Did you mean \"" + nearest + "\"?";
}

}  // namespace vigia::app
