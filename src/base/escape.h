#pragma once

// The escapes of a backslash and one letter that JSON has, and most notations that look like it.

#include <string_view>

namespace vigia {

// How to write a character: \" \\ \n \r \t; "" for what needs no such escape or has none.
constexpr std::string_view short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

// What JSON means by a letter behind a backslash; 0 for what is no escape, and for u, which takes more than a letter.
constexpr char json_escape_meaning(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace vigia
