#include "prometheus/openmetrics_parser.h"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "base/utf8.h"
#include "prometheus/value_text.h"

namespace vigia::prometheus {

namespace {

// A time of seconds as milliseconds, as far as those can be counted.
bool to_ms(double seconds, int64_t& ms) {
  constexpr double most_ms = 9.2e18;
  double exact = seconds * 1000;
  if (!(std::fabs(exact) < most_ms)) return false;
  ms = static_cast<int64_t>(exact);
  return true;
}

}  // namespace

ExpositionParser::Event OpenMetricsParser::take_entry() {
  exemplars_.clear();
  exemplar_labels_.clear();
  if (has_ended_) return take_end();
  if (is_at_end()) {
    if (!is_last_) return Event::more;
    fail("the text does not end with # EOF");
    return broken();
  }
  return peek() == '#' ? take_metadata() : take_sample();
}

ExpositionParser::Event OpenMetricsParser::take_end() {
  bool has_ended_before = std::exchange(has_ended_, true);
  if (!has_ended_before) take_newline();
  if (is_at_end()) return at_end();
  has_ended_ = has_ended_before;  // as long as more may come this is read again
  fail("there is something behind # EOF: " + found());
  return broken();
}

ExpositionParser::Event OpenMetricsParser::take_metadata() {
  const char* line = at_;
  if (take_word("# EOF")) return take_end();
  Event event = take_word("# HELP ")   ? Event::help
                : take_word("# TYPE ") ? Event::type
                : take_word("# UNIT ") ? Event::unit
                                       : Event::broken;
  if (event == Event::broken) {
    at_ = line;
    fail("expected # HELP, # TYPE, # UNIT or # EOF, found " + found());
    return event;
  }
  if (!take_family()) return broken();
  if (!take(' ')) {
    fail("expected a blank behind the metric's name, found " + found());
    return broken();
  }
  text_ = rest_of_line();
  if (is_at_end()) {
    fail("the text does not end with # EOF");
    return broken();
  }
  bool is_good = event == Event::type   ? take_type_word(text_)
                 : event == Event::unit ? check_unit()
                                        : is_valid_utf8(text_) || fail("expected UTF-8 in a help text");
  take_newline();
  if (event == Event::help && text_.find('\\') != std::string_view::npos) {
    help_.clear();
    append_unescaped(help_, text_);
    text_ = help_;
  }
  return is_good ? event : broken();
}

bool OpenMetricsParser::take_type_word(std::string_view word) {
  constexpr std::array<MetricType, 8> types = {MetricType::unknown, MetricType::counter,         MetricType::gauge, MetricType::histogram,
                                               MetricType::summary, MetricType::gauge_histogram, MetricType::info,  MetricType::stateset};
  for (MetricType type : types)
    if (metric_type_name(type) == word) {
      type_ = type;
      return true;
    }
  return fail(fmt::format("there is no metric type \"{}\"", repair_utf8(word.substr(0, 40))));
}

bool OpenMetricsParser::check_unit() {
  if (text_.empty()) return true;
  bool is_suffix = family_.size() > text_.size() && family_.ends_with(text_) && family_[family_.size() - text_.size() - 1] == '_';
  return is_suffix || fail(fmt::format("the unit \"{}\" is not the end of the metric's name {}", repair_utf8(text_.substr(0, 40)),
                                       family_.substr(0, 100)));
}

bool OpenMetricsParser::take_number(double& number, std::string_view what) {
  if (!take(' ')) return fail(fmt::format("expected a blank and {}, found {}", what, found()));
  if (take_plain_number(number)) return true;
  const char* start = at_;
  while (!is_at_end() && *at_ != ' ' && *at_ != '\n') at_++;
  std::optional<double> parsed = parse_value({start, static_cast<size_t>(at_ - start)});
  if (!parsed) {
    at_ = start;
    return fail(fmt::format("expected {}, found {}", what, found()));
  }
  number = *parsed;
  return true;
}

bool OpenMetricsParser::take_time(int64_t& ms) {
  const char* start = at_;
  double seconds = 0;
  if (!take_number(seconds, "a time in seconds")) return false;
  if (to_ms(seconds, ms)) return true;
  at_ = start;
  return fail("the time is out of range");
}

ExpositionParser::Event OpenMetricsParser::take_sample() {
  if (!take_series(false) || !take_number(value_, "a number")) return broken();
  timestamp_ms_.reset();
  if (peek() == ' ' && !(end_ - at_ >= 2 && at_[1] == '#')) {
    int64_t ms = 0;
    if (!take_time(ms)) return broken();
    timestamp_ms_ = ms;
  }
  if (take_word(" # {") && !take_exemplar()) return broken();
  if (take_newline()) return Event::sample;
  fail(is_at_end() ? "the text does not end with # EOF" : "expected the end of the line, found " + found());
  return broken();
}

bool OpenMetricsParser::take_exemplar() {
  Exemplar exemplar;
  if (!take_labels(exemplar_labels_, nullptr, false)) return false;
  exemplar.label_count = exemplar_labels_.size();
  if (!take_number(exemplar.value, "the exemplar's value")) return false;
  if (peek() == ' ') {
    int64_t ms = 0;
    if (!take_time(ms)) return false;
    exemplar.timestamp_ms = ms;
  }
  exemplars_.push_back(exemplar);
  return true;
}

}  // namespace vigia::prometheus
