// Where in a request a fault lies, in words. Runs only for requests that are refused.

#include <array>
#include <string>
#include <string_view>

#include "otlp/door_internal.h"
#include "otlp/door_schema.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp::door {

namespace {

constexpr size_t longest_path = 400;

// The field that stands at `place`, or the beginning of one that is broken.
struct Found {
  std::string path;
  const FieldRule* rule = &unknown_field;
  Field field;  // its key at least
};

void append_step(std::string& path, const FieldRule& rule, uint32_t number, size_t index) {
  if (path.size() > longest_path) return;
  if (!path.empty()) path += '.';
  path += rule.kind == FieldKind::unknown || rule.kind == FieldKind::illegal ? "field " + std::to_string(number) : rule.name;
  if (rule.kind == FieldKind::message && rule.once == 0) path += '[' + std::to_string(index) + ']';
  if (path.size() > longest_path) path += "…";
}

// The key that begins here, as far as it can be read; else 0.
uint32_t key_at(const char* place, const char* end) {
  uint64_t key = 0;
  return Cursor({place, static_cast<size_t>(end - place)}).next_varint(key) && key <= UINT32_MAX ? static_cast<uint32_t>(key) : 0;
}

// The field of this message in which `place` lies, and how many of the same came before it.
struct Step {
  Field field;
  size_t index = 0;
  bool is_whole = false;
};
Step step_to(std::string_view message, const char* place) {
  std::array<size_t, largest_known_field + 1> seen{};
  Cursor cursor(message);
  Step step;
  while (!step.is_whole && cursor.next(step.field)) {
    step.is_whole = place < step.field.whole.data() + step.field.whole.size();
    if (!step.is_whole && step.field.id() < seen.size()) seen[step.field.id()]++;
  }
  if (!step.is_whole) step.field = {key_at(place, message.data() + message.size())};
  step.index = step.field.id() < seen.size() ? seen[step.field.id()] : 0;
  return step;
}

Found find(MessageType type, std::string_view message, const char* place) {
  Found found;
  while (true) {
    Step step = step_to(message, place);
    found.field = step.field;
    found.rule = &rule_of(rules_of(type), step.field.id());
    if (step.field.tag != 0) append_step(found.path, *found.rule, step.field.id(), step.index);
    bool is_inside = step.is_whole && place != step.field.whole.data() && found.rule->kind == FieldKind::message;
    if (!is_inside) return found;
    type = found.rule->message;
    message = step.field.content;
  }
}

std::string length_of(const Found& found) { return std::to_string(found.field.content.size()) + " bytes"; }

const char* expected_type(FieldKind kind) {
  switch (kind) {
    case FieldKind::varint:
      return "0";
    case FieldKind::fixed64:
      return "1";
    case FieldKind::fixed32:
      return "5";
    case FieldKind::varints:
      return "0 or 2";
    case FieldKind::fixed64s:
      return "1 or 2";
    case FieldKind::unknown:
    case FieldKind::illegal:
      return "0, 1, 2 or 5";
    default:
      return "2";
  }
}

std::string explain(Fault fault, const Found& found) {
  switch (fault) {
    case Fault::none:
      break;
    case Fault::broken_key:
      return "the field's key is broken or cut short";
    case Fault::broken_number:
      return "the number is broken or cut short";
    case Fault::too_short:
      return "the message ends inside the field";
    case Fault::wrong_type:
      return "wire type " + std::to_string(found.field.tag & 7) + "; expected " + expected_type(found.rule->kind);
    case Fault::field_number:
      return "field number 0";
    case Fault::packed_numbers:
      return "packed numbers are broken";
    case Fault::trace_id_length:
      return length_of(found) + "; expected 0 or 16";
    case Fault::span_id_length:
      return length_of(found) + "; expected 0 or 8";
    case Fault::too_deep:
      return "values nest deeper than " + std::to_string(max_value_levels) + " levels";
  }
  return "malformed";
}

}  // namespace

std::string describe_fault(MessageType request, std::string_view body, const FaultPlace& place) {
  Found found = find(request, body, place.field);
  std::string where = found.path.empty() ? "request" : found.path;
  return where + ": " + explain(place.fault, found) + " (at byte " + std::to_string(place.field - body.data()) + ")";
}

}  // namespace vigia::otlp::door
