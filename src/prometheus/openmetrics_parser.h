#pragma once

// OpenMetrics, versions 0.0.1 and 1.0.0: every blank counts, and the text ends in "# EOF".

#include "prometheus/text_lines.h"

namespace vigia::prometheus {

class OpenMetricsParser final : public TextLines {
 public:
  explicit OpenMetricsParser(std::string_view body) : TextLines(body) {}
  Event next() override {
    begin_entry();
    return end_entry(take_entry());
  }

 private:
  Event take_entry();
  Event take_metadata();
  Event take_end();
  bool take_type_word(std::string_view word);
  bool check_unit();
  Event take_sample();
  // A blank and a number. `what`: for the message.
  bool take_number(double& number, std::string_view what);
  bool take_time(int64_t& ms);
  bool take_exemplar();

  bool has_ended_ = false;  // # EOF was read
};

}  // namespace vigia::prometheus
