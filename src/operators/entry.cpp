#include "operators/entry.h"

namespace vigia::operators {

Entry Entry::copy(Arena& arena, bool with_texts) const {
  Entry result = *this;
  result.body = deep_copy(arena, body, with_texts);
  if (attributes_) result.attributes_ = deep_copy(arena, Value::of_map(attributes_), with_texts).map;
  if (resource_) result.resource_ = deep_copy(arena, Value::of_map(resource_), with_texts).map;
  if (!with_texts) return result;
  for (std::string_view* text : {&result.severity_text, &result.scope_name, &result.trace_id, &result.span_id}) *text = arena.copy(*text);
  return result;
}

}  // namespace vigia::operators
