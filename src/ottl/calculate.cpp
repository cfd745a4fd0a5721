// Arithmetic on numbers, times and durations, by the Collector's rules.

#include <fmt/core.h>

#include "ottl/expression_internal.h"

namespace vigia::ottl {

namespace {

// Integers wrap around, as they do in the Collector.
Value integer_result(Evaluation& evaluation, Operator operation, int64_t left, int64_t right) {
  auto a = static_cast<uint64_t>(left);
  auto b = static_cast<uint64_t>(right);
  switch (operation) {
    case Operator::add:
      return Value::of_integer(static_cast<int64_t>(a + b));
    case Operator::subtract:
      return Value::of_integer(static_cast<int64_t>(a - b));
    case Operator::multiply:
      return Value::of_integer(static_cast<int64_t>(a * b));
    case Operator::divide:
      break;
  }
  if (right == 0) return evaluation.fail("cannot divide by 0");
  if (right == -1) return Value::of_integer(static_cast<int64_t>(-a));
  return Value::of_integer(left / right);
}

Value floating_result(Evaluation& evaluation, Operator operation, double left, double right) {
  switch (operation) {
    case Operator::add:
      return Value::of_floating(left + right);
    case Operator::subtract:
      return Value::of_floating(left - right);
    case Operator::multiply:
      return Value::of_floating(left * right);
    case Operator::divide:
      break;
  }
  if (right == 0) return evaluation.fail("cannot divide by 0");
  return Value::of_floating(left / right);
}

// Times and durations add up and subtract, nothing else.
Value time_result(Evaluation& evaluation, Operator operation, const Value& left, const Value& right) {
  bool left_is_time = left.type == Value::Type::time;
  bool right_is_time = right.type == Value::Type::time;
  auto sum = static_cast<int64_t>(static_cast<uint64_t>(left.integer) + static_cast<uint64_t>(right.integer));
  auto difference = static_cast<int64_t>(static_cast<uint64_t>(left.integer) - static_cast<uint64_t>(right.integer));
  if (operation == Operator::add && !(left_is_time && right_is_time))
    return left_is_time || right_is_time ? Value::of_time(sum) : Value::of_duration(sum);
  if (operation == Operator::subtract && (left_is_time || !right_is_time))
    return left_is_time && !right_is_time ? Value::of_time(difference) : Value::of_duration(difference);
  return evaluation.fail("cannot calculate with these times: only time ± duration, time − time and duration ± duration have a meaning");
}

bool is_moment(const Value& value) { return value.type == Value::Type::time || value.type == Value::Type::duration; }

}  // namespace

Value calculate(Evaluation& evaluation, Operator operation, const Value& left, const Value& right) {
  if (left.type == Value::Type::integer && right.type == Value::Type::integer)
    return integer_result(evaluation, operation, left.integer, right.integer);
  if (left.is_number() && right.is_number()) return floating_result(evaluation, operation, left.as_double(), right.as_double());
  if (is_moment(left) && is_moment(right)) return time_result(evaluation, operation, left, right);
  return evaluation.fail(fmt::format("cannot calculate with {} and {}", type_name(left.type), type_name(right.type)));
}

Value negated(Evaluation& evaluation, const Value& value) {
  if (value.type == Value::Type::integer) return Value::of_integer(static_cast<int64_t>(-static_cast<uint64_t>(value.integer)));
  if (value.type == Value::Type::floating) return Value::of_floating(-value.floating);
  return evaluation.fail(fmt::format("cannot negate {}", type_name(value.type)));
}

}  // namespace vigia::ottl
