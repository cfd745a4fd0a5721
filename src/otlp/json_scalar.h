#pragma once

// Single values of OTLP/JSON to the wire: a token of the document and the field that it is for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "otlp/json_schema.h"

namespace vigia::otlp {

// What a field of this kind takes: "32 hexadecimal digits".
std::string_view expectation_of(JsonKind kind);

class JsonScalars {
 public:
  explicit JsonScalars(Appender& out) : out_(out) {}

  // Appends the field with the value of `token`: a JSON literal, number or quoted string, without blanks around it. False when
  // that is no value for the field; then some bytes may have been appended.
  bool write(const JsonField& field, std::string_view token);
  // Appends a number without a key, for a packed list.
  bool write_packed(const JsonField& field, std::string_view token);
  // U+FFFDs that took the place of half surrogate pairs.
  size_t repaired_count() const { return repaired_count_; }

 private:
  bool write_text(const JsonField& field, std::string_view token);
  bool write_id(const JsonField& field, std::string_view token, size_t size);
  bool write_bytes(const JsonField& field, std::string_view token);
  bool write_number(const JsonField& field, std::string_view token);

  struct Bits {
    uint64_t value;
    uint8_t size;  // 0: a varint
    bool is_zero;
  };
  std::optional<Bits> number_bits(const JsonField& field, std::string_view token);
  std::optional<uint64_t> integer_bits(const JsonField& field, std::string_view token);
  std::optional<double> real_value(std::string_view token);
  void append_bits(const Bits& bits);
  // What a quoted token stands for; valid until the next call.
  std::optional<std::string_view> text_of(std::string_view token);

  Appender& out_;
  std::string scratch_;
  size_t repaired_count_ = 0;
};

}  // namespace vigia::otlp
