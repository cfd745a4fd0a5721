#pragma once

// The scalars of OTLP/JSON as text: numbers and strings, both ways.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace vigia::otlp {

// A whole number of up to 64 bits and a sign.
struct WholeNumber {
  uint64_t magnitude = 0;
  bool is_negative = false;

  // The number in two's complement, when it lies in the range.
  std::optional<int64_t> as_signed(int64_t least, int64_t most) const;
  std::optional<uint64_t> as_unsigned(uint64_t most) const;
};

// The value of a JSON number that is whole, however it is written: "12", "1.2e1", "120e-1". Nothing when the text is no JSON
// number, has a fraction, or is beyond 64 bits.
std::optional<WholeNumber> parse_whole_number(std::string_view text);

// The value of a JSON number; nothing when it is none or too large for a double. What is too small becomes 0.
std::optional<double> parse_real_number(std::string_view text);

// Appends what `escaped`, the inside of a JSON string, stands for. Escapes of half a surrogate pair become U+FFFD, and their
// number is returned. Nothing when an escape is malformed.
std::optional<size_t> append_unescaped(Appender& out, std::string_view escaped);
std::optional<size_t> append_unescaped(std::string& out, std::string_view escaped);

// Appends a JSON string, quoted, or a number, as the Collector writes them: a double as the shortest digits that read back the
// same, with an exponent below 1e-6 and from 1e21; "NaN", "Infinity" and "-Infinity" as strings.
void append_json_string(Appender& out, std::string_view text);
void append_json_real(Appender& out, double value);
void append_json_int(Appender& out, int64_t value);
void append_json_uint(Appender& out, uint64_t value);

}  // namespace vigia::otlp
