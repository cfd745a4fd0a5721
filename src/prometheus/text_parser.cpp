#include "prometheus/text_parser.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "prometheus/value_text.h"

namespace vigia::prometheus {

ExpositionParser::Event TextParser::take_entry() {
  for (;;) {
    skip_blanks();
    if (is_at_end()) return at_end();
    if (take_newline()) continue;
    if (peek() != '#') return take_sample();
    if (std::optional<Event> event = take_comment()) return *event;
  }
}

std::optional<ExpositionParser::Event> TextParser::take_comment() {
  at_++;
  bool has_blank = peek() == ' ' || peek() == '\t';
  skip_blanks();
  const char* word = at_;
  bool is_help = has_blank && take_word("HELP");
  bool is_type = has_blank && !is_help && take_word("TYPE");
  if ((is_help || is_type) && (peek() == ' ' || peek() == '\t') && !is_at_end()) {
    skip_blanks();
    return is_help ? take_help() : take_type();
  }
  at_ = word;
  rest_of_line();
  return std::nullopt;
}

ExpositionParser::Event TextParser::take_help() {
  if (!take_family()) return broken();
  if (peek() != '\n') at_++;
  text_ = rest_of_line();
  if (!is_valid_utf8(text_)) {
    fail("expected UTF-8 in a help text");
    return broken();
  }
  if (text_.find('\\') != std::string_view::npos) {
    help_.clear();
    for (size_t i = 0; i < text_.size(); i++) {
      char following = i + 1 < text_.size() ? text_[i + 1] : '\0';
      bool is_escape = text_[i] == '\\' && (following == '\\' || following == 'n');
      help_ += !is_escape ? text_[i] : following == 'n' ? '\n' : '\\';
      i += is_escape;
    }
    text_ = help_;
  }
  return Event::help;
}

ExpositionParser::Event TextParser::take_type() {
  if (!take_family()) return broken();
  if (peek() != '\n') at_++;
  const char* start = at_;
  std::string_view type = rest_of_line();
  if (type == "counter") {
    type_ = MetricType::counter;
  } else if (type == "gauge") {
    type_ = MetricType::gauge;
  } else if (type == "histogram") {
    type_ = MetricType::histogram;
  } else if (type == "summary") {
    type_ = MetricType::summary;
  } else if (type == "untyped") {
    type_ = MetricType::unknown;
  } else {
    at_ = start;
    fail("expected counter, gauge, histogram, summary or untyped, found " + found());
    return broken();
  }
  return Event::type;
}

bool TextParser::end_line() {
  skip_blanks();
  return is_at_end() || take_newline() || fail("expected the end of the line, found " + found());
}

ExpositionParser::Event TextParser::take_sample() {
  if (!take_series(true)) return broken();
  skip_blanks();
  timestamp_ms_.reset();
  if (!take_plain_number(value_)) {
    const char* start = at_;
    std::optional<double> value = parse_value(take_token());
    if (!value) {
      at_ = start;
      fail("expected a number behind the metric, found " + found());
      return broken();
    }
    value_ = *value;
  }
  if (take_newline()) return Event::sample;
  skip_blanks();
  if (peek() != '\n' && !take_timestamp()) return broken();
  return end_line() ? Event::sample : broken();
}

bool TextParser::take_timestamp() {
  const char* start = at_;
  std::string_view token = take_token();
  int64_t timestamp_ms = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), timestamp_ms);
  if (error != std::errc() || end != token.data() + token.size()) {
    at_ = start;
    return fail("expected a timestamp in milliseconds, found " + found());
  }
  timestamp_ms_ = timestamp_ms;
  return true;
}

}  // namespace vigia::prometheus
