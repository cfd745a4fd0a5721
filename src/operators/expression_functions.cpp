// Functions of plain values: numbers and texts. Those of lists and maps are in expression_lists.cpp.

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"
#include "operators/expression_internal.h"
#include "operators/json_tree.h"
#include "operators/value_text.h"

namespace vigia::operators {

namespace {

// Whether all arguments are texts; fails otherwise.
bool are_texts(Evaluation& evaluation, const Value* arguments, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (arguments[i].is_text()) continue;
    evaluation.fail("a function needs a text, not", type_name(arguments[i].type));
    return false;
  }
  return true;
}

Value call_type(Evaluation&, const Value* arguments, size_t) {
  constexpr std::string_view names[] = {"nil", "bool", "int", "float", "string", "bytes", "array", "map", "time.Time"};
  return Value::of_text(names[static_cast<size_t>(arguments[0].type)]);
}

Value call_abs(Evaluation& evaluation, const Value* arguments, size_t) {
  const Value& value = arguments[0];
  if (value.type == Value::Type::floating) return Value::of_floating(std::fabs(value.floating));
  if (value.type == Value::Type::integer)
    return Value::of_integer(value.integer < 0 ? static_cast<int64_t>(-static_cast<uint64_t>(value.integer)) : value.integer);
  return evaluation.fail("abs needs a number, not", type_name(value.type));
}

template <double (*round)(double)>
Value call_rounding(Evaluation& evaluation, const Value* arguments, size_t) {
  if (!arguments[0].is_number()) return evaluation.fail("a function needs a number, not", type_name(arguments[0].type));
  return Value::of_floating(round(arguments[0].as_double()));
}
double ceiling(double value) { return std::ceil(value); }
double floor_of(double value) { return std::floor(value); }
double rounded(double value) { return std::round(value); }

Value call_int(Evaluation& evaluation, const Value* arguments, size_t) {
  const Value& value = arguments[0];
  if (value.is_text()) {
    std::string_view digits = value.text();
    if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
    std::optional<int64_t> number = parse_int(digits);
    return number ? Value::of_integer(*number) : evaluation.fail("no integer", value.text());
  }
  std::optional<int64_t> number = whole_number(value);
  return number ? Value::of_integer(*number) : evaluation.fail("int cannot use", type_name(value.type));
}

Value call_float(Evaluation& evaluation, const Value* arguments, size_t) {
  const Value& value = arguments[0];
  if (value.is_number()) return Value::of_floating(value.as_double());
  if (!value.is_text()) return evaluation.fail("float cannot use", type_name(value.type));
  std::optional<double> number = parse_double(value.text());
  return number ? Value::of_floating(*number) : evaluation.fail("no number", value.text());
}

Value call_string(Evaluation& evaluation, const Value* arguments, size_t) {
  if (arguments[0].is_text()) return arguments[0];
  std::string text;
  append_text(text, arguments[0]);
  return evaluation.text(text);
}

std::string_view trimmed(std::string_view text, std::string_view characters) {
  size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

Value call_trim(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  return utf8_text(evaluation, trimmed(arguments[0].text(), count == 2 ? arguments[1].text() : " \t\n\v\f\r"));
}

Value call_trim_prefix(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::string_view text = arguments[0].text();
  std::string_view prefix = count == 2 ? arguments[1].text() : " ";
  return Value::of_text(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}

Value call_trim_suffix(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::string_view text = arguments[0].text();
  std::string_view suffix = count == 2 ? arguments[1].text() : " ";
  return Value::of_text(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

// Letters of the Latin alphabet only.
template <char from, char to, int by>
Value call_case(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::string_view text = arguments[0].text();
  if (std::none_of(text.begin(), text.end(), [](char c) { return c >= from && c <= to; })) return arguments[0];
  if (!evaluation.spend_bytes(text.size())) return {};
  char* memory = evaluation.arena.allocate(text.size());
  std::transform(text.begin(), text.end(), memory, [](char c) { return c >= from && c <= to ? static_cast<char>(c + by) : c; });
  return Value::of_text({memory, text.size()});
}

// At most `most` parts; the last one has the rest.
Value split_text(Evaluation& evaluation, std::string_view text, std::string_view separator, int64_t most, bool keeps_separator) {
  List* list = List::create(evaluation.arena);
  if (most == 0) return {};
  size_t at = 0;
  while (most < 0 || list->count + 1 < most) {
    // Without a separator, each character is a part.
    size_t width = 1;
    while (separator.empty() && at + width < text.size() && (static_cast<unsigned char>(text[at + width]) & 0xC0) == 0x80) width++;
    size_t found = separator.empty() ? (at + width < text.size() ? at + width : std::string_view::npos) : text.find(separator, at);
    if (found == std::string_view::npos) break;
    if (!evaluation.spend_steps(1) || !evaluation.spend_bytes(2 * sizeof(Value))) return {};
    list->push_back(evaluation.arena, Value::of_text(text.substr(at, found - at + (keeps_separator ? separator.size() : 0))));
    at = found + separator.size();
  }
  if (!separator.empty() || at < text.size()) list->push_back(evaluation.arena, Value::of_text(text.substr(at)));
  return Value::of_list(list);
}

template <bool keeps_separator>
Value call_split(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, 2)) return {};
  std::optional<int64_t> most = count == 3 ? whole_number(arguments[2]) : std::optional<int64_t>(-1);
  if (!most) return evaluation.fail("split needs a number of parts");
  return split_text(evaluation, arguments[0].text(), arguments[1].text(), *most, keeps_separator);
}

Value call_replace(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, 3)) return {};
  std::optional<int64_t> most = count == 4 ? whole_number(arguments[3]) : std::optional<int64_t>(-1);
  if (!most) return evaluation.fail("replace needs a number of times");
  std::string_view text = arguments[0].text();
  std::string_view old = arguments[1].text();
  if (old.empty()) return evaluation.fail("replace needs something to look for");
  std::string result;
  size_t at = 0;
  for (int64_t times = 0; *most < 0 || times < *most; times++) {
    size_t found = text.find(old, at);
    if (found == std::string_view::npos) break;
    if (!evaluation.spend_steps(1) || !evaluation.spend_bytes(found - at + arguments[2].size)) return {};
    result.append(text.substr(at, found - at)).append(arguments[2].text());
    at = found + old.size();
  }
  if (at == 0) return arguments[0];
  return utf8_text(evaluation, evaluation.text(result.append(text.substr(at))).text());
}

Value call_repeat(Evaluation& evaluation, const Value* arguments, size_t) {
  if (!are_texts(evaluation, arguments, 1)) return {};
  std::optional<int64_t> times = whole_number(arguments[1]);
  if (!times || *times < 0 || *times > 1'000'000) return evaluation.fail("repeat needs a number from 0 to 1000000");
  size_t size = arguments[0].size * static_cast<size_t>(*times);
  if (!evaluation.spend_bytes(size)) return {};
  std::string result;
  for (int64_t i = 0; i < *times; i++) result += arguments[0].text();
  return Value::of_text(evaluation.arena.copy(result));
}

Value place_or_none(size_t place) { return Value::of_integer(place == std::string_view::npos ? -1 : static_cast<int64_t>(place)); }

Value call_index_of(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? place_or_none(arguments[0].text().find(arguments[1].text())) : Value();
}
Value call_last_index_of(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? place_or_none(arguments[0].text().rfind(arguments[1].text())) : Value();
}
Value call_has_prefix(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? Value::of_boolean(arguments[0].text().starts_with(arguments[1].text())) : Value();
}
Value call_has_suffix(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? Value::of_boolean(arguments[0].text().ends_with(arguments[1].text())) : Value();
}

Value call_to_json(Evaluation& evaluation, const Value* arguments, size_t) {
  std::string text;
  append_json(text, arguments[0], 2);
  return evaluation.text(text);
}

Value call_from_json(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  if (!evaluation.spend_bytes(arguments[0].size * 8)) return {};
  JsonReader reader;
  Value value;
  std::string_view error = reader.read(arguments[0].text(), {}, evaluation.arena, value);
  return error.empty() ? value : evaluation.fail("no JSON", error);
}

Value call_to_base64(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? evaluation.text(to_base64(arguments[0].text())) : Value();
}
Value call_from_base64(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::optional<std::string> bytes = from_base64(arguments[0].text());
  if (!bytes) return evaluation.fail("no base64", arguments[0].text());
  return utf8_text(evaluation, evaluation.text(*bytes).text());
}

Value call_now(Evaluation& evaluation, const Value*, size_t) { return Value::of_time(evaluation.tools.clock.wall_ns()); }

Value call_env(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  const auto& environment = evaluation.tools.environment;
  std::optional<std::string> value = environment ? environment(std::string(arguments[0].text())) : std::nullopt;
  return utf8_text(evaluation, evaluation.text(value.value_or("")).text());
}

enum class Bits : uint8_t { both, either, different, only_first, left, right, right_unsigned };

template <Bits operation>
Value call_bits(Evaluation& evaluation, const Value* arguments, size_t) {
  if (arguments[0].type != Value::Type::integer || arguments[1].type != Value::Type::integer)
    return evaluation.fail("a function needs integers");
  auto a = static_cast<uint64_t>(arguments[0].integer);
  auto b = static_cast<uint64_t>(arguments[1].integer);
  constexpr bool is_shift = operation == Bits::left || operation == Bits::right || operation == Bits::right_unsigned;
  if (is_shift && arguments[1].integer < 0) return evaluation.fail("cannot shift by a negative number");
  bool is_all_out = b > 63;
  switch (operation) {
    case Bits::both:
      return Value::of_integer(static_cast<int64_t>(a & b));
    case Bits::either:
      return Value::of_integer(static_cast<int64_t>(a | b));
    case Bits::different:
      return Value::of_integer(static_cast<int64_t>(a ^ b));
    case Bits::only_first:
      return Value::of_integer(static_cast<int64_t>(a & ~b));
    case Bits::left:
      return Value::of_integer(is_all_out ? 0 : static_cast<int64_t>(a << b));
    case Bits::right:
      return Value::of_integer(arguments[0].integer >> (is_all_out ? 63 : b));
    case Bits::right_unsigned:
      return Value::of_integer(is_all_out ? 0 : static_cast<int64_t>(a >> b));
  }
  return {};
}

Value call_bit_not(Evaluation& evaluation, const Value* arguments, size_t) {
  if (arguments[0].type != Value::Type::integer) return evaluation.fail("bitnot needs an integer");
  return Value::of_integer(~arguments[0].integer);
}

constexpr Function functions[] = {
    {"type", 1, 1, StaticType::text, call_type},
    {"abs", 1, 1, StaticType::any, call_abs},
    {"ceil", 1, 1, StaticType::floating, call_rounding<ceiling>},
    {"floor", 1, 1, StaticType::floating, call_rounding<floor_of>},
    {"round", 1, 1, StaticType::floating, call_rounding<rounded>},
    {"int", 1, 1, StaticType::integer, call_int},
    {"float", 1, 1, StaticType::floating, call_float},
    {"string", 1, 1, StaticType::text, call_string},
    {"trim", 1, 2, StaticType::text, call_trim, StaticType::text},
    {"trimPrefix", 1, 2, StaticType::text, call_trim_prefix, StaticType::text},
    {"trimSuffix", 1, 2, StaticType::text, call_trim_suffix, StaticType::text},
    {"upper", 1, 1, StaticType::text, call_case<'a', 'z', -32>, StaticType::text},
    {"lower", 1, 1, StaticType::text, call_case<'A', 'Z', 32>, StaticType::text},
    {"split", 2, 3, StaticType::list, call_split<false>, StaticType::text},
    {"splitAfter", 2, 3, StaticType::list, call_split<true>, StaticType::text},
    {"replace", 3, 4, StaticType::text, call_replace, StaticType::text},
    {"repeat", 2, 2, StaticType::text, call_repeat, StaticType::text},
    {"indexOf", 2, 2, StaticType::integer, call_index_of, StaticType::text},
    {"lastIndexOf", 2, 2, StaticType::integer, call_last_index_of, StaticType::text},
    {"hasPrefix", 2, 2, StaticType::boolean, call_has_prefix, StaticType::text},
    {"hasSuffix", 2, 2, StaticType::boolean, call_has_suffix, StaticType::text},
    {"toJSON", 1, 1, StaticType::text, call_to_json},
    {"fromJSON", 1, 1, StaticType::any, call_from_json, StaticType::text},
    {"toBase64", 1, 1, StaticType::text, call_to_base64, StaticType::text},
    {"fromBase64", 1, 1, StaticType::text, call_from_base64, StaticType::text},
    {"now", 0, 0, StaticType::time, call_now},
    {"env", 1, 1, StaticType::text, call_env, StaticType::text},
    {"bitand", 2, 2, StaticType::integer, call_bits<Bits::both>},
    {"bitor", 2, 2, StaticType::integer, call_bits<Bits::either>},
    {"bitxor", 2, 2, StaticType::integer, call_bits<Bits::different>},
    {"bitnand", 2, 2, StaticType::integer, call_bits<Bits::only_first>},
    {"bitshl", 2, 2, StaticType::integer, call_bits<Bits::left>},
    {"bitshr", 2, 2, StaticType::integer, call_bits<Bits::right>},
    {"bitushr", 2, 2, StaticType::integer, call_bits<Bits::right_unsigned>},
    {"bitnot", 1, 1, StaticType::integer, call_bit_not},
};

constexpr size_t most_arguments = 16;

class CallNode final : public ExpressionNode {
 public:
  CallNode(const Function& function, std::vector<NodePointer> arguments)
      : ExpressionNode(function.result), function_(function), arguments_(std::move(arguments)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value values[most_arguments];
    for (size_t i = 0; i < arguments_.size(); i++) {
      values[i] = arguments_[i]->evaluate(evaluation);
      if (evaluation.has_failed()) return {};
    }
    if (!evaluation.spend_steps(1)) return {};
    return function_.call(evaluation, values, arguments_.size());
  }

 private:
  const Function& function_;
  std::vector<NodePointer> arguments_;
};

const Function* find_function(std::string_view name) {
  const Function* found = find_text_function(name);
  return found ? found : find_list_function(name);
}

}  // namespace

const Function* find_text_function(std::string_view name) {
  auto found = std::find_if(std::begin(functions), std::end(functions), [&](const Function& one) { return one.name == name; });
  return found == std::end(functions) ? nullptr : found;
}

void add_text_function_names(std::vector<std::string>& names) {
  for (const Function& one : functions) names.emplace_back(one.name);
}

CallShape call_shape_of(std::string_view function) {
  if (is_predicate_function(function)) return CallShape::predicate;
  return find_function(function) ? CallShape::plain : CallShape::none;
}

std::string nearest_function(std::string_view function) {
  std::vector<std::string> names;
  add_text_function_names(names);
  add_list_function_names(names);
  add_predicate_function_names(names);
  return nearest_word(function, names);
}

Result<NodePointer> call_node(std::string_view function, std::vector<NodePointer> arguments) {
  const Function& found = *find_function(function);
  if (arguments.size() < found.least_arguments || arguments.size() > found.most_arguments) {
    std::string wanted = found.least_arguments == found.most_arguments
                             ? fmt::format("{}", found.least_arguments)
                             : fmt::format("{} to {}", found.least_arguments, found.most_arguments);
    return invalid_argument(fmt::format("{} takes {} arguments, not {}", function, wanted, arguments.size()));
  }
  if (!arguments.empty() && found.first != StaticType::any && arguments[0]->type() != StaticType::any &&
      arguments[0]->type() != StaticType::nil && arguments[0]->type() != found.first)
    return invalid_argument(fmt::format("{} does not take a value of this type", function));
  return NodePointer(std::make_unique<CallNode>(found, std::move(arguments)));
}

}  // namespace vigia::operators
