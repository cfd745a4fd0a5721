#pragma once

// Texts with escapes, as Go and expressions write them.

#include <cstdint>
#include <string>
#include <string_view>

namespace vigia::operators {

enum class EscapeRules : uint8_t {
  go_text,       // "…": \" but not \'
  go_character,  // '…': \' but not \"
  expression,    // both of them, and \` \? \u{1f600}
};

// What stands between the quotes, without its escapes. False when one of them is none.
bool unescape(std::string_view inside, EscapeRules rules, std::string& out);

// A whole Go literal: "…", `…` or a single character as '…'. False when it is none.
bool unquote(std::string_view literal, std::string& out);

}  // namespace vigia::operators
