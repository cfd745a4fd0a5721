#include "operators/unquote.h"

#include <optional>

#include "base/utf8.h"

namespace vigia::operators {

namespace {

// The number that `count` digits at the beginning make; they are taken off.
std::optional<uint32_t> take_digits(std::string_view& text, size_t count, uint32_t base) {
  if (text.size() < count) return std::nullopt;
  uint32_t value = 0;
  for (char c : text.substr(0, count)) {
    uint32_t digit = c >= '0' && c <= '9'                 ? static_cast<uint32_t>(c - '0')
                     : (c | 32) >= 'a' && (c | 32) <= 'f' ? static_cast<uint32_t>((c | 32) - 'a' + 10)
                                                          : 16;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  text.remove_prefix(count);
  return value;
}

// \u{1f600}
bool take_braced(std::string_view& text, std::string& out) {
  size_t end = text.find('}');
  if (end == std::string_view::npos || end < 2 || end > 7) return false;
  text.remove_prefix(1);
  std::optional<uint32_t> character = take_digits(text, end - 1, 16);
  text.remove_prefix(character ? 1 : 0);
  if (!character || *character > 0x10FFFF) return false;
  append_utf8(out, *character);
  return true;
}

bool take_numbered(char kind, std::string_view& text, EscapeRules rules, std::string& out) {
  if (kind == 'u' && rules == EscapeRules::expression && text.starts_with('{')) return take_braced(text, out);
  if (kind == 'x' || (kind == 'X' && rules == EscapeRules::expression)) {
    std::optional<uint32_t> byte = take_digits(text, 2, 16);
    if (byte) out += static_cast<char>(*byte);
    return byte.has_value();
  }
  if (kind == 'u' || kind == 'U') {
    std::optional<uint32_t> character = take_digits(text, kind == 'u' ? 4 : 8, 16);
    if (!character || *character > 0x10FFFF || (*character >= 0xD800 && *character <= 0xDFFF)) return false;
    append_utf8(out, *character);
    return true;
  }
  if (kind < '0' || kind > '7' || text.size() < 2) return false;
  std::optional<uint32_t> rest = take_digits(text, 2, 8);
  uint32_t byte = static_cast<uint32_t>(kind - '0') * 64 + rest.value_or(0);
  if (!rest || byte > 255) return false;
  out += static_cast<char>(byte);
  return true;
}

// `text` stands behind the backslash.
bool take_escape(std::string_view& text, EscapeRules rules, std::string& out) {
  if (text.empty()) return false;
  char kind = text.front();
  text.remove_prefix(1);
  constexpr std::string_view letters = "abfnrtv\\";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\";
  if (size_t place = letters.find(kind); place != std::string_view::npos) {
    out += meanings[place];
    return true;
  }
  bool is_itself = (kind == '"' && rules != EscapeRules::go_character) || (kind == '\'' && rules != EscapeRules::go_text) ||
                   ((kind == '`' || kind == '?') && rules == EscapeRules::expression);
  if (!is_itself) return take_numbered(kind, text, rules, out);
  out += kind;
  return true;
}

}  // namespace

bool unescape(std::string_view inside, EscapeRules rules, std::string& out) {
  while (!inside.empty()) {
    size_t plain = std::min(inside.find('\\'), inside.size());
    out += inside.substr(0, plain);
    inside.remove_prefix(plain);
    if (inside.empty()) return true;
    inside.remove_prefix(1);
    if (!take_escape(inside, rules, out)) return false;
  }
  return true;
}

bool unquote(std::string_view literal, std::string& out) {
  if (literal.size() < 2 || literal.front() != literal.back()) return false;
  char quote = literal.front();
  std::string_view inside = literal.substr(1, literal.size() - 2);
  if (quote == '`') {
    if (inside.find('`') != std::string_view::npos) return false;
    for (char c : inside) {
      if (c != '\r') out += c;
    }
    return true;
  }
  if ((quote != '"' && quote != '\'') || inside.find('\n') != std::string_view::npos) return false;
  // A quote inside must be escaped.
  for (size_t at = 0; at < inside.size(); at += inside[at] == '\\' ? 2 : 1) {
    if (inside[at] == quote) return false;
  }
  if (!unescape(inside, quote == '"' ? EscapeRules::go_text : EscapeRules::go_character, out)) return false;
  if (quote == '"') return true;
  // One character, not more.
  size_t continuation = 0;
  for (char c : out) continuation += (static_cast<unsigned char>(c) & 0xC0) == 0x80 ? 1 : 0;
  return out.size() - continuation == 1;
}

}  // namespace vigia::operators
