#include "prometheus/text_lines.h"

#include <array>
#include <cstring>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/utf8.h"

namespace vigia::prometheus {

namespace {

constexpr uint8_t name_start = 1, name_part = 2, colon = 4;

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; c++) classes[static_cast<size_t>(c)] = name_start | name_part;
  for (int c = 'A'; c <= 'Z'; c++) classes[static_cast<size_t>(c)] = name_start | name_part;
  for (int c = '0'; c <= '9'; c++) classes[static_cast<size_t>(c)] = name_part;
  classes['_'] = name_start | name_part;
  classes[':'] = colon;
  return classes;
}
constexpr std::array<uint8_t, 256> classes = make_classes();

uint8_t class_of(char c) { return classes[static_cast<unsigned char>(c)]; }

void append_text(std::string& out, std::string_view text, bool has_escapes) {
  if (has_escapes)
    append_unescaped(out, text);
  else
    out += text;
}

}  // namespace

void TextLines::labels(LabelList& out) const {
  std::string name, value;
  append_text(name, name_.name, name_.has_escapes);
  out.add(name_label, name);
  for (const RawLabel& label : labels_) {
    name.clear();
    value.clear();
    append_text(name, label.name, label.has_escapes);
    append_text(value, label.value, label.has_escapes);
    out.add(name, value);
  }
}

bool TextLines::take_word(std::string_view word) {
  if (static_cast<size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) return false;
  at_ += word.size();
  return true;
}

std::string_view TextLines::rest_of_line() {
  const char* start = at_;
  const void* newline = at_ == end_ ? nullptr : std::memchr(at_, '\n', static_cast<size_t>(end_ - at_));
  at_ = newline ? static_cast<const char*>(newline) : end_;
  return {start, static_cast<size_t>(at_ - start)};
}

std::string_view TextLines::take_token() {
  const char* start = at_;
  while (at_ != end_ && *at_ != ' ' && *at_ != '\t' && *at_ != '\n') at_++;
  return {start, static_cast<size_t>(at_ - start)};
}

std::string_view TextLines::take_metric_name() {
  const char* start = at_;
  if (at_ == end_ || !(class_of(*at_) & (name_start | colon))) return {};
  while (at_ != end_ && class_of(*at_) & (name_part | colon)) at_++;
  return {start, static_cast<size_t>(at_ - start)};
}

// A number and a power of ten that are exact give the nearest double to their quotient by one division.
bool TextLines::take_plain_number(double& value) {
  static constexpr double powers_of_ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  constexpr ptrdiff_t most_digits = 15;
  const char* at = at_;
  const char* end = end_;
  uint64_t number = 0;
  auto take_digits = [&] {
    const char* first = at;
    for (; at != end; at++) {
      auto digit = static_cast<unsigned char>(*at - '0');
      if (digit > 9) break;
      number = number * 10 + digit;  // what runs over is refused below
    }
    return at - first;
  };
  ptrdiff_t whole = take_digits();
  ptrdiff_t decimals = 0;
  if (at != end && *at == '.') {
    at++;
    decimals = take_digits();
    if (decimals == 0) return false;
  }
  if (whole == 0 || whole + decimals > most_digits || (at != end && *at != '\n' && *at != ' ')) return false;
  value = static_cast<double>(number);
  if (decimals > 0) value /= powers_of_ten[decimals];
  at_ = at;
  return true;
}

// What looks broken may only be cut off.
ExpositionParser::Event TextLines::read_again() {
  error_ = {};
  at_ = entry_;
  lines_ = lines_before_entry_;
  return Event::more;
}

// The same bytes were read as a whole series before, so they are one again: behind a closing brace in any case, and behind a bare name where
// neither the name nor labels can go on.
bool TextLines::take_expected() {
  const ExpectedSeries& expected = *expected_;
  if (expected.size == 0 || static_cast<size_t>(end_ - at_) < size_t{expected.size} + 2) return false;
  const char* behind = at_ + expected.size;
  if (behind[-1] != '}' && (behind[0] != ' ' || behind[1] == ' ' || behind[1] == '\t' || behind[1] == '{')) return false;
  identity_ = {at_, expected.size};
  if (hash64(identity_, expected.seed) != expected.hash) return false;
  at_ = behind;
  is_expected_ = true;
  return true;
}

bool TextLines::take_quoted(std::string_view& content, bool& has_escapes, bool allows_newline) {
  const char* start = ++at_;
  const size_t lines = lines_;
  unsigned char seen = 0;
  for (; at_ != end_; at_++) {
    char c = *at_;
    if (c == '"') {
      content = {start, static_cast<size_t>(at_ - start)};
      at_++;
      return seen < 0x80 || is_valid_utf8(content) || fail("expected UTF-8 between quotes");
    }
    if (c == '\\') {
      has_escapes = true;
      at_++;
      if (at_ == end_ || *at_ == '\n') break;
      c = *at_;
    }
    if (c == '\n') {
      if (!allows_newline) break;
      lines_++;
    }
    seen |= static_cast<unsigned char>(c);
  }
  at_ = start;
  lines_ = lines;
  return fail("the closing quote is missing");
}

bool TextLines::take_family() {
  if (peek() != '"') {
    family_ = take_metric_name();
    return !family_.empty() || fail("expected the name of a metric, found " + found());
  }
  bool has_escapes = false;
  return take_quoted(family_, has_escapes, true);
}

bool TextLines::take_series(bool allows_blanks) {
  if (expected_ && take_expected()) return true;
  const char* start = at_;
  labels_.clear();
  name_ = {};
  name_.name = take_metric_name();
  identity_ = name_.name;
  if (allows_blanks) skip_blanks();
  if (peek() != '{') return !identity_.empty() || fail("expected a metric, found " + found());
  bool has_name = !name_.name.empty();
  at_++;
  if (!take_labels(labels_, has_name ? nullptr : &name_, allows_blanks)) return false;
  identity_ = {start, static_cast<size_t>(at_ - start)};
  return !name_.name.empty() || fail("the metric has no name");
}

bool TextLines::take_labels(std::vector<RawLabel>& labels, RawLabel* name, bool allows_blanks) {
  for (;;) {
    if (allows_blanks) skip_blanks();
    if (take('}')) return true;
    if (!take_label(labels, name, allows_blanks)) return false;
    if (allows_blanks) skip_blanks();
    if (take(',')) continue;
    if (take('}')) return true;
    // The older format is read without commas, too.
    if (!allows_blanks) return fail("expected a comma or a closing brace, found " + found());
  }
}

bool TextLines::take_label_name(RawLabel& label, bool& is_quoted) {
  is_quoted = peek() == '"';
  if (is_quoted) return take_quoted(label.name, label.has_escapes, true);
  const char* start = at_;
  if (at_ != end_ && class_of(*at_) & name_start)
    while (at_ != end_ && class_of(*at_) & name_part) at_++;
  label.name = {start, static_cast<size_t>(at_ - start)};
  return !label.name.empty() || fail("expected the name of a label, found " + found());
}

bool TextLines::take_label(std::vector<RawLabel>& labels, RawLabel* name, bool allows_blanks) {
  RawLabel label;
  bool is_quoted = false;
  if (!take_label_name(label, is_quoted)) return false;
  if (allows_blanks) skip_blanks();
  if (is_quoted && (peek() == ',' || peek() == '}')) {
    if (!name || !name->name.empty()) return fail("the metric has a second name");
    *name = label;
    return true;
  }
  if (!take('=')) return fail("expected an equals sign behind the label's name, found " + found());
  if (allows_blanks) skip_blanks();
  if (peek() != '"') return fail("expected the label's value in quotes, found " + found());
  if (label.name.empty()) return fail("a label has an empty name");
  if (!take_quoted(label.value, label.has_escapes, allows_blanks)) return false;
  labels.push_back(label);
  return true;
}

bool TextLines::fail(std::string message) {
  if (error_.is_ok()) error_ = invalid_argument(fmt::format("line {}: {}", 1 + lines_, message));
  return false;
}

std::string TextLines::found() const {
  constexpr size_t most_shown = 40;
  if (at_ == end_) return "the end of the text";
  const void* newline = std::memchr(at_, '\n', static_cast<size_t>(end_ - at_));
  std::string_view rest(at_, static_cast<size_t>((newline ? static_cast<const char*>(newline) : end_) - at_));
  if (rest.empty()) return "the end of the line";
  if (rest == "\r") return "a carriage return";
  std::string text = "\"" + repair_utf8(rest.substr(0, most_shown)) + "\"";
  return rest.size() > most_shown ? text + "…" : text;
}

}  // namespace vigia::prometheus
