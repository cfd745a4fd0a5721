// `trace_parser` and `scope_name_parser`, and the blocks `trace` and `scope_name` of parsers.

#include <algorithm>
#include <optional>
#include <string>

#include "base/hash.h"
#include "operators/entry_parsers.h"
#include "operators/value_text.h"

namespace vigia::operators {

namespace {

// The bytes of a field in hexadecimal; empty when the field is missing, nothing when it is not hexadecimal.
std::optional<std::string> hex_of(const Field& field, Entry& entry, Work& work) {
  Value value;
  if (!field.get(entry, work.arena, value)) return std::string();
  std::string text;
  if (!value.is_text()) append_text(text, value);
  return from_hex(value.is_text() ? value.text() : std::string_view(text));
}

// An id of `size` bytes: what is shorter gets zeros behind it, what is longer is cut. One of zeros only is none.
std::string_view id_of(const std::string& bytes, size_t size, Arena& arena) {
  if (bytes.empty()) return {};
  std::string id = bytes.substr(0, size);
  id.resize(size);
  return id.find_first_not_of('\0') == std::string::npos ? std::string_view() : arena.copy(id);
}

}  // namespace

TraceParser TraceParser::decode(config::Section& section) {
  TraceParser parser;
  auto field = [&](std::string_view key, Field& out) {
    section.section(key, [&](config::Section& part) { decode_field(part, "parse_from", out); });
  };
  field("trace_id", parser.trace_id_);
  field("span_id", parser.span_id_);
  field("trace_flags", parser.flags_);
  return parser;
}

bool TraceParser::apply(Entry& entry, Work& work) const {
  std::optional<std::string> trace_id = hex_of(trace_id_, entry, work);
  std::optional<std::string> span_id = hex_of(span_id_, entry, work);
  std::optional<std::string> flags = hex_of(flags_, entry, work);
  entry.trace_id = id_of(trace_id.value_or(""), 16, work.arena);
  entry.span_id = id_of(span_id.value_or(""), 8, work.arena);
  entry.flags = flags && !flags->empty() ? static_cast<unsigned char>(flags->front()) : 0;
  if (trace_id && span_id && flags) return true;
  work.fail("this is not hexadecimal", !trace_id ? trace_id_.text() : !span_id ? span_id_.text() : flags_.text());
  return false;
}

std::optional<ScopeNameParser> ScopeNameParser::decode(config::Section& section) {
  std::optional<Field> from;
  if (!require_field(section, "parse_from", from)) return std::nullopt;
  return ScopeNameParser(std::move(*from));
}

bool ScopeNameParser::apply(Entry& entry, Work& work) const {
  Value value;
  if (!from_.get(entry, work.arena, value)) {
    work.fail("the scope name's field is missing", from_.text());
    return false;
  }
  if (!value.is_text()) {
    work.fail("a scope name must be a text, not", type_name(value.type));
    return false;
  }
  entry.scope_name = value.text();
  return true;
}

namespace {

template <typename Parser>
class PartOperation final : public Operation {
 public:
  explicit PartOperation(Parser parser) : parser_(std::move(parser)) {}
  Outcome apply(Entry& entry, Work& work) const override { return parser_.apply(entry, work) ? Outcome::passed : Outcome::failed; }

 private:
  Parser parser_;
};

}  // namespace

OperationPointer decode_trace_parser(config::Section& section, Decoding&) {
  return std::make_unique<PartOperation<TraceParser>>(TraceParser::decode(section));
}

OperationPointer decode_scope_name_parser(config::Section& section, Decoding&) {
  std::optional<ScopeNameParser> parser = ScopeNameParser::decode(section);
  return parser ? std::make_unique<PartOperation<ScopeNameParser>>(std::move(*parser)) : nullptr;
}

}  // namespace vigia::operators
