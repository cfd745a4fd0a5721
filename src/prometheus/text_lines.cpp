#include "prometheus/text_lines.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/core.h>

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

bool TextLines::take_quoted(std::string_view& content, bool& has_escapes, bool allows_newline) {
  const char* start = ++at_;
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
    if (c == '\n' && !allows_newline) break;
    seen |= static_cast<unsigned char>(c);
  }
  at_ = start;
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
  if (error_.is_ok()) error_ = invalid_argument(fmt::format("line {}: {}", 1 + std::count(begin_, at_, '\n'), message));
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
