#pragma once

// UTF-8 as the door checks it.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vigia {

// The general check, for text with bytes above 127.
bool is_valid_utf8_slow(std::string_view text);

inline bool is_valid_utf8(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  constexpr uint64_t high_bits = 0x8080808080808080ULL;
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if (word & high_bits) return is_valid_utf8_slow({at, static_cast<size_t>(end - at)});
  }
  uint64_t seen = 0;
  for (; at < end; at++) seen |= static_cast<unsigned char>(*at);
  return seen < 0x80 || is_valid_utf8_slow(text);
}

// The text with U+FFFD in the place of every maximal run of bytes that cannot be part of a character.
std::string repair_utf8(std::string_view text);

// Writes a character and returns what lies behind it; surrogates and what lies beyond Unicode become U+FFFD. REQUIRES: room for 4 bytes.
char* put_utf8(char* at, uint32_t character);
void append_utf8(std::string& out, uint32_t character);

}  // namespace vigia
