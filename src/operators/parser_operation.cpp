#include "operators/parser_operation.h"

namespace vigia::operators {

ParserSettings ParserSettings::decode(config::Section& section, Decoding& decoding) {
  ParserSettings settings;
  decode_field(section, "parse_from", settings.parse_from);
  decode_field(section, "parse_to", settings.parse_to, true);
  decode_field(section, "body", settings.body);
  if (settings.body && settings.parse_to == Field::all_of(Field::Root::body))
    section.error("body", "does not go together with parse_to: body");
  section.section("timestamp", [&](config::Section& block) { settings.time = TimeParser::decode(block, decoding); });
  section.section("severity", [&](config::Section& block) { settings.severity = SeverityParser::decode(block); });
  section.section("trace", [&](config::Section& block) { settings.trace = TraceParser::decode(block); });
  section.section("scope_name", [&](config::Section& block) { settings.scope_name = ScopeNameParser::decode(block); });
  return settings;
}

bool ParserSettings::finish(Entry& entry, const Value& parsed, Work& work) const {
  if (!parse_to.set(entry, work.arena, parsed)) {
    work.fail("only a map can become the attributes or the resource, not", type_name(parsed.type));
    return false;
  }
  Value new_body;
  if (body && body->get(entry, work.arena, new_body)) entry.body = deep_copy(work.arena, new_body);
  // The first failure is the one that is told.
  bool is_ok = true;
  Problem first;
  auto run = [&](const auto& block) {
    if (!block || block->apply(entry, work) || !is_ok) return;
    is_ok = false;
    first = work.problem;
  };
  run(time);
  run(severity);
  run(trace);
  run(scope_name);
  if (!is_ok) work.problem = first;
  return is_ok;
}

Outcome ParserOperation::apply(Entry& entry, Work& work) const {
  Value from;
  if (!settings_.parse_from.get(entry, work.arena, from)) return work.fail("the field to parse is missing", settings_.parse_from.text());
  if (!from.is_text()) return work.fail("only a text can be parsed, not", type_name(from.type));
  Value parsed;
  if (!parse(from.text(), entry, work, parsed)) return Outcome::failed;
  return settings_.finish(entry, parsed, work) ? Outcome::passed : Outcome::failed;
}

}  // namespace vigia::operators
