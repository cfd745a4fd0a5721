// Layouts to elements. Reading times by them is in time_layout_parse.cpp.

#include "operators/time_layout.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace vigia::operators {

namespace {

using Element = TimeLayout::Element;
using Part = TimeLayout::Part;

void add_literal(std::vector<Element>& elements, std::string_view text) {
  if (text.empty()) return;
  if (elements.empty() || elements.back().part != Part::literal) elements.push_back({});
  elements.back().text += text;
}

// --- strptime ---

struct Directive {
  char letter;
  Part part;
};
// All of them take blanks before a number.
constexpr Directive number_directives[] = {{'Y', Part::year},   {'y', Part::short_year}, {'m', Part::month},  {'o', Part::month},
                                           {'q', Part::month},  {'d', Part::day},        {'e', Part::day},    {'g', Part::day},
                                           {'H', Part::hour},   {'I', Part::hour12},     {'l', Part::hour12}, {'M', Part::minute},
                                           {'S', Part::second}, {'z', Part::any_offset}};
constexpr Directive word_directives[] = {{'b', Part::short_month_name}, {'h', Part::short_month_name}, {'B', Part::month_name},
                                         {'a', Part::short_weekday},    {'A', Part::weekday},          {'p', Part::upper_half},
                                         {'P', Part::lower_half},       {'Z', Part::abbreviation}};

struct Shorthand {
  char letter;
  std::string_view meaning;
};
// %@ is a year of four digits or two, which no layout can ask for by itself.
constexpr Shorthand shorthands[] = {{'D', "%m/%d/%@"}, {'x', "%m/%d/%@"}, {'F', "%Y-%m-%d"},    {'T', "%H:%M:%S"},
                                    {'X', "%H:%M:%S"}, {'R', "%H:%M"},    {'r', "%I:%M:%S %P"}, {'c', "%a %b %e %H:%M:%S %Y"},
                                    {'n', "\n"},       {'t', "\t"}};

struct Offset {
  char letter;
  uint8_t width;
  bool has_colon;
};
constexpr Offset offsets[] = {{'w', 6, false}, {'i', 2, false}, {'j', 4, true}, {'k', 6, true}};

bool add_directive(std::vector<Element>& elements, char letter);

void add_shorthand(std::vector<Element>& elements, std::string_view meaning) {
  for (size_t i = 0; i < meaning.size(); i++) {
    if (meaning[i] == '%') {
      add_directive(elements, meaning[++i]);
    } else {
      add_literal(elements, meaning.substr(i, 1));
    }
  }
}

// The point or comma before a fraction belongs to it.
bool add_fraction(std::vector<Element>& elements) {
  if (elements.empty() || elements.back().part != Part::literal) return false;
  std::string& before = elements.back().text;
  if (before.back() != '.' && before.back() != ',') return false;
  before.pop_back();
  if (before.empty()) elements.pop_back();
  elements.push_back({.part = Part::any_fraction});
  return true;
}

bool add_directive(std::vector<Element>& elements, char letter) {
  for (const Directive& one : number_directives) {
    if (one.letter != letter) continue;
    elements.push_back({.part = one.part, .skips_space = true});
    return true;
  }
  for (const Directive& one : word_directives) {
    if (one.letter != letter) continue;
    elements.push_back({.part = one.part});
    return true;
  }
  for (const Shorthand& one : shorthands) {
    if (one.letter != letter) continue;
    add_shorthand(elements, one.meaning);
    return true;
  }
  for (const Offset& one : offsets) {
    if (one.letter != letter) continue;
    elements.push_back({.part = Part::offset, .has_colon = one.has_colon, .width = one.width});
    return true;
  }
  if (letter == '%') add_literal(elements, "%");
  if (letter == '@') elements.push_back({.part = Part::any_year, .skips_space = true});
  return letter == '%' || letter == '@';
}

// --- Go ---

struct Chunk {
  std::string_view text;
  Element element;
};

Element offset_element(uint8_t width, bool has_colon, bool may_be_z) {
  return {.part = Part::offset, .has_colon = has_colon, .may_be_z = may_be_z, .width = width};
}

// Longer ones before those they begin with.
const std::vector<Chunk>& chunks() {
  static const std::vector<Chunk> all = {
      {"January", {.part = Part::month_name}},
      {"Jan", {.part = Part::short_month_name}},
      {"Monday", {.part = Part::weekday}},
      {"Mon", {.part = Part::short_weekday}},
      {"MST", {.part = Part::abbreviation}},
      {"01", {.part = Part::two_digit_month}},
      {"002", {.part = Part::year_day}},
      {"02", {.part = Part::two_digit_day}},
      {"03", {.part = Part::two_digit_hour12}},
      {"04", {.part = Part::two_digit_minute}},
      {"05", {.part = Part::two_digit_second}},
      {"06", {.part = Part::short_year}},
      {"15", {.part = Part::hour}},
      {"1", {.part = Part::month}},
      {"2006", {.part = Part::year}},
      {"2", {.part = Part::day}},
      {"__2", {.part = Part::padded_year_day}},
      {"_2", {.part = Part::padded_day}},
      {"3", {.part = Part::hour12}},
      {"4", {.part = Part::minute}},
      {"5", {.part = Part::second}},
      {"PM", {.part = Part::upper_half}},
      {"pm", {.part = Part::lower_half}},
      {"-070000", offset_element(6, false, false)},
      {"-07:00:00", offset_element(6, true, false)},
      {"-0700", offset_element(4, false, false)},
      {"-07:00", offset_element(4, true, false)},
      {"-07", offset_element(2, false, false)},
      {"Z070000", offset_element(6, false, true)},
      {"Z07:00:00", offset_element(6, true, true)},
      {"Z0700", offset_element(4, false, true)},
      {"Z07:00", offset_element(4, true, true)},
      {"Z07", offset_element(2, false, true)},
  };
  return all;
}

bool is_digit_at(std::string_view text, size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

// .000 or ,999 at `at`; returns its size.
size_t fraction_at(std::string_view text, size_t at, Element& element) {
  if ((text[at] != '.' && text[at] != ',') || at + 1 >= text.size() || (text[at + 1] != '0' && text[at + 1] != '9')) return 0;
  size_t end = at + 1;
  while (end < text.size() && text[end] == text[at + 1]) end++;
  if (is_digit_at(text, end) || end - at > 255) return 0;
  element.part = text[at + 1] == '0' ? Part::fraction : Part::any_fraction;
  element.width = static_cast<uint8_t>(end - at - 1);
  return end - at;
}

// _2006 is a blank line before a year, not a day; Jan in January's place is the short name unless a lower-case letter follows.
bool is_chunk_here(const Chunk& chunk, std::string_view rest) {
  if (!rest.starts_with(chunk.text)) return false;
  if (chunk.text == "_2" && rest.starts_with("_2006")) return false;
  if (chunk.text == "Jan" || chunk.text == "Mon") return rest.size() == 3 || rest[3] < 'a' || rest[3] > 'z';
  return true;
}

}  // namespace

Result<TimeLayout> TimeLayout::from_strptime(std::string_view text) {
  TimeLayout layout;
  for (size_t i = 0; i < text.size(); i++) {
    if (is_digit_at(text, i)) return invalid_argument("digits have no meaning in it; for an example of a time, say layout_type: gotime");
    if (text[i] != '%') {
      add_literal(layout.elements_, text.substr(i, 1));
      continue;
    }
    if (++i == text.size()) return invalid_argument("a % at the end means nothing");
    char letter = text[i];
    bool is_fraction = letter == 'L' || letter == 'f' || letter == 's';
    if (is_fraction && !add_fraction(layout.elements_))
      return invalid_argument(fmt::format("%{} needs a point or a comma before it", letter));
    if (!is_fraction && (letter == '@' || !add_directive(layout.elements_, letter)))
      return invalid_argument(fmt::format("there is no directive %{}", letter));
  }
  return layout;
}

Result<TimeLayout> TimeLayout::from_go(std::string_view text) {
  TimeLayout layout;
  for (size_t at = 0; at < text.size();) {
    Element fraction;
    if (size_t size = fraction_at(text, at, fraction)) {
      layout.elements_.push_back(fraction);
      at += size;
      continue;
    }
    std::string_view rest = text.substr(at);
    auto found = std::find_if(chunks().begin(), chunks().end(), [&](const Chunk& chunk) { return is_chunk_here(chunk, rest); });
    if (found == chunks().end()) {
      if (text[at] == '9') return invalid_argument("a fraction of a second needs a point or a comma before it");
      add_literal(layout.elements_, rest.substr(0, 1));
      at++;
      continue;
    }
    layout.elements_.push_back(found->element);
    at += found->text.size();
  }
  return layout;
}

bool TimeLayout::has_abbreviation() const {
  return std::any_of(elements_.begin(), elements_.end(), [](const Element& element) { return element.part == Part::abbreviation; });
}

}  // namespace vigia::operators
