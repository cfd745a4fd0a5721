#pragma once

// From text to syntax.h, by OTTL's grammar:
//
//   condition  = term { "or" term }            term  = factor { "and" factor }
//   factor     = [ "not" ] ( value comparator value | boolean | converter | "(" condition ")" )
//   value      = product { ("+" | "-") product }     product = unary { ("*" | "/") unary }
//   unary      = [ "+" | "-" ] ( literal | enum | path | converter | list | map | "(" value ")" )
//   path       = name { keys } { "." name { keys } }      keys = { "[" value "]" }
//   converter  = Name "(" [ argument { "," argument } ] ")" keys      argument = [ name "=" ] value
//
// Depth, number of parts and length of an expression are bounded, so that no text can exhaust the stack.

#include <string_view>

#include "base/status.h"
#include "ottl/syntax.h"

namespace vigia::ottl {

// Parentheses, lists, maps, arguments and keys inside each other.
inline constexpr size_t max_nesting = 64;
// Literals, names, calls and operators in all.
inline constexpr size_t max_parts = 2'000;

// INVALID_ARGUMENT "column 7: expected …, found …" when the text is no condition.
Result<ExpressionPointer> parse_condition(std::string_view text);

}  // namespace vigia::ottl
