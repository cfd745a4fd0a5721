#pragma once

// What the two text formats share: a place in the body, names, quoted strings, labels, and errors with line numbers.

#include <string>
#include <string_view>
#include <vector>

#include "prometheus/exposition.h"

namespace vigia::prometheus {

class TextLines : public ExpositionParser {
 public:
  void labels(LabelList& out) const override;

 protected:
  explicit TextLines(std::string_view body) : begin_(body.data()), at_(begin_), end_(begin_ + body.size()) {}

  bool is_at_end() const { return at_ == end_; }
  char peek() const { return at_ == end_ ? '\n' : *at_; }
  // Takes the character, if it is there.
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    at_++;
    return true;
  }
  bool take_word(std::string_view word);
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) at_++;
  }
  std::string_view rest_of_line();
  // Up to a blank or the end of the line.
  std::string_view take_token();

  // [a-zA-Z_:][a-zA-Z0-9_:]*; empty when there is none.
  std::string_view take_metric_name();
  // What stands in quotes, with its escapes; false when the closing one is missing. REQUIRES: at the opening quote.
  bool take_quoted(std::string_view& content, bool& has_escapes, bool allows_newline);
  // The name of a HELP, TYPE or UNIT line, bare or quoted.
  bool take_family();
  // A metric's name and labels; identity_ is what they were written with. `allows_blanks`: as the older format does.
  bool take_series(bool allows_blanks);
  // Labels up to the closing brace. `name`: a quoted string without a value is the metric's name; null where none may be.
  bool take_labels(std::vector<RawLabel>& labels, RawLabel* name, bool allows_blanks);

  // Remembers the first error and where it is.
  bool fail(std::string message);
  Event broken() const { return Event::broken; }
  // For messages: the text at the current place, up to the end of the line, shortened.
  std::string found() const;

  const char* begin_;
  const char* at_;
  const char* end_;
  RawLabel name_;  // its name
  std::vector<RawLabel> labels_;
  std::string help_;  // a HELP text whose escapes were resolved

 private:
  bool take_label_name(RawLabel& label, bool& is_quoted);
  bool take_label(std::vector<RawLabel>& labels, RawLabel* name, bool allows_blanks);
};

}  // namespace vigia::prometheus
