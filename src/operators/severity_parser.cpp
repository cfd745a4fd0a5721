// `severity_parser`, and the block `severity` of parsers.

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "operators/entry_parsers.h"
#include "operators/severity.h"

namespace vigia::operators {

namespace {

constexpr int64_t max_range = 100'000;

uint8_t severity_by_name(std::string_view name) {
  for (uint8_t number = 1; number <= max_severity; number++) {
    if (equals_ignoring_case(name, severity_name(number)) || name == std::to_string(number)) return number;
  }
  return 0;
}

}  // namespace

// "none" begins empty, "otel" has OTLP's own names and numbers, and the default knows "warning" and "err" as well.
void SeverityParser::add_preset(std::string_view name) {
  if (name == "none") return;
  for (uint8_t number = 1; number <= max_severity; number++) {
    std::string text = to_lower(severity_name(number));
    by_text_[text] = number;
    by_text_[std::to_string(number)] = number;
    if (name == "otel" || name == "aliases") continue;
    if (text.starts_with("warn")) by_text_["warning" + text.substr(4)] = number;
    if (text.starts_with("error")) by_text_["err" + text.substr(5)] = number;
  }
}

void SeverityParser::add_range(int64_t first, int64_t last, uint8_t severity) {
  for (int64_t number = std::min(first, last); number <= std::max(first, last); number++) by_text_[std::to_string(number)] = severity;
}

void SeverityParser::decode_value(config::Section& value, uint8_t severity) {
  if (value.node().is_map()) {
    std::optional<int64_t> least;
    std::optional<int64_t> most;
    value.field("min", least);
    value.field("max", most);
    if (!least || !most) return value.error("a range needs min and max");
    if (*most - *least > max_range || *least - *most > max_range) return value.error("a range has at most 100000 numbers");
    return add_range(*least, *most, severity);
  }
  std::string text;
  if (!value.as_string(text)) return;
  if (text == "2xx" || text == "3xx" || text == "4xx" || text == "5xx")
    return add_range((text[0] - '0') * 100, (text[0] - '0') * 100 + 99, severity);
  by_text_[to_lower(text)] = severity;
}

void SeverityParser::decode_mapping(config::Section& mapping) {
  mapping.entries([&](const std::string& name, config::Section& value) {
    uint8_t severity = severity_by_name(name);
    if (severity == 0 && name != "default") {
      value.error(
          fmt::format("{} is no severity; there are trace, debug, info, warn, error and fatal, each also with 2, 3 or 4 behind it", name));
      value.take_all();
      return;
    }
    if (value.node().is_list()) {
      value.items([&](config::Section& item) { decode_value(item, severity); });
    } else {
      decode_value(value, severity);
    }
  });
}

std::optional<SeverityParser> SeverityParser::decode(config::Section& section) {
  std::optional<Field> from;
  bool has_field = require_field(section, "parse_from", from);
  SeverityParser parser(from.value_or(Field::all_of(Field::Root::body)));
  std::string preset = "default";
  section.field("preset", preset);
  section.field("overwrite_text", parser.overwrites_text_);
  parser.add_preset(preset);
  section.section("mapping", [&](config::Section& mapping) { parser.decode_mapping(mapping); });
  for (const auto& [text, severity] : parser.by_text_) parser.longest_text_ = std::max(parser.longest_text_, text.size());
  if (!has_field) return std::nullopt;
  return parser;
}

uint8_t SeverityParser::find(std::string_view text) const {
  if (text.size() > longest_text_) return 0;
  auto found = by_text_.find(to_lower(text));
  return found == by_text_.end() ? 0 : found->second;
}

bool SeverityParser::apply(Entry& entry, Work& work) const {
  Value value;
  if (!from_.get(entry, work.arena, value)) {
    work.fail("the severity's field is missing", from_.text());
    return false;
  }
  std::string_view text;
  if (value.type == Value::Type::integer ||
      (value.type == Value::Type::floating &&
       value.floating == static_cast<double>(static_cast<int64_t>(std::clamp(value.floating, -9e15, 9e15))))) {
    text = work.arena.copy(std::to_string(value.type == Value::Type::integer ? value.integer : static_cast<int64_t>(value.floating)));
  } else if (value.is_text() || value.type == Value::Type::bytes) {
    text = value.text();
  } else {
    work.fail("a severity must be a text or a whole number, not", type_name(value.type));
    return false;
  }
  entry.severity = find(text);
  entry.severity_text = overwrites_text_ && entry.severity ? severity_name(entry.severity) : text;
  return true;
}

namespace {

class SeverityOperation final : public Operation {
 public:
  explicit SeverityOperation(SeverityParser parser) : parser_(std::move(parser)) {}
  Outcome apply(Entry& entry, Work& work) const override { return parser_.apply(entry, work) ? Outcome::passed : Outcome::failed; }

 private:
  SeverityParser parser_;
};

}  // namespace

OperationPointer decode_severity_parser(config::Section& section, Decoding&) {
  std::optional<SeverityParser> parser = SeverityParser::decode(section);
  return parser ? std::make_unique<SeverityOperation>(std::move(*parser)) : nullptr;
}

}  // namespace vigia::operators
