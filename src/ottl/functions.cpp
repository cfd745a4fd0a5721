// The converters that conditions may use.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/regex.h"
#include "base/text.h"
#include "otlp/span_view.h"
#include "ottl/expression_internal.h"
#include "ottl/lexer.h"
#include "ottl/number_text.h"

namespace vigia::ottl {

namespace {

constexpr size_t max_parameters = 4;
// Missing optional arguments are nil.
using Arguments = std::array<Value, max_parameters>;
using Apply = Value (*)(Evaluation&, const Arguments&);

std::string cannot(std::string_view function, const Value& value) {
  return fmt::format("{} cannot use {}", function, type_name(value.type));
}

bool is_text(const Value& value) { return value.type == Value::Type::text; }

// The value as text, made in scratch memory when it is none. As in the Collector, no text stands for NaN and infinity here.
std::string_view text_of(Evaluation& evaluation, const Value& value) {
  if (is_text(value)) return value.content;
  if (value.type == Value::Type::floating && !std::isfinite(value.floating)) {
    evaluation.fail("NaN and infinity have no text");
    return {};
  }
  std::string& text = evaluation.scratch();
  append_text(text, value);
  return text;
}

template <Value::Type type>
Value is_of_type(Evaluation&, const Arguments& arguments) {
  return Value::of_boolean(arguments[0].type == type);
}

Value is_match(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[1])) return evaluation.fail(cannot("IsMatch", arguments[1]) + " as a pattern");
  Result<Regex> pattern = Regex::compile(arguments[1].content);
  if (!pattern) return evaluation.fail(pattern.status().message());
  if (arguments[0].is_nil()) return Value::of_boolean(false);
  return Value::of_boolean(pattern->is_found_in(text_of(evaluation, arguments[0])));
}

Value length(Evaluation& evaluation, const Arguments& arguments) {
  switch (arguments[0].type) {
    case Value::Type::bytes:
      if (arguments[0].is_id()) return evaluation.fail("Len cannot use an id");
      [[fallthrough]];
    case Value::Type::text:
    case Value::Type::map:
    case Value::Type::list:
    case Value::Type::messages:
      return Value::of_integer(static_cast<int64_t>(count_of(arguments[0])));
    default:
      return evaluation.fail(cannot("Len", arguments[0]));
  }
}

Value is_empty(Evaluation&, const Arguments& arguments) {
  const Value& value = arguments[0];
  switch (value.type) {
    case Value::Type::nil:
      return Value::of_boolean(true);
    case Value::Type::boolean:
      return Value::of_boolean(!value.boolean);
    case Value::Type::floating:
      return Value::of_boolean(value.floating == 0);
    case Value::Type::integer:
    case Value::Type::time:
    case Value::Type::duration:
      return Value::of_boolean(value.integer == 0);
    case Value::Type::bytes:
      return Value::of_boolean(value.content.empty() || (value.is_id() && value.content.find_first_not_of('\0') == std::string_view::npos));
    default:
      return Value::of_boolean(count_of(value) == 0);
  }
}

Value concat(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].type != Value::Type::list) return evaluation.fail(cannot("Concat", arguments[0]));
  if (!is_text(arguments[1])) return evaluation.fail(cannot("Concat", arguments[1]) + " as a delimiter");
  std::string& text = evaluation.scratch();
  bool is_first = true;
  for (std::string_view item : arguments[0].items()) {
    if (!is_first) text += arguments[1].content;
    is_first = false;
    Value value = Value::of_any(item);
    text += value.is_nil() ? std::string_view("<nil>") : text_of(evaluation, value);
  }
  return Value::of_text(text);
}

Value contains_value(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].type != Value::Type::list) return evaluation.fail(cannot("ContainsValue", arguments[0]));
  for (std::string_view item : arguments[0].items()) {
    if (compare(Value::of_any(item), Comparator::equal, arguments[1])) return Value::of_boolean(true);
  }
  return Value::of_boolean(false);
}

bool begins_inside_character(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

Value substring(Evaluation& evaluation, const Arguments& arguments) {
  const Value& target = arguments[0];
  if (!is_text(target)) return evaluation.fail(cannot("Substring", target));
  if (arguments[1].type != Value::Type::integer || arguments[2].type != Value::Type::integer)
    return evaluation.fail("Substring needs integers for start and length");
  int64_t start = arguments[1].integer;
  int64_t count = arguments[2].integer;
  auto size = static_cast<int64_t>(target.content.size());
  if (start < 0 || count <= 0 || start > size || count > size - start)
    return evaluation.fail(fmt::format("Substring: {} bytes from {} are not in a text of {}", count, start, size));
  auto begin = static_cast<size_t>(start);
  auto end = static_cast<size_t>(start + count);
  if (arguments[3].type == Value::Type::boolean && arguments[3].boolean) {
    while (begin < target.content.size() && begins_inside_character(target.content, begin)) begin++;
    while (begin < end && begins_inside_character(target.content, end)) end--;
    end = std::max(begin, end);
  }
  return Value::of_text(target.content.substr(begin, end - begin));
}

std::string to_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return result;
}

Value to_lower_case(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0])) return evaluation.fail(cannot("ToLowerCase", arguments[0]));
  return Value::of_text(evaluation.scratch() = to_lower(arguments[0].content));
}
Value to_upper_case(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0])) return evaluation.fail(cannot("ToUpperCase", arguments[0]));
  return Value::of_text(evaluation.scratch() = to_upper(arguments[0].content));
}

constexpr std::string_view known_cases = "ConvertCase knows \"lower\" and \"upper\"";
bool is_case(const Value& value, std::string_view name) { return is_text(value) && value.content == name; }
Value convert_case(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0])) return evaluation.fail(cannot("ConvertCase", arguments[0]));
  if (is_case(arguments[1], "lower")) return to_lower_case(evaluation, arguments);
  if (is_case(arguments[1], "upper")) return to_upper_case(evaluation, arguments);
  return evaluation.fail(std::string(known_cases));
}

Value has_prefix(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0]) || !is_text(arguments[1])) return evaluation.fail(cannot("HasPrefix", arguments[is_text(arguments[0])]));
  return Value::of_boolean(arguments[0].content.starts_with(arguments[1].content));
}
Value has_suffix(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0]) || !is_text(arguments[1])) return evaluation.fail(cannot("HasSuffix", arguments[is_text(arguments[0])]));
  return Value::of_boolean(arguments[0].content.ends_with(arguments[1].content));
}

// Towards zero; what does not fit becomes the nearest integer that does.
int64_t truncated(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0) return std::numeric_limits<int64_t>::max();
  if (value <= -9223372036854775808.0) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

Value to_int(Evaluation& evaluation, const Arguments& arguments) {
  const Value& value = arguments[0];
  switch (value.type) {
    case Value::Type::nil:
    case Value::Type::integer:
      return value;
    case Value::Type::floating:
      return Value::of_integer(truncated(value.floating));
    case Value::Type::boolean:
      return Value::of_integer(value.boolean ? 1 : 0);
    case Value::Type::text:
      if (std::optional<int64_t> number = parse_int(value.content)) return Value::of_integer(*number);
      return evaluation.fail(fmt::format("Int cannot read {}", value.content.substr(0, 60)));
    default:
      return evaluation.fail(cannot("Int", value));
  }
}

Value to_double(Evaluation& evaluation, const Arguments& arguments) {
  const Value& value = arguments[0];
  switch (value.type) {
    case Value::Type::nil:
    case Value::Type::floating:
      return value;
    case Value::Type::integer:
      return Value::of_floating(static_cast<double>(value.integer));
    case Value::Type::boolean:
      return Value::of_floating(value.boolean ? 1 : 0);
    case Value::Type::text:
      if (std::optional<double> number = parse_float(value.content)) return Value::of_floating(*number);
      return evaluation.fail(fmt::format("Double cannot read {}", value.content.substr(0, 60)));
    default:
      return evaluation.fail(cannot("Double", value));
  }
}

Value to_bool(Evaluation& evaluation, const Arguments& arguments) {
  static constexpr std::array<std::string_view, 6> yes = {"1", "t", "T", "true", "TRUE", "True"};
  static constexpr std::array<std::string_view, 6> no = {"0", "f", "F", "false", "FALSE", "False"};
  const Value& value = arguments[0];
  switch (value.type) {
    case Value::Type::nil:
    case Value::Type::boolean:
      return value;
    case Value::Type::integer:
      return Value::of_boolean(value.integer != 0);
    case Value::Type::floating:
      return Value::of_boolean(value.floating != 0);
    case Value::Type::text:
      if (std::find(yes.begin(), yes.end(), value.content) != yes.end()) return Value::of_boolean(true);
      if (std::find(no.begin(), no.end(), value.content) != no.end()) return Value::of_boolean(false);
      return evaluation.fail(fmt::format("Bool cannot read {}", value.content.substr(0, 60)));
    default:
      return evaluation.fail(cannot("Bool", value));
  }
}

Value to_text(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].is_nil()) return {};
  return Value::of_text(text_of(evaluation, arguments[0]));
}

// An id from its bytes or its hexadecimal digits.
template <size_t size>
Value to_id(Evaluation& evaluation, const Arguments& arguments) {
  const Value& value = arguments[0];
  if (!is_text(value) && value.type != Value::Type::bytes) return evaluation.fail(cannot("an id", value));
  if (value.content.size() == size) return Value::of_bytes(value.content);
  std::optional<std::string> bytes = value.content.size() == 2 * size ? from_hex(value.content) : std::nullopt;
  if (!bytes) return evaluation.fail(fmt::format("an id has {} bytes or {} hexadecimal digits", size, 2 * size));
  return Value::of_bytes(evaluation.scratch() = std::move(*bytes));
}

Value keys(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].type != Value::Type::map) return evaluation.fail(cannot("Keys", arguments[0]));
  std::string& list = evaluation.scratch();
  for (const otlp::AttributeView& entry : arguments[0].attributes()) {
    std::string value;
    otlp::append_bytes_field(value, 1, entry.key);
    otlp::append_bytes_field(list, 1, value);
  }
  return Value::of_list(list, 1);
}

Value to_duration(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0])) return evaluation.fail(cannot("Duration", arguments[0]));
  std::optional<int64_t> ns = parse_duration_ns(arguments[0].content);
  if (!ns) return evaluation.fail(fmt::format("Duration cannot read {}", arguments[0].content.substr(0, 60)));
  return Value::of_duration(*ns);
}

template <int64_t unit_ns>
Value whole_units(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].type != Value::Type::duration)
    return evaluation.fail(fmt::format("expected a duration, found {}", type_name(arguments[0].type)));
  return Value::of_integer(arguments[0].integer / unit_ns);
}
template <int64_t unit_ns>
Value parts_of_units(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].type != Value::Type::duration)
    return evaluation.fail(fmt::format("expected a duration, found {}", type_name(arguments[0].type)));
  return Value::of_floating(static_cast<double>(arguments[0].integer) / static_cast<double>(unit_ns));
}
template <int64_t unit_ns>
Value unix_units(Evaluation& evaluation, const Arguments& arguments) {
  if (arguments[0].type != Value::Type::time)
    return evaluation.fail(fmt::format("expected a time, found {}", type_name(arguments[0].type)));
  return Value::of_integer(arguments[0].integer / unit_ns);
}

Value is_root_span(Evaluation& evaluation, const Arguments&) {
  std::string_view parent = otlp::SpanView(evaluation.item.record).parent_span_id();
  return Value::of_boolean(parent.find_first_not_of('\0') == std::string_view::npos);
}

// The first data point that has the key decides, as in the Collector.
Value has_attribute_on_point(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[0])) return evaluation.fail(cannot("HasAttrOnDatapoint", arguments[0]));
  otlp::MetricView metric(evaluation.item.record);
  if (metric.kind() == otlp::MetricKind::none) return evaluation.fail("the metric has no type");
  for (std::string_view point : metric.points()) {
    std::optional<otlp::ValueView> value = otlp::DataPointView(point, metric.kind()).attributes().find(arguments[0].content);
    if (!value) continue;
    return Value::of_boolean(arguments[1].is_nil() || value->string() == arguments[1].content);
  }
  return Value::of_boolean(false);
}
Value has_attribute_value_on_point(Evaluation& evaluation, const Arguments& arguments) {
  if (!is_text(arguments[1])) return evaluation.fail(cannot("HasAttrOnDatapoint", arguments[1]));
  return has_attribute_on_point(evaluation, arguments);
}

struct Function {
  std::string_view name;
  std::vector<Parameter> parameters;
  Apply apply;
  // Looks at the item itself: only in this context, and never known beforehand.
  std::optional<Context> context = std::nullopt;
};

constexpr int64_t second_ns = 1'000'000'000;

const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {"Bool", {{"target"}}, to_bool},
      {"Concat", {{"values"}, {"delimiter"}}, concat},
      {"ContainsValue", {{"target"}, {"item"}}, contains_value},
      {"ConvertCase", {{"target"}, {"to_case"}}, convert_case},
      {"Double", {{"target"}}, to_double},
      {"Duration", {{"duration"}}, to_duration},
      {"HasAttrKeyOnDatapoint", {{"key"}}, has_attribute_on_point, Context::metric},
      {"HasAttrOnDatapoint", {{"key"}, {"expected_val"}}, has_attribute_value_on_point, Context::metric},
      {"HasPrefix", {{"target"}, {"prefix"}}, has_prefix},
      {"HasSuffix", {{"target"}, {"suffix"}}, has_suffix},
      {"Hours", {{"duration"}}, parts_of_units<3600 * second_ns>},
      {"Int", {{"target"}}, to_int},
      {"IsBool", {{"target"}}, is_of_type<Value::Type::boolean>},
      {"IsDouble", {{"target"}}, is_of_type<Value::Type::floating>},
      {"IsEmpty", {{"target"}}, is_empty},
      {"IsInt", {{"target"}}, is_of_type<Value::Type::integer>},
      {"IsList", {{"target"}}, is_of_type<Value::Type::list>},
      {"IsMap", {{"target"}}, is_of_type<Value::Type::map>},
      {"IsMatch", {{"target"}, {"pattern"}}, is_match},
      {"IsRootSpan", {}, is_root_span, Context::span},
      {"IsString", {{"target"}}, is_of_type<Value::Type::text>},
      {"Keys", {{"target"}}, keys},
      {"Len", {{"target"}}, length},
      {"Microseconds", {{"duration"}}, whole_units<1'000>},
      {"Milliseconds", {{"duration"}}, whole_units<1'000'000>},
      {"Minutes", {{"duration"}}, parts_of_units<60 * second_ns>},
      {"Nanoseconds", {{"duration"}}, whole_units<1>},
      {"Seconds", {{"duration"}}, parts_of_units<second_ns>},
      {"SpanID", {{"target"}}, to_id<8>},
      {"String", {{"target"}}, to_text},
      {"Substring", {{"target"}, {"start"}, {"length"}, {"utf8_safe", true}}, substring},
      {"ToLowerCase", {{"target"}}, to_lower_case},
      {"ToUpperCase", {{"target"}}, to_upper_case},
      {"TraceID", {{"target"}}, to_id<16>},
      {"UnixMicro", {{"time"}}, unix_units<1'000>},
      {"UnixMilli", {{"time"}}, unix_units<1'000'000>},
      {"UnixNano", {{"time"}}, unix_units<1>},
      {"UnixSeconds", {{"time"}}, unix_units<second_ns>},
  };
  return all;
}

const Function* find_function(std::string_view name) {
  for (const Function& function : functions()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

class CallNode final : public ValueNode {
 public:
  CallNode(const Function& function, CallArguments arguments) : function_(function), arguments_(std::move(arguments)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Arguments values;
    for (size_t i = 0; i < arguments_.values.size(); i++) {
      if (arguments_.values[i]) values[i] = arguments_.values[i]->evaluate(evaluation);
      if (evaluation.has_failed()) return {};
    }
    return function_.apply(evaluation, values);
  }

 private:
  const Function& function_;
  CallArguments arguments_;
};

// IsMatch whose pattern is known beforehand.
class MatchNode final : public ValueNode {
 public:
  MatchNode(ValueNodePointer target, Regex pattern) : target_(std::move(target)), pattern_(std::move(pattern)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value target = target_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    return Value::of_boolean(!target.is_nil() && pattern_.is_found_in(text_of(evaluation, target)));
  }

 private:
  ValueNodePointer target_;
  Regex pattern_;
};

Result<ValueNodePointer> fold(const ValueNode& node, size_t column) {
  Item nothing;
  Evaluation evaluation(nothing);
  Value value = node.evaluate(evaluation);
  if (evaluation.has_failed()) return expression_error(column, evaluation.take_error().message());
  return ValueNodePointer(std::make_unique<ConstantNode>(value));
}

std::string hint(std::string_view name, const std::vector<std::string>& candidates) {
  std::string nearest = nearest_word(name, candidates);
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

}  // namespace

Result<ValueNodePointer> compile_call(const Call& call, size_t column, Context context, CallArguments arguments) {
  const Function& function = *find_function(call.function);
  if (function.context && *function.context != context)
    return expression_error(column, fmt::format("{} works only in the context {}", function.name, context_name(*function.context)));
  if (function.apply == is_match) {
    const Value* pattern = arguments.values[1]->constant();
    if (pattern && pattern->type == Value::Type::text) {
      Result<Regex> compiled = Regex::compile(pattern->content);
      if (!compiled) return expression_error(call.arguments[1].value->column, compiled.status().message());
      return ValueNodePointer(std::make_unique<MatchNode>(std::move(arguments.values[0]), std::move(*compiled)));
    }
  }
  if (function.apply == convert_case) {
    const Value* name = arguments.values[1]->constant();
    if (name && !is_case(*name, "lower") && !is_case(*name, "upper"))
      return expression_error(call.arguments[1].value->column, std::string(known_cases));
  }
  bool is_constant = !function.context && std::all_of(arguments.values.begin(), arguments.values.end(),
                                                      [](const ValueNodePointer& value) { return !value || value->constant(); });
  auto node = std::make_unique<const CallNode>(function, std::move(arguments));
  if (is_constant) return fold(*node, column);
  return ValueNodePointer(std::move(node));
}

const std::vector<Parameter>* parameters_of(std::string_view name) {
  const Function* function = find_function(name);
  return function ? &function->parameters : nullptr;
}

std::string nearest_function(std::string_view name) {
  std::vector<std::string> candidates;
  for (const Function& function : functions()) candidates.emplace_back(function.name);
  return hint(name, candidates);
}

}  // namespace vigia::ottl
