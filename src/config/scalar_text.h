#pragma once

// What the text of a scalar means: its YAML type and its value, as the Collector's YAML reader takes it, and how it is shown.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/node.h"

namespace vigia::config {

// The type of an unquoted scalar. YAML 1.2 with the Collector's readings: 0x1f, 0o17, 017, 0b11, 1_000, .inf. "yes" is a text.
ScalarType scalar_type_of(std::string_view text);
// "", "~", "null", "Null", "NULL".
bool is_null_text(std::string_view text);

// A whole number of either sign, wide enough for int64_t and uint64_t.
struct WholeNumber {
  bool is_negative = false;
  uint64_t magnitude = 0;
};
// Nothing when the text is no whole number or does not fit. A floating text counts when it is whole: "1e3".
std::optional<WholeNumber> parse_whole_number(std::string_view text);
std::optional<double> parse_number(std::string_view text);
// "true", "True", "TRUE", "t", "T", "1" and their opposites.
std::optional<bool> parse_bool(std::string_view text);
// "1024", "1MiB", "1.5 kb": powers of 1024 with an i, of 1000 without.
std::optional<uint64_t> parse_size_bytes(std::string_view text);

// At most 60 bytes of the text, cut between characters.
std::string shortened(std::string_view text);
// In double quotes with YAML's (and JSON's) escapes; one line.
std::string quoted(std::string_view text);

}  // namespace vigia::config
