#pragma once

// What turns a field into an entry's time, severity, trace context or scope: operators of their own, and blocks of every parser.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "operators/field.h"
#include "operators/operation_internal.h"
#include "operators/operator_types_internal.h"
#include "operators/time_layout.h"

namespace vigia::operators {

// Each has decode(), which reports what is wrong, and apply(), which sets the work's problem when it is false.
class TimeParser {
 public:
  static std::optional<TimeParser> decode(config::Section& section, Decoding& decoding);
  bool apply(Entry& entry, Work& work) const;

 private:
  enum class Kind : uint8_t { layout, seconds, milliseconds, microseconds, nanoseconds, parts_ms, parts_us, parts_ns };

  TimeParser(Field from, Kind kind) : from_(std::move(from)), kind_(kind) {}
  bool apply_epoch(const Value& value, Entry& entry, Work& work) const;
  bool decode_layout(config::Section& section, const std::string& text, bool is_go, Decoding& decoding);

  Field from_;
  Kind kind_;
  std::optional<TimeLayout> layout_;
  size_t zone_ = 0;
  std::vector<std::pair<std::string, size_t>> abbreviations_;
};

class SeverityParser {
 public:
  static std::optional<SeverityParser> decode(config::Section& section);
  bool apply(Entry& entry, Work& work) const;

 private:
  explicit SeverityParser(Field from) : from_(std::move(from)) {}
  void add_preset(std::string_view name);
  void decode_mapping(config::Section& mapping);
  void decode_value(config::Section& value, uint8_t severity);
  void add_range(int64_t first, int64_t last, uint8_t severity);
  uint8_t find(std::string_view text) const;

  Field from_;
  bool overwrites_text_ = false;
  // By texts in lower case. Numbers stand here as text, too.
  std::unordered_map<std::string, uint8_t> by_text_;
  size_t longest_text_ = 0;
};

class TraceParser {
 public:
  static TraceParser decode(config::Section& section);
  bool apply(Entry& entry, Work& work) const;

 private:
  Field trace_id_ = Field::in(Field::Root::body, {"trace_id"});
  Field span_id_ = Field::in(Field::Root::body, {"span_id"});
  Field flags_ = Field::in(Field::Root::body, {"trace_flags"});
};

class ScopeNameParser {
 public:
  static std::optional<ScopeNameParser> decode(config::Section& section);
  bool apply(Entry& entry, Work& work) const;

 private:
  explicit ScopeNameParser(Field from) : from_(std::move(from)) {}

  Field from_;
};

}  // namespace vigia::operators
