#pragma once

// JSON text to values in an arena, in one pass and with texts that stay where they are.
//
// As lenient as what the Collector parses lines with: raw control characters in texts, numbers such as 007 and half surrogate pairs
// (U+FFFD) are no errors, and of a key that comes twice the last value counts.

#include <string_view>

#include "operators/value.h"

namespace vigia::operators {

struct JsonOptions {
  // Whole numbers become integers; else every number is a float.
  bool parse_ints = false;
  // What stands behind the document does not matter.
  bool ignores_rest = false;
};

class JsonReader {
 public:
  // Lists and maps may nest as deep as what they go into allows, all in all.
  static constexpr int max_levels = 30;

  // What is wrong with the text, "" when nothing is. REQUIRES: `text` is UTF-8 and lives as long as `out`.
  std::string_view read(std::string_view text, const JsonOptions& options, Arena& arena, Value& out);

 private:
  bool read_value(Value& out, int levels);
  bool read_map(Value& out, int levels);
  bool read_list(Value& out, int levels);
  bool read_text(std::string_view& out);
  bool read_escaped(const char* begin, std::string_view& out);
  bool read_number(Value& out);
  bool read_word(std::string_view word, const Value& value, Value& out);
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) at_++;
  }
  bool fail(std::string_view what) {
    error_ = what;
    return false;
  }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  Arena* arena_ = nullptr;
  JsonOptions options_;
  std::string_view error_;
};

}  // namespace vigia::operators
