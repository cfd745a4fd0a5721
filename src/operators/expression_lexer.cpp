#include "operators/expression_lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "operators/unquote.h"

namespace vigia::operators {

Status expression_error(size_t column, std::string_view message) { return invalid_argument(fmt::format("column {}: {}", column, message)); }

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Names may hold any letter, so all bytes of other scripts belong to them.
bool is_name_part(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::string_view words[] = {"and", "or", "not", "in", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"};
// Longer ones before those they begin with.
constexpr std::string_view symbols[] = {"..", "?.", "??", "**", "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ",",
                                        ";",  ":",  ".",  "?",  "#",  "+",  "-",  "*",  "/",  "%",  "^", "<", ">", "=", "|", "!"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    while (true) {
      RETURN_IF_ERROR(skip_space());
      if (at_ == text_.size()) break;
      RETURN_IF_ERROR(read_token());
    }
    tokens_.push_back({TokenKind::end, text_.substr(at_), {}, at_ + 1});
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void add(TokenKind kind, size_t size, std::string text = {}) {
    tokens_.push_back({kind, text_.substr(at_, size), std::move(text), at_ + 1});
    at_ += size;
  }
  Status skip_space();
  Status read_token();
  Status read_text(char quote);
  Status read_number();

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

Status Lexer::skip_space() {
  while (at_ < text_.size()) {
    if (is_space(peek())) {
      at_++;
    } else if (text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (text_.substr(at_).starts_with("/*")) {
      size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return expression_error(at_ + 1, "the comment has no end");
      at_ = end + 2;
    } else {
      break;
    }
  }
  return {};
}

Status Lexer::read_token() {
  char c = peek();
  if (c == '"' || c == '\'' || c == '`') return read_text(c);
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number();
  if (is_name_part(c)) {
    size_t size = 1;
    while (is_name_part(peek(size))) size++;
    std::string_view name = text_.substr(at_, size);
    add(std::find(std::begin(words), std::end(words), name) != std::end(words) ? TokenKind::word : TokenKind::name, size);
    return {};
  }
  for (std::string_view symbol : symbols) {
    if (!text_.substr(at_).starts_with(symbol)) continue;
    add(TokenKind::symbol, symbol.size());
    return {};
  }
  return expression_error(at_ + 1, fmt::format("unexpected character {:?}", std::string_view(&c, 1)));
}

Status Lexer::read_text(char quote) {
  size_t end = at_ + 1;
  while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' && quote != '`' ? 2 : 1;
  if (end >= text_.size()) return expression_error(at_ + 1, "the text has no end");
  std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
  if (quote == '`') {
    add(TokenKind::text, end + 1 - at_, std::string(inside));
    return {};
  }
  std::string unescaped;
  if (!unescape(inside, EscapeRules::expression, unescaped))
    return expression_error(at_ + 1, "the text has an escape that is none; write \\\\ for a backslash, as in \"\\\\d+\", or use `\\d+`");
  add(TokenKind::text, end + 1 - at_, std::move(unescaped));
  return {};
}

Status Lexer::read_number() {
  size_t size = 0;
  auto run_of = [&](std::string_view digits) {
    while (at_ + size < text_.size() && digits.find(text_[at_ + size]) != std::string_view::npos) size++;
  };
  std::string_view digits = "0123456789_";
  if (peek() == '0' && (peek(1) | 32) == 'x') digits = "0123456789abcdefABCDEF_";
  if (peek() == '0' && (peek(1) | 32) == 'o') digits = "01234567_";
  if (peek() == '0' && (peek(1) | 32) == 'b') digits = "01_";
  if (digits != "0123456789_") size = 2;
  run_of(digits);
  if (peek(size) == '.' && peek(size + 1) != '.') {
    size++;
    run_of(digits);
  }
  if (size < 2 || (peek(1) | 32) != 'x') {
    if ((peek(size) | 32) == 'e') {
      size++;
      if (peek(size) == '+' || peek(size) == '-') size++;
      run_of(digits);
    }
  }
  if (is_name_part(peek(size))) return expression_error(at_ + 1, "this is no number");
  add(TokenKind::number, size);
  return {};
}

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view expression) { return Lexer(expression).run(); }

}  // namespace vigia::operators
