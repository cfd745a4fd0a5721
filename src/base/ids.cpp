#include "base/ids.h"

#include <algorithm>

namespace vigia {

namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

}  // namespace

bool is_id(std::string_view text) {
  auto is_allowed = [](char c) { return is_letter_or_digit(c) || std::string_view("._:@-").find(c) != std::string_view::npos; };
  return !text.empty() && text.size() <= most_id_bytes && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), is_allowed);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); i++) {
    bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !is_hex_digit(text[i])) return false;
  }
  return true;
}

}  // namespace vigia
