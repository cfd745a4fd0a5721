#pragma once

// Prometheus' text format, versions 0.0.4 and 1.0.0.

#include "prometheus/text_lines.h"

namespace vigia::prometheus {

class TextParser final : public TextLines {
 public:
  explicit TextParser(std::string_view body) : TextLines(body) {}
  Event next() override {
    begin_entry();
    return end_entry(take_entry());
  }

 private:
  Event take_entry();
  // Nothing when the line is only a comment.
  std::optional<Event> take_comment();
  Event take_help();
  Event take_type();
  Event take_sample();
  bool take_timestamp();
  bool end_line();
};

}  // namespace vigia::prometheus
