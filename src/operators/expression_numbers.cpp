// Functions of numbers and their bits.

#include <cmath>
#include <optional>

#include "base/text.h"
#include "operators/expression_internal.h"

namespace vigia::operators {

namespace {

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
    {"abs", 1, 1, StaticType::any, call_abs},
    {"ceil", 1, 1, StaticType::floating, call_rounding<ceiling>},
    {"floor", 1, 1, StaticType::floating, call_rounding<floor_of>},
    {"round", 1, 1, StaticType::floating, call_rounding<rounded>},
    {"int", 1, 1, StaticType::integer, call_int},
    {"float", 1, 1, StaticType::floating, call_float},
    {"bitand", 2, 2, StaticType::integer, call_bits<Bits::both>},
    {"bitor", 2, 2, StaticType::integer, call_bits<Bits::either>},
    {"bitxor", 2, 2, StaticType::integer, call_bits<Bits::different>},
    {"bitnand", 2, 2, StaticType::integer, call_bits<Bits::only_first>},
    {"bitshl", 2, 2, StaticType::integer, call_bits<Bits::left>},
    {"bitshr", 2, 2, StaticType::integer, call_bits<Bits::right>},
    {"bitushr", 2, 2, StaticType::integer, call_bits<Bits::right_unsigned>},
    {"bitnot", 1, 1, StaticType::integer, call_bit_not},
};

}  // namespace

std::span<const Function> number_functions() { return functions; }

}  // namespace vigia::operators
