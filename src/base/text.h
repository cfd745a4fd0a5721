#pragma once

// Small things about text: numbers, durations, sizes, nearest words.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigia {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
// Equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// The whole of `text` as a number, or nothing.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// Takes as long whatever the texts have in common: for secrets.
bool equals_in_constant_time(std::string_view secret, std::string_view given);

// Durations in Go's notation: "1h30m", "200ms", "1.5s", "-2s", "0".
std::optional<int64_t> parse_duration_ns(std::string_view text);
// The shortest such text: "1h30m0s", "200ms".
std::string format_duration_ns(int64_t ns);

// The candidate with the fewest edits to `word`, or "" when none is near enough to be a likely slip.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

// Base64 with padding (RFC 4648).
std::string to_base64(std::string_view bytes);
// Accepts the standard and the URL alphabet, with or without padding.
std::optional<std::string> from_base64(std::string_view text);

// "p%40ss" to "p@ss"; nothing when a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace vigia
