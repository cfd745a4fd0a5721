#pragma once

// What all parsers have in common: where they read and write, and what they do with an entry afterwards.

#include <optional>

#include "operators/entry_parsers.h"

namespace vigia::operators {

// The keys parse_from, parse_to, body, timestamp, severity, trace, scope_name.
struct ParserSettings {
  Field parse_from = Field::all_of(Field::Root::body);
  Field parse_to = Field::all_of(Field::Root::attributes);
  // What becomes the body after parsing.
  std::optional<Field> body;
  std::optional<TimeParser> time;
  std::optional<SeverityParser> severity;
  std::optional<TraceParser> trace;
  std::optional<ScopeNameParser> scope_name;

  static ParserSettings decode(config::Section& section, Decoding& decoding);
  // Puts what was parsed into the entry and runs the blocks: all of them, even when the first one fails.
  bool finish(Entry& entry, const Value& parsed, Work& work) const;
};

class ParserOperation : public Operation {
 public:
  explicit ParserOperation(ParserSettings settings) : settings_(std::move(settings)) {}
  Outcome apply(Entry& entry, Work& work) const override;

 protected:
  // The work's problem is set when it returns false. The lists and maps in `out` belong to nobody else.
  virtual bool parse(std::string_view text, Entry& entry, Work& work, Value& out) const = 0;
  const ParserSettings& settings() const { return settings_; }

 private:
  ParserSettings settings_;
};

}  // namespace vigia::operators
