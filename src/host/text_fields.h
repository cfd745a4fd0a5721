#pragma once

// Reading the kernel's text files line by line and word by word, without an allocation.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vigia::host {

// The next line of `text`, which loses it; false at the end.
inline bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  size_t end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return true;
}

// The whole of `word` as a number; nothing when it is none or does not fit.
inline std::optional<uint64_t> parse_unsigned(std::string_view word, int base = 10) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

// The words of a line, between blanks.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  // False at the end.
  bool next(std::string_view& word) {
    size_t begin = rest_.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return false;
    rest_.remove_prefix(begin);
    word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return true;
  }
  // The next word as a number; false when it is none. `out` stays as it is then.
  bool next(uint64_t& out) {
    std::string_view word;
    if (!next(word)) return false;
    std::optional<uint64_t> value = parse_unsigned(word);
    if (value) out = *value;
    return value.has_value();
  }
  bool skip(int count) {
    std::string_view word;
    while (count > 0 && next(word)) count--;
    return count == 0;
  }
  // All numbers, in order; false when one of them is missing or none.
  template <typename... Numbers>
  bool next_all(Numbers&... numbers) {
    return (next(numbers) && ...);
  }

 private:
  std::string_view rest_;
};

}  // namespace vigia::host
