#pragma once

// The words of an expression.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::operators {

enum class TokenKind : uint8_t {
  end,
  name,    // body, len, $
  text,    // "…", '…', `…`
  number,  // 1, 0x1f, 1.5e3
  word,    // operators that are words: and or not in matches contains startsWith endsWith let if else
  symbol,  // ( ) [ ] { } , ; : . .. ?. ? ?? # + - * / % ** ^ == != < <= > >= = && || | !
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view source;  // as written
  std::string text;         // of a text: what it stands for
  size_t column = 1;        // in bytes, from 1

  bool is(std::string_view symbol_or_word) const {
    return (kind == TokenKind::symbol || kind == TokenKind::word) && source == symbol_or_word;
  }
};

// With one of kind `end` behind them. They borrow the expression's bytes.
Result<std::vector<Token>> tokenize(std::string_view expression);

// "column 7: message".
Status expression_error(size_t column, std::string_view message);

}  // namespace vigia::operators
