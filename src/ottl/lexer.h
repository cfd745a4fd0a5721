#pragma once

// The words of an OTTL expression. Text literals come out unescaped; everything else is a view into the expression.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::ottl {

// An expression longer than this is refused.
inline constexpr size_t max_expression_bytes = 64 * 1024;

enum class TokenKind : uint8_t {
  end,
  text,      // "…"
  bytes,     // 0x0a1b
  integer,   // 12
  floating,  // 1.5
  name,      // begins with a lower-case letter: path segments, editors, names of arguments
  function,  // begins with an upper-case letter: converters and enums
  keyword,   // and or not nil true false
  symbol,    // ( ) [ ] { } , . : = => == != < <= > >= + - * /
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view source;  // as written
  std::string text;         // of a text or bytes literal: what it stands for
  size_t column = 1;        // in bytes, from 1

  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::symbol && source == symbol; }
  bool is_keyword(std::string_view word) const { return kind == TokenKind::keyword && source == word; }
};

// The tokens of `expression`, with one of kind `end` behind them. They borrow the expression's bytes.
Result<std::vector<Token>> tokenize(std::string_view expression);

// "column 7: message"; how every error about an expression reads.
Status expression_error(size_t column, std::string_view message);

}  // namespace vigia::ottl
