#include "otlp/json_value.h"

#include <algorithm>

#define SIMDJSON_EXCEPTIONS 0
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#include <simdjson.h>

namespace vigia::otlp {

namespace {

namespace dom = simdjson::dom;

JsonValue value_of(dom::element element);

JsonValue of_kind(JsonValue::Kind kind) {
  JsonValue value;
  value.kind = kind;
  return value;
}

// The document has been checked whole: what an element says it is, it can be read as.
template <typename T>
T as(dom::element element) {
  T value{};
  if (element.get(value)) return {};
  return value;
}

JsonValue object_of(dom::object object) {
  JsonValue value = of_kind(JsonValue::Kind::object);
  for (dom::key_value_pair member : object) value.members.push_back({std::string(member.key), value_of(member.value)});
  return value;
}

JsonValue array_of(dom::array array) {
  JsonValue value = of_kind(JsonValue::Kind::array);
  for (dom::element element : array) value.items.push_back(value_of(element));
  return value;
}

JsonValue number_of(dom::element element) {
  JsonValue value = of_kind(JsonValue::Kind::real);
  if (element.get_int64().get(value.integer) == simdjson::SUCCESS)
    value.kind = JsonValue::Kind::integer;
  else
    value.real = as<double>(element);
  return value;
}

JsonValue value_of(dom::element element) {
  JsonValue value;
  switch (element.type()) {
    case dom::element_type::OBJECT:
      return object_of(as<dom::object>(element));
    case dom::element_type::ARRAY:
      return array_of(as<dom::array>(element));
    case dom::element_type::STRING:
      value.kind = JsonValue::Kind::string;
      value.string = as<std::string_view>(element);
      return value;
    case dom::element_type::BOOL:
      value.kind = JsonValue::Kind::boolean;
      value.boolean = as<bool>(element);
      return value;
    case dom::element_type::NULL_VALUE:
      return value;
    default:
      return number_of(element);
  }
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (auto member = members.rbegin(); member != members.rend(); ++member)
    if (member->name == name) return member->value.is(Kind::null) ? nullptr : &member->value;
  return nullptr;
}

Result<JsonValue> parse_json(std::string_view text, size_t most_levels) {
  dom::parser parser;
  simdjson::error_code error = parser.allocate(std::max(text.size(), size_t{64}), most_levels);
  dom::element root;
  if (!error) error = parser.parse(text.data(), text.size()).get(root);
  if (error) return invalid_argument(std::string("malformed JSON: ") + simdjson::error_message(error));
  return value_of(root);
}

}  // namespace vigia::otlp
