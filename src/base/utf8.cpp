#include "base/utf8.h"

namespace vigia {

namespace {

unsigned char byte_at(std::string_view text, size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; }

bool continues(unsigned char c, unsigned char from = 0x80, unsigned char to = 0xBF) { return c >= from && c <= to; }

struct Character {
  size_t length;  // bytes that belong together: a character, or the longest beginning of one
  bool is_whole;
};

// The character that begins at `text[0]`, by table 3-7 of the Unicode standard.
Character first_character(std::string_view text) {
  unsigned char lead = byte_at(text, 0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char from = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char to = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (size_t i = 1; i < length; i++) {
    if (!continues(byte_at(text, i), from, to)) return {i, false};
    from = 0x80;
    to = 0xBF;
  }
  return {length, true};
}

}  // namespace

bool is_valid_utf8_slow(std::string_view text) {
  while (!text.empty()) {
    Character character = first_character(text);
    if (!character.is_whole) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size() + 8);
  while (!text.empty()) {
    Character character = first_character(text);
    repaired += character.is_whole ? text.substr(0, character.length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(character.length);
  }
  return repaired;
}

char* put_utf8(char* at, uint32_t character) {
  auto put = [&](uint32_t byte) { *at++ = static_cast<char>(byte); };
  auto follow = [&](int bits) { put(0x80 | (character >> bits & 0x3F)); };
  if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) character = 0xFFFD;
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | character >> 6);
    follow(0);
  } else if (character < 0x10000) {
    put(0xE0 | character >> 12);
    follow(6);
    follow(0);
  } else {
    put(0xF0 | character >> 18);
    follow(12);
    follow(6);
    follow(0);
  }
  return at;
}

void append_utf8(std::string& out, uint32_t character) {
  char bytes[4];
  out.append(bytes, put_utf8(bytes, character));
}

}  // namespace vigia
