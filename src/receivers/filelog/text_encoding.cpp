#include "receivers/filelog/text_encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace vigia::receivers {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

uint32_t unit_at(std::string_view raw, size_t at, bool is_little) {
  auto first = static_cast<unsigned char>(raw[at]);
  auto second = static_cast<unsigned char>(raw[at + 1]);
  return is_little ? first | second << 8 : second | first << 8;
}

void decode_utf16(std::string_view raw, bool is_little, std::string& out) {
  size_t at = 0;
  for (; at + 1 < raw.size(); at += 2) {
    uint32_t unit = unit_at(raw, at, is_little);
    bool is_high = unit >= 0xD800 && unit < 0xDC00;
    if (is_high && at + 3 < raw.size()) {
      uint32_t low = unit_at(raw, at + 2, is_little);
      if (low >= 0xDC00 && low < 0xE000) {
        append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
        at += 2;
        continue;
      }
    }
    bool is_lone = unit >= 0xD800 && unit < 0xE000;
    if (is_lone)
      out += replacement;
    else
      append_utf8(out, unit);
  }
  if (at < raw.size()) out += replacement;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

size_t count_characters(std::string_view text) { return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character)); }

}  // namespace

// Both ways, since only the way back tells how long something was.
class TextEncoding::Converter {
 public:
  Converter(iconv_t in, iconv_t out) : in_(in), out_(out) {}
  Converter(const Converter&) = delete;
  ~Converter() {
    ::iconv_close(in_);
    ::iconv_close(out_);
  }

  static Result<std::shared_ptr<Converter>> open(const std::string& name) {
    iconv_t in = ::iconv_open("UTF-8", name.c_str());
    if (in == invalid()) return invalid_argument("unsupported encoding '" + name + "'");
    iconv_t out = ::iconv_open(name.c_str(), "UTF-8");
    if (out == invalid()) {
      ::iconv_close(in);
      return invalid_argument("unsupported encoding '" + name + "'");
    }
    return std::make_shared<Converter>(in, out);
  }

  void decode(std::string_view raw, std::string& text) const { convert(in_, raw, text, replacement); }
  size_t raw_size(std::string_view text) const {
    std::string raw;
    convert(out_, text, raw, "?");
    return raw.size();
  }

 private:
  static iconv_t invalid() { return reinterpret_cast<iconv_t>(-1); }

  static void convert(iconv_t converter, std::string_view from, std::string& to, std::string_view instead) {
    ::iconv(converter, nullptr, nullptr, nullptr, nullptr);
    char* in = const_cast<char*>(from.data());
    size_t left = from.size();
    std::array<char, 4096> room;
    while (left > 0) {
      char* out = room.data();
      size_t free_bytes = room.size();
      size_t result = ::iconv(converter, &in, &left, &out, &free_bytes);
      int error = errno;
      to.append(room.data(), room.size() - free_bytes);
      if (result != static_cast<size_t>(-1) || error == E2BIG) continue;
      to += instead;
      // A character, not a byte, where it is UTF-8 that cannot be expressed.
      do {
        in++;
        left--;
      } while (instead == "?" && left > 0 && !begins_character(*in));
    }
  }

  const iconv_t in_;
  const iconv_t out_;
};

Result<TextEncoding> TextEncoding::by_name(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Kind>, 16> own = {{{"", Kind::utf8},
                                                                             {"utf-8", Kind::utf8},
                                                                             {"utf8", Kind::utf8},
                                                                             {"ascii", Kind::utf8},
                                                                             {"us-ascii", Kind::utf8},
                                                                             {"utf-8-raw", Kind::utf8_raw},
                                                                             {"utf8-raw", Kind::utf8_raw},
                                                                             {"nop", Kind::nop},
                                                                             {"utf-16", Kind::utf16le},
                                                                             {"utf16", Kind::utf16le},
                                                                             {"utf-16le", Kind::utf16le},
                                                                             {"utf16le", Kind::utf16le},
                                                                             {"utf-16be", Kind::utf16be},
                                                                             {"utf16be", Kind::utf16be},
                                                                             {"iso-8859-1", Kind::latin1},
                                                                             {"latin1", Kind::latin1}}};
  TextEncoding encoding;
  std::string lower = to_lower(name);
  for (const auto& [known, kind] : own) {
    if (lower != known) continue;
    encoding.kind_ = kind;
    return encoding;
  }
  // Their newlines are not a byte.
  if (lower.find("utf-32") == 0 || lower.find("ucs-") == 0 || lower.find("utf-7") == 0)
    return invalid_argument("unsupported encoding '" + std::string(name) + "'");
  encoding.kind_ = Kind::other;
  ASSIGN_OR_RETURN(encoding.converter_, Converter::open(std::string(name)));
  return encoding;
}

void TextEncoding::decode(std::string_view raw, std::string& out) const {
  switch (kind_) {
    case Kind::utf16le:
    case Kind::utf16be:
      return decode_utf16(raw, kind_ == Kind::utf16le, out);
    case Kind::latin1:
      for (char c : raw) append_utf8(out, static_cast<unsigned char>(c));
      return;
    case Kind::other:
      return converter_->decode(raw, out);
    default:
      CHECK(false);
  }
}

size_t TextEncoding::raw_size(std::string_view text) const {
  switch (kind_) {
    case Kind::utf16le:
    case Kind::utf16be:
      // Four bytes of UTF-8 are two units.
      return 2 * (count_characters(text) + static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
                    return (static_cast<unsigned char>(c) & 0xF8) == 0xF0;
                  })));
    case Kind::latin1:
      return count_characters(text);
    case Kind::other:
      return converter_->raw_size(text);
    default:
      CHECK(false);
  }
  return 0;
}

}  // namespace vigia::receivers
