#pragma once

// What an OTTL expression says, before anybody asks what its names mean.
//
// The parser builds this tree; condition.cpp turns it into something that can be evaluated. A statement such as
// `set(span.name, "x") where …` is a Call with a lower-case name and an optional condition: the same forms.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vigia::ottl {

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;

enum class Operator : uint8_t { add, subtract, multiply, divide };
enum class Comparator : uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

struct NilLiteral {};
struct BooleanLiteral {
  bool value;
};
struct IntegerLiteral {
  int64_t value;
};
struct FloatingLiteral {
  double value;
};
struct TextLiteral {
  std::string value;
};
struct BytesLiteral {
  std::string value;
};
// SPAN_KIND_SERVER; also a converter's name that stands as an argument.
struct EnumName {
  std::string name;
};
struct ListLiteral {
  std::vector<ExpressionPointer> items;
};
struct MapLiteral {
  std::vector<std::pair<std::string, ExpressionPointer>> entries;
};

// ["key"], [0], or [any other expression].
struct Key {
  ExpressionPointer value;
  size_t column = 1;
};
struct Segment {
  std::string name;
  std::vector<Key> keys;
  size_t column = 1;
};
struct Path {
  std::vector<Segment> segments;
};
struct Argument {
  std::string name;  // "" when it was given by its place
  ExpressionPointer value;
};
struct Call {
  std::string function;
  std::vector<Argument> arguments;
  std::vector<Key> keys;
};

struct Negation {
  ExpressionPointer operand;
};
struct Arithmetic {
  Operator operation;
  ExpressionPointer left;
  ExpressionPointer right;
};
struct Comparison {
  Comparator comparator;
  ExpressionPointer left;
  ExpressionPointer right;
};
struct Not {
  ExpressionPointer operand;
};
struct And {
  std::vector<ExpressionPointer> operands;
};
struct Or {
  std::vector<ExpressionPointer> operands;
};

struct Expression {
  size_t column = 1;
  std::variant<NilLiteral, BooleanLiteral, IntegerLiteral, FloatingLiteral, TextLiteral, BytesLiteral, EnumName, ListLiteral, MapLiteral,
               Path, Call, Negation, Arithmetic, Comparison, Not, And, Or>
      form;
};

}  // namespace vigia::ottl
