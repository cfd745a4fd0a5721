#pragma once

// Hashing and hexadecimal text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigia {

uint64_t hash64(std::string_view bytes, uint64_t seed = 0);
// The same of all parts as if they stood behind one another.
uint64_t hash64(const std::vector<std::string_view>& parts, uint64_t seed = 0);

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::string_view bytes);
// Upper or lower case; nothing when the length is odd or a character is none.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace vigia
