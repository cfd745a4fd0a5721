#include "prometheus/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace vigia::prometheus {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c); }
// What a metric's name consists of, besides the underscores that separate its words.
constexpr bool is_word_character(char c) { return is_alphanumeric(c) || c == ':'; }

using Pair = std::pair<std::string_view, std::string_view>;
constexpr std::array<Pair, 24> unit_words = {{{"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
                                              {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
                                              {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"TiBy", "tibibytes"},
                                              {"KBy", "kilobytes"},   {"MBy", "megabytes"},   {"GBy", "gigabytes"},  {"TBy", "terabytes"},
                                              {"m", "meters"},        {"V", "volts"},         {"A", "amperes"},      {"J", "joules"},
                                              {"W", "watts"},         {"g", "grams"},         {"Cel", "celsius"},    {"Hz", "hertz"}}};
constexpr std::array<Pair, 7> per_words = {
    {{"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"}, {"w", "week"}, {"mo", "month"}, {"y", "year"}}};

template <size_t Size>
std::string_view word_for(const std::array<Pair, Size>& words, std::string_view unit) {
  for (const Pair& pair : words)
    if (pair.first == unit) return pair.second;
  return unit;
}

// The two halves of a unit, in words: "By/s" is "bytes" and "second". What stands in braces says what is counted and is no unit.
struct Unit {
  std::string_view main;
  std::string_view per;
};
Unit unit_of(std::string_view text) {
  auto half = [](std::string_view part) {
    part = trim(part);
    return part.find_first_of("{}") == std::string_view::npos ? part : std::string_view();
  };
  Unit unit;
  size_t slash = std::min(text.find('/'), text.size());
  unit.main = half(text.substr(0, slash));
  if (slash < text.size()) unit.per = half(text.substr(slash + 1));
  if (unit.main == "1")
    unit.main = {};
  else if (unit.main == "%")
    unit.main = "percent";
  else
    unit.main = word_for(unit_words, unit.main);
  unit.per = word_for(per_words, unit.per);
  return unit;
}

// Appends a unit's word with each run of other characters as one underscore, and none in front.
void append_unit_word(std::string& out, std::string_view word) {
  size_t start = out.size();
  for (char c : word) {
    if (is_word_character(c))
      out += c;
    else if (out.size() > start && out.back() != '_')
      out += '_';
  }
}

std::string clean_unit_word(std::string_view word) {
  std::string clean;
  append_unit_word(clean, word);
  return clean;
}

// The words of a name, joined by single underscores. Says of each word whether it was there.
class WordName {
 public:
  explicit WordName(std::string& out) : out_(out) {}

  void add_words(std::string_view text, std::string_view left_out) {
    size_t at = 0;
    while (at < text.size()) {
      if (!is_word_character(text[at])) {
        at++;
        continue;
      }
      size_t end = at;
      while (end < text.size() && is_word_character(text[end])) end++;
      std::string_view word = text.substr(at, end - at);
      if (left_out.empty() || word != left_out) add(word);
      at = end;
    }
  }
  void add(std::string_view word) {
    if (has_word_) out_ += '_';
    out_ += word;
    has_word_ = true;
  }

 private:
  std::string& out_;
  bool has_word_ = false;
};

bool has_word(std::string_view name, std::string_view word) {
  if (word.empty()) return true;
  if (word.find('_') != std::string_view::npos) return false;  // those are several
  for (size_t at = name.find(word); at != std::string_view::npos; at = name.find(word, at + 1)) {
    bool begins = at == 0 || !is_word_character(name[at - 1]);
    bool ends = at + word.size() == name.size() || !is_word_character(name[at + word.size()]);
    if (begins && ends) return true;
  }
  return false;
}

// "_total" and "_ratio" come last, once, wherever the name had them.
std::string_view type_word(std::string_view unit, NameKind kind) {
  if (kind == NameKind::monotonic_counter) return "total";
  return unit == "1" && kind == NameKind::gauge ? "ratio" : std::string_view();
}

void build_with_suffixes(std::string_view name, std::string_view unit_text, NameKind kind, std::string& out) {
  Unit unit = unit_of(unit_text);
  std::string main = clean_unit_word(unit.main);
  std::string per = clean_unit_word(unit.per);
  if (per.ends_with('_')) per.pop_back();
  if (!per.empty()) per.insert(0, "per_");
  std::string_view last = type_word(unit_text, kind);
  WordName words(out);
  words.add_words(name, last);
  // A unit that the name has among its words already is not told twice. "per_…" is no single word, so that it never is one.
  if (main == last || has_word(name, main)) main.clear();
  if (!per.empty() && main.ends_with('_')) main.pop_back();
  if (!main.empty()) words.add(main);
  if (!per.empty()) words.add(per);
  if (!last.empty()) words.add(last);
}

// Each run of characters that do not belong becomes one underscore; at the ends it goes. Underscores stay as they are.
void append_plain(std::string& out, std::string_view name) {
  bool is_gap = false;
  size_t start = out.size();
  for (char c : name) {
    if (!is_word_character(c) && c != '_') {
      is_gap = true;
      continue;
    }
    if (is_gap && out.size() > start) out += '_';
    is_gap = false;
    out += c;
  }
}

// Cuts the suffix and what stands before it, as long as something is left.
void cut_suffix(std::string& name, size_t start, std::string_view suffix) {
  if (name.size() - start > suffix.size() + 1 && std::string_view(name).substr(start).ends_with(suffix))
    name.resize(name.size() - suffix.size() - 1);
}

void add_utf8_suffixes(std::string_view unit_text, NameKind kind, std::string& out) {
  Unit unit = unit_of(unit_text);
  std::string per = unit.per.empty() ? std::string() : "per_" + std::string(unit.per);
  std::string_view last = type_word(unit_text, kind);
  if (!last.empty()) cut_suffix(out, 0, last);
  if (!per.empty()) cut_suffix(out, 0, per);
  if (!unit.main.empty() && !out.ends_with(unit.main)) out.append("_").append(unit.main);
  if (!per.empty()) out.append("_").append(per);
  if (!last.empty()) out.append("_").append(last);
}

bool is_only_underscores(std::string_view text) { return text.find_first_not_of('_') == std::string_view::npos; }

}  // namespace

bool is_plain_metric_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_word_character(c) || c == '_'; });
}
bool is_plain_label_name(std::string_view name) { return is_plain_metric_name(name) && name.find(':') == std::string_view::npos; }

MetricNamer::MetricNamer(Strategy strategy, std::string_view name_space) : strategy_(strategy) {
  if (name_space.empty()) return;
  if (keeps_utf8(strategy))
    prefix_ = name_space;
  else
    append_plain(prefix_, name_space);
  if (!prefix_.empty()) prefix_ += '_';
}

void MetricNamer::build(std::string_view name, std::string_view unit, NameKind kind, std::string& out) const {
  out = prefix_;
  if (strategy_ == Strategy::underscores_with_suffixes) {
    std::string words;
    build_with_suffixes(name, unit, kind, words);
    out += words;
  } else if (strategy_ == Strategy::underscores_without_suffixes) {
    append_plain(out, name);
  } else {
    out += name;
    if (strategy_ == Strategy::utf8_with_suffixes) add_utf8_suffixes(unit, kind, out);
    if (name.empty()) out.clear();
    return;
  }
  if (out.size() == prefix_.size() || (is_only_underscores(out) && out != name)) {
    out.clear();
    return;
  }
  if (is_digit(out[0])) out.insert(0, "_");
}

std::string_view LabelNamer::build(std::string_view name, Scratch& scratch) const {
  if (name.empty()) return {};
  bool is_reserved = name.size() >= 4 && name.starts_with("__") && name.ends_with("__");
  std::string_view core = is_reserved ? name.substr(2, name.size() - 4) : name;
  if (keeps_utf8_) return is_only_underscores(name) ? "key_" : name;
  bool is_fine = !core.empty() && (is_reserved || (!is_digit(name[0]) && name[0] != '_'));
  char before = 'x';
  for (char c : core) {
    is_fine = is_fine && (is_alphanumeric(c) || (c == '_' && before != '_'));
    before = c;
  }
  if (is_fine) return name;
  constexpr std::string_view start = "key_";
  char* text = scratch.take(start.size() + name.size() + 4);
  char* at = text + start.size();
  if (is_reserved) at = std::copy_n("__", 2, at);
  char* first = at;
  for (char c : core) {
    if (is_alphanumeric(c))
      *at++ = c;
    else if (at == first || at[-1] != '_')
      *at++ = '_';
  }
  size_t length = static_cast<size_t>(at - first);
  bool is_nothing = length == 0 || is_only_underscores({first, length});
  if (is_nothing) {
    scratch.give_back(start.size() + name.size() + 4);
    return "key_";
  }
  char* end = is_reserved ? std::copy_n("__", 2, at) : at;
  char* begin = text + start.size();
  if (!is_reserved && is_digit(*first)) begin = std::copy_backward(start.begin(), start.end(), begin);
  if (!is_reserved && *first == '_') begin = std::copy_backward(start.begin(), start.end() - 1, begin);
  scratch.give_back(static_cast<size_t>(text + start.size() + name.size() + 4 - end));
  return {begin, static_cast<size_t>(end - begin)};
}

void build_unit(std::string_view text, Strategy strategy, std::string& out) {
  Unit unit = unit_of(text);
  out.clear();
  auto append = [&](std::string_view word) {
    if (keeps_utf8(strategy))
      out += word;
    else
      append_unit_word(out, word);
  };
  append(unit.main);
  if (!unit.per.empty()) {
    if (!out.empty()) out += '_';
    std::string per = "per_";
    per += keeps_utf8(strategy) ? std::string(unit.per) : clean_unit_word(unit.per);
    out += per;
  }
  if (out.starts_with('_')) out.erase(0, 1);
  if (out.ends_with('_')) out.pop_back();
}

}  // namespace vigia::prometheus
