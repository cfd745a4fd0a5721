#pragma once

// How the bytes of a log file are text. One thread at a time.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace vigia::receivers {

class TextEncoding {
 public:
  enum class Kind : uint8_t {
    utf8,      // Also ASCII. What is invalid becomes U+FFFD.
    utf8_raw,  // What is invalid stays, as bytes.
    nop,       // Bytes; no lines and no text.
    utf16le,
    utf16be,
    latin1,
    other,  // What the C library converts.
  };

  // A name as the IANA registers it, in any case.
  static Result<TextEncoding> by_name(std::string_view name);
  TextEncoding() = default;  // UTF-8

  Kind kind() const { return kind_; }
  // Bytes are UTF-8 already, or nobody asks.
  bool is_plain() const { return kind_ <= Kind::nop; }
  // The size of what a newline is made of.
  size_t unit_bytes() const { return kind_ == Kind::utf16le || kind_ == Kind::utf16be ? 2 : 1; }

  // The text in UTF-8, U+FFFD for what is none. REQUIRES: !is_plain().
  void decode(std::string_view raw, std::string& out) const;
  // How many bytes of the file such a text takes. REQUIRES: !is_plain().
  size_t raw_size(std::string_view text) const;

 private:
  class Converter;

  Kind kind_ = Kind::utf8;
  std::shared_ptr<Converter> converter_;
};

}  // namespace vigia::receivers
