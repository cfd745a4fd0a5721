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
  bool reads_pieces() const override { return true; }
  void set_text(std::string_view text, bool is_last) override {
    at_ = text.data();
    end_ = at_ + text.size();
    is_last_ = is_last;
  }
  std::string_view rest() const override { return {at_, static_cast<size_t>(end_ - at_)}; }

 protected:
  explicit TextLines(std::string_view body) { set_text(body, true); }

  // next() calls one of them before an entry, and gives on what the other makes of its end.
  void begin_entry() {
    entry_ = at_;
    lines_before_entry_ = lines_;
    is_expected_ = false;
  }
  Event end_entry(Event event) { return event == Event::broken && !is_last_ ? read_again() : event; }

  bool is_at_end() const { return at_ == end_; }
  // The end of the text, or of what there is of it.
  Event at_end() const { return is_last_ ? Event::end : Event::more; }
  char peek() const { return at_ == end_ ? '\n' : *at_; }
  // Takes the character, if it is there.
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    at_++;
    return true;
  }
  bool take_word(std::string_view word);
  bool take_newline() {
    if (!take('\n')) return false;
    lines_++;
    return true;
  }
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) at_++;
  }
  std::string_view rest_of_line();
  // Up to a blank or the end of the line.
  std::string_view take_token();
  // A number without a sign or an exponent, of few enough digits that a double holds it and the power of ten behind its point exactly, and a
  // blank or the end of the line behind it, which stays. What is not taken may be a number all the same.
  bool take_plain_number(double& value);

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

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  size_t lines_ = 0;  // whole ones before `at_`
  bool is_last_ = true;
  RawLabel name_;  // its name
  std::vector<RawLabel> labels_;
  std::string help_;  // a HELP text whose escapes were resolved

 private:
  Event read_again();
  bool take_expected();
  bool take_label_name(RawLabel& label, bool& is_quoted);
  bool take_label(std::vector<RawLabel>& labels, RawLabel* name, bool allows_blanks);

  const char* entry_ = nullptr;  // where the one that is read begins
  size_t lines_before_entry_ = 0;
};

}  // namespace vigia::prometheus
