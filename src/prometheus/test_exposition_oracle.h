#pragma once

// The slow, obvious way to read the two text formats: regular expressions on what is left of the text, everything copied. For tests.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/text.h"
#include "base/utf8.h"
#include "prometheus/exposition.h"
#include "prometheus/value_text.h"

namespace vigia::prometheus::test {

// All entries as lines of text; the last is "end" or "broken".
using Lines = std::vector<std::string>;

inline std::string number_line(double value) { return std::isnan(value) ? "NaN" : std::to_string(value); }

// Adds what a parser reads, in the oracle's notation; false when it wants more text.
inline bool read_entries(ExpositionParser& parser, Lines& lines) {
  using Event = ExpositionParser::Event;
  for (;;) switch (parser.next()) {
      case Event::help:
        lines.push_back("help " + std::string(parser.family()) + "|" + std::string(parser.text()));
        break;
      case Event::type:
        lines.push_back("type " + std::string(parser.family()) + "|" + std::string(metric_type_name(parser.type())));
        break;
      case Event::unit:
        lines.push_back("unit " + std::string(parser.family()) + "|" + std::string(parser.text()));
        break;
      case Event::sample:
      case Event::histogram: {
        LabelList labels;
        parser.labels(labels);
        std::string line = "sample " + labels.to_string() + "|" + number_line(parser.value());
        if (parser.timestamp_ms()) line += "@" + std::to_string(*parser.timestamp_ms());
        for (const Exemplar& exemplar : parser.exemplars()) {
          line += " #";
          for (size_t i = 0; i < exemplar.label_count; i++) {
            const RawLabel& label = parser.exemplar_labels(exemplar)[i];
            std::string name, value;
            append_unescaped(name, label.name);
            append_unescaped(value, label.value);
            line += name + "=" + value + ",";
          }
          line += number_line(exemplar.value);
          if (exemplar.timestamp_ms) line += "@" + std::to_string(*exemplar.timestamp_ms);
        }
        lines.push_back(line);
        break;
      }
      case Event::more:
        return false;
      case Event::end:
        lines.push_back("end");
        return true;
      case Event::broken:
        lines.push_back("broken");
        return true;
    }
}
inline Lines read_all(ExpositionParser& parser) {
  Lines lines;
  if (!read_entries(parser, lines)) lines.push_back("more");
  return lines;
}
// The same, when the text comes in pieces that end where a newline of it is.
inline Lines read_in_pieces(ExpositionParser& parser, std::string_view text) {
  Lines lines;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end < text.size(); end = text.find('\n', end + 1)) {
    parser.set_text(text.substr(begin, end + 1 - begin), false);
    if (read_entries(parser, lines)) return lines;
    begin = end + 1 - parser.rest().size();
  }
  parser.set_text(text.substr(begin), true);
  read_entries(parser, lines);
  return lines;
}

class ExpositionOracle {
 public:
  ExpositionOracle(std::string_view text, bool is_openmetrics) : rest_(text), is_openmetrics_(is_openmetrics) {}

  Lines read_all() {
    for (;;) {
      if (!is_openmetrics_) {
        take("^[ \\t]*");
        if (rest_.empty()) return ended("end");
        if (take("^\n")) continue;
      }
      if (rest_.empty()) return ended("broken");
      if (!(rest_[0] == '#' ? read_comment() : read_sample())) return ended("broken");
      if (is_over_) return lines_;
    }
  }

 private:
  using Groups = std::vector<std::string>;

  Lines ended(const std::string& how) {
    lines_.push_back(how);
    return lines_;
  }

  // Takes what the pattern, which begins with ^, matches.
  std::optional<Groups> take(const std::string& pattern) {
    Regex regex = *Regex::compile("(?s)" + std::string("^((?:") + pattern.substr(1) + "))");
    std::vector<std::string_view> views;
    if (!regex.find_groups(rest_, views)) return std::nullopt;
    Groups groups;
    for (std::string_view view : views) groups.emplace_back(view);
    rest_.remove_prefix(groups[0].size());
    groups.erase(groups.begin());
    return groups;
  }

  // RE2 knows characters only, and the end of a line is to be found behind any bytes.
  std::string take_line() {
    size_t size = std::min(rest_.find('\n'), rest_.size());
    std::string line(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return line;
  }

  static std::string unescaped(const std::string& text, bool resolves_quotes) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
      std::string two = text.substr(i, 2);
      bool is_escape = two == "\\\\" || two == "\\n" || (resolves_quotes && two == "\\\"");
      if (is_escape) {
        out += two == "\\n" ? '\n' : two[1];
        i++;
      } else {
        out += text[i];
      }
    }
    return out;
  }

  bool read_comment() {
    std::string blank = is_openmetrics_ ? " " : "[ \\t]+";
    if (is_openmetrics_ && take("^# EOF\n?")) {
      is_over_ = true;
      lines_.push_back(rest_.empty() ? "end" : "broken");
      return true;
    }
    auto word = take("^#" + blank + (is_openmetrics_ ? "(HELP|TYPE|UNIT)" : "(HELP|TYPE)") + blank);
    if (!word && is_openmetrics_) return false;
    if (!word) {
      take_line();
      return true;
    }
    auto name = take("^([a-zA-Z_:][a-zA-Z0-9_:]*)");
    if (!name) {
      name = take("^\"((?:\\\\[^\n]|[^\"\\\\])*)\"");
      if (!name || !is_valid_utf8((*name)[0])) return false;
    }
    if (is_openmetrics_ && !take("^ ")) return false;
    std::string text = take_line();
    if (is_openmetrics_ && !take("^\n")) return false;
    if (!is_openmetrics_ && !text.empty()) text.erase(0, 1);
    return note_metadata((*word)[0], (*name)[0], text);
  }

  bool note_metadata(const std::string& word, const std::string& name, std::string text) {
    if (word == "HELP") {
      if (!is_valid_utf8(text)) return false;
      lines_.push_back("help " + name + "|" + unescaped(text, is_openmetrics_));
      return true;
    }
    if (word == "UNIT") {
      bool is_suffix = name.size() > text.size() && name.ends_with("_" + text);
      if (!text.empty() && !is_suffix) return false;
      lines_.push_back("unit " + name + "|" + text);
      return true;
    }
    std::vector<std::string> known = is_openmetrics_ ? std::vector<std::string>{"counter", "gauge", "histogram", "gaugehistogram",
                                                                                "summary", "info",  "stateset",  "unknown"}
                                                     : std::vector<std::string>{"counter", "gauge", "histogram", "summary", "untyped"};
    if (std::find(known.begin(), known.end(), text) == known.end()) return false;
    lines_.push_back("type " + name + "|" + (text == "untyped" ? "unknown" : text));
    return true;
  }

  // Labels up to the closing brace; a quoted string alone is the name.
  bool read_labels(std::vector<std::pair<std::string, std::string>>& labels, std::string* name) {
    std::string blank = is_openmetrics_ ? "" : "[ \\t]*";
    std::string inside = is_openmetrics_ ? "[^\"\\\\\n]" : "[^\"\\\\]";
    for (;;) {
      if (take("^" + blank + "\\}")) return true;
      std::string label;
      bool is_quoted = false;
      take("^" + blank);
      if (auto plain = take("^([a-zA-Z_][a-zA-Z0-9_]*)")) {
        label = (*plain)[0];
      } else if (auto quoted = take("^\"((?:\\\\[^\n]|[^\"\\\\])*)\"")) {
        label = (*quoted)[0];
        is_quoted = true;
        if (!is_valid_utf8(label)) return false;
      } else {
        return false;
      }
      take("^" + blank);
      if (is_quoted && !rest_.empty() && (rest_[0] == ',' || rest_[0] == '}')) {
        if (!name || !name->empty()) return false;
        *name = label;
      } else {
        auto value = take("^=" + blank + "\"((?:\\\\[^\n]|" + inside + ")*)\"");
        if (!value || label.empty() || !is_valid_utf8((*value)[0])) return false;
        labels.emplace_back(unescaped(label, true), unescaped((*value)[0], true));
      }
      take("^" + blank);
      if (take("^,")) continue;
      if (is_openmetrics_) return take("^\\}").has_value();
    }
  }

  bool read_sample() {
    std::string name;
    std::vector<std::pair<std::string, std::string>> labels;
    bool has_bare_name = false;
    if (auto bare = take("^([a-zA-Z_:][a-zA-Z0-9_:]*)")) {
      name = (*bare)[0];
      has_bare_name = true;
    }
    if (!is_openmetrics_) take("^[ \\t]*");
    if (take("^\\{") && !read_labels(labels, has_bare_name ? nullptr : &name)) return false;
    if (name.empty()) return false;
    LabelList list;
    list.add(name_label, has_bare_name ? name : unescaped(name, true));
    for (const auto& [label, value] : labels) list.add(label, value);
    auto value = take(is_openmetrics_ ? "^ ([^ \n]+)" : "^[ \\t]*([^ \\t\n]+)");
    if (!value || !parse_value((*value)[0])) return false;
    std::string line = "sample " + list.to_string() + "|" + number_line(*parse_value((*value)[0]));
    return (is_openmetrics_ ? end_openmetrics(line) : end_text(line)) && (lines_.push_back(line), true);
  }

  bool end_text(std::string& line) {
    if (auto time = take("^[ \\t]*(-?[0-9]+)")) {
      auto ms = parse_int((*time)[0]);
      if (!ms) return false;
      line += "@" + std::to_string(*ms);
    }
    return take("^[ \\t]*").has_value() && (rest_.empty() || take("^\n"));
  }

  bool read_seconds(std::string& line) {
    auto time = take("^ ([^ \n]+)");
    if (!time) return true;
    auto seconds = parse_value((*time)[0]);
    if (!seconds || !(std::fabs(*seconds * 1000) < 9.2e18)) return false;
    line += "@" + std::to_string(static_cast<int64_t>(*seconds * 1000));
    return true;
  }

  bool end_openmetrics(std::string& line) {
    bool has_exemplar_next = rest_.starts_with(" #");
    if (!has_exemplar_next && !read_seconds(line)) return false;
    if (take("^ # \\{")) {
      std::vector<std::pair<std::string, std::string>> labels;
      if (!read_labels(labels, nullptr)) return false;
      auto value = take("^ ([^ \n]+)");
      if (!value || !parse_value((*value)[0])) return false;
      line += " #";
      for (const auto& [label, text] : labels) line += label + "=" + text + ",";
      line += number_line(*parse_value((*value)[0]));
      if (!read_seconds(line)) return false;
    }
    return take("^\n").has_value();
  }

  std::string_view rest_;
  bool is_openmetrics_;
  bool is_over_ = false;
  Lines lines_;
};

}  // namespace vigia::prometheus::test
