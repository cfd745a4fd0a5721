#include "ottl/lexer.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/utf8.h"

namespace vigia::ottl {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) { return is_digit(c) || is_lower(c) || is_upper(c) || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<std::string_view, 6> keywords = {"and", "or", "not", "nil", "true", "false"};
// Longer symbols first where one begins another.
constexpr std::array<std::string_view, 21> symbols = {"==", "!=", "<=", ">=", "=>", "<", ">", "=", "+", "-", "*",
                                                      "/",  "(",  ")",  "[",  "]",  "{", "}", ",", ".", ":"};

class Lexer {
 public:
  explicit Lexer(std::string_view expression) : expression_(expression) {}

  Result<std::vector<Token>> run() {
    if (expression_.size() > max_expression_bytes)
      return expression_error(1, fmt::format("the expression has {} bytes, more than {}", expression_.size(), max_expression_bytes));
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < expression_.size() && is_blank(expression_[at_])) at_++;
      Token token;
      token.column = at_ + 1;
      RETURN_IF_ERROR(read(token));
      tokens.push_back(std::move(token));
      if (tokens.back().kind == TokenKind::end) return tokens;
    }
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < expression_.size() ? expression_[at_ + ahead] : '\0'; }

  Status read(Token& token) {
    if (at_ == expression_.size()) return {};
    char c = peek();
    if (c == '"') return read_text(token);
    if (c == '0' && peek(1) == 'x') return read_bytes(token);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      read_number(token);
      return {};
    }
    if (is_lower(c) || is_upper(c)) {
      read_word(token);
      return {};
    }
    return read_symbol(token);
  }

  void finish(Token& token, TokenKind kind, size_t end) {
    token.kind = kind;
    token.source = expression_.substr(at_, end - at_);
    at_ = end;
  }

  void read_word(Token& token) {
    size_t end = at_;
    while (end < expression_.size() && is_word(expression_[end])) end++;
    std::string_view word = expression_.substr(at_, end - at_);
    if (std::find(keywords.begin(), keywords.end(), word) != keywords.end()) return finish(token, TokenKind::keyword, end);
    finish(token, is_lower(word[0]) ? TokenKind::name : TokenKind::function, end);
  }

  void read_number(Token& token) {
    size_t end = at_;
    auto skip_digits = [&] {
      while (end < expression_.size() && is_digit(expression_[end])) end++;
    };
    skip_digits();
    bool is_floating = end < expression_.size() && expression_[end] == '.';
    if (is_floating) {
      end++;
      skip_digits();
      size_t exponent = end;
      if (exponent < expression_.size() && (expression_[exponent] == 'e' || expression_[exponent] == 'E')) {
        exponent++;
        if (exponent < expression_.size() && (expression_[exponent] == '+' || expression_[exponent] == '-')) exponent++;
        if (exponent < expression_.size() && is_digit(expression_[exponent])) {
          end = exponent;
          skip_digits();
        }
      }
    }
    finish(token, is_floating ? TokenKind::floating : TokenKind::integer, end);
  }

  Status read_bytes(Token& token) {
    size_t end = at_ + 2;
    while (end < expression_.size() && hex_digit(expression_[end]) >= 0) end++;
    std::optional<std::string> content = from_hex(expression_.substr(at_ + 2, end - at_ - 2));
    if (!content || content->empty())
      return expression_error(token.column, "a byte literal needs an even number of hexadecimal digits, as in 0x0a1b");
    token.text = std::move(*content);
    finish(token, TokenKind::bytes, end);
    return {};
  }

  Status read_text(Token& token) {
    size_t at = at_ + 1;
    for (;;) {
      if (at >= expression_.size()) return expression_error(token.column, "this text has no closing \"");
      char c = expression_[at];
      if (c == '"') break;
      if (c != '\\') {
        token.text += c;
        at++;
        continue;
      }
      if (!read_escape(at, token.text))
        return expression_error(at + 1, fmt::format("unknown escape {}; write \\\\ for a backslash", expression_.substr(at, 2)));
    }
    finish(token, TokenKind::text, at + 1);
    return {};
  }

  // The escapes of Go's string literals. `at` stands on the backslash and moves behind the escape.
  bool read_escape(size_t& at, std::string& out) {
    if (at + 1 >= expression_.size()) return false;
    static constexpr std::string_view letters = "abfnrtv\\\"";
    static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\\"";
    char c = expression_[at + 1];
    size_t letter = letters.find(c);
    if (letter != std::string_view::npos) {
      out += meanings[letter];
      at += 2;
      return true;
    }
    if (c == 'x' || c == 'u' || c == 'U') return read_numeric_escape(at, 2, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, c != 'x', out);
    if (c >= '0' && c <= '7') return read_numeric_escape(at, 1, 3, 8, false, out);
    return false;
  }

  bool read_numeric_escape(size_t& at, size_t skip, size_t digits, uint32_t base, bool is_code_point, std::string& out) {
    uint32_t code = 0;
    if (at + skip + digits > expression_.size()) return false;
    for (size_t i = 0; i < digits; i++) {
      int digit = hex_digit(expression_[at + skip + i]);
      if (digit < 0 || static_cast<uint32_t>(digit) >= base || code > 0x10FFFF) return false;
      code = code * base + static_cast<uint32_t>(digit);
    }
    bool is_surrogate = code >= 0xD800 && code < 0xE000;
    if (is_code_point ? code > 0x10FFFF || is_surrogate : code > 0xFF) return false;
    if (is_code_point)
      append_utf8(out, code);
    else
      out += static_cast<char>(code);
    at += skip + digits;
    return true;
  }

  Status read_symbol(Token& token) {
    for (std::string_view symbol : symbols) {
      if (!expression_.substr(at_).starts_with(symbol)) continue;
      finish(token, TokenKind::symbol, at_ + symbol.size());
      return {};
    }
    auto byte = static_cast<unsigned char>(peek());
    std::string shown = byte >= 0x20 && byte < 0x7F ? std::string(1, peek()) : fmt::format("\\x{:02x}", byte);
    if (peek() == '\'') return expression_error(token.column, "texts stand in double quotes, as in \"text\"");
    return expression_error(token.column, fmt::format("unexpected character {}", shown));
  }

  std::string_view expression_;
  size_t at_ = 0;
};

}  // namespace

Status expression_error(size_t column, std::string_view message) { return invalid_argument(fmt::format("column {}: {}", column, message)); }

Result<std::vector<Token>> tokenize(std::string_view expression) { return Lexer(expression).run(); }

}  // namespace vigia::ottl
