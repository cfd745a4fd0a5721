#include "operators/json_tree.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/escape.h"
#include "base/utf8.h"

namespace vigia::operators {

namespace {

// A mark in the highest bit of each byte of `word` that equals `c`.
uint64_t marks_of(uint64_t word, char c) {
  constexpr uint64_t ones = 0x0101010101010101ULL;
  constexpr uint64_t high = 0x8080808080808080ULL;
  uint64_t zeros = word ^ (ones * static_cast<unsigned char>(c));
  return (zeros - ones) & ~zeros & high;
}

// The first " or \ from `at` on; `end` when there is none.
const char* find_quote_or_backslash(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
#if defined(__SSE2__)
  const __m128i quotes = _mm_set1_epi8('"'), backslashes = _mm_set1_epi8('\\');
  for (; end - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    int marks = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, backslashes)));
    if (marks != 0) return at + std::countr_zero(static_cast<unsigned>(marks));
  }
#endif
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    // A borrow can put a false mark only behind a true one, and the first one is what counts.
    uint64_t marks = marks_of(word, '"') | marks_of(word, '\\');
    if (marks != 0) return at + std::countr_zero(marks) / 8;
  }
  while (at < end && *at != '"' && *at != '\\') at++;
  return at;
}

bool is_number_part(char c) { return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'; }

// Four hexadecimal digits, or -1.
int hex4(const char* at, const char* end) {
  if (end - at < 4) return -1;
  unsigned value = 0;
  auto [stop, error] = std::from_chars(at, at + 4, value, 16);
  return error == std::errc() && stop == at + 4 ? static_cast<int>(value) : -1;
}

// The character behind \u, whose digits begin at `at`; takes the second half of a pair too. Half pairs are U+FFFD.
bool take_unicode(const char*& at, const char* end, uint32_t& out) {
  int first = hex4(at, end);
  if (first < 0) return false;
  at += 4;
  out = static_cast<uint32_t>(first);
  if (out < 0xD800 || out > 0xDFFF) return true;
  int second = out < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;
  if (second >= 0xDC00 && second <= 0xDFFF) {
    at += 6;
    out = 0x10000 + ((out - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
  } else {
    out = 0xFFFD;
  }
  return true;
}

}  // namespace

std::string_view JsonReader::read(std::string_view text, const JsonOptions& options, Arena& arena, Value& out) {
  at_ = text.data();
  end_ = at_ + text.size();
  arena_ = &arena;
  options_ = options;
  error_ = {};
  if (!read_value(out, 0)) return error_;
  skip_space();
  if (at_ != end_ && !options.ignores_rest) return "something stands behind the end";
  return {};
}

bool JsonReader::read_value(Value& out, int levels) {
  skip_space();
  if (at_ == end_) return fail("the text ends too early");
  switch (*at_) {
    case '"': {
      std::string_view text;
      if (!read_text(text)) return false;
      out = Value::of_text(text);
      return true;
    }
    case '{':
      return read_map(out, levels);
    case '[':
      return read_list(out, levels);
    case 't':
      return read_word("true", Value::of_boolean(true), out);
    case 'f':
      return read_word("false", Value::of_boolean(false), out);
    case 'n':
      return read_word("null", {}, out);
    default:
      return read_number(out);
  }
}

bool JsonReader::read_word(std::string_view word, const Value& value, Value& out) {
  if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return fail("unexpected character");
  at_ += word.size();
  out = value;
  return true;
}

bool JsonReader::read_map(Value& out, int levels) {
  if (levels >= max_levels) return fail("values nest too deep");
  Map* map = Map::create(*arena_, levels == 0 ? 16 : 4);
  out = Value::of_map(map);
  at_++;
  skip_space();
  if (at_ < end_ && *at_ == '}') {
    at_++;
    return true;
  }
  while (true) {
    skip_space();
    if (at_ == end_ || *at_ != '"') return fail("expected a key in quotes");
    std::string_view key;
    if (!read_text(key)) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return fail("expected : behind a key");
    at_++;
    Value value;
    if (!read_value(value, levels + 1)) return false;
    map->set(*arena_, key, value);
    skip_space();
    if (at_ == end_) return fail("the text ends too early");
    if (*at_ == '}') break;
    if (*at_ != ',') return fail("expected , or }");
    at_++;
  }
  at_++;
  return true;
}

bool JsonReader::read_list(Value& out, int levels) {
  if (levels >= max_levels) return fail("values nest too deep");
  List* list = List::create(*arena_);
  out = Value::of_list(list);
  at_++;
  skip_space();
  if (at_ < end_ && *at_ == ']') {
    at_++;
    return true;
  }
  while (true) {
    Value value;
    if (!read_value(value, levels + 1)) return false;
    list->push_back(*arena_, value);
    skip_space();
    if (at_ == end_) return fail("the text ends too early");
    if (*at_ == ']') break;
    if (*at_ != ',') return fail("expected , or ]");
    at_++;
  }
  at_++;
  return true;
}

bool JsonReader::read_text(std::string_view& out) {
  const char* begin = ++at_;
  at_ = find_quote_or_backslash(at_, end_);
  if (at_ == end_) return fail("a text has no end");
  if (*at_ == '\\') return read_escaped(begin, out);
  out = {begin, static_cast<size_t>(at_ - begin)};
  at_++;
  return true;
}

// A copy without the escapes, which is never longer than the text with them.
bool JsonReader::read_escaped(const char* begin, std::string_view& out) {
  const char* closing = at_;
  while (closing < end_ && *closing != '"') closing = find_quote_or_backslash(std::min(closing + 2, end_), end_);
  if (closing >= end_) return fail("a text has no end");
  char* memory = arena_->allocate(static_cast<size_t>(closing - begin));
  char* put = memory;
  const char* plain = begin;
  while (true) {
    std::memcpy(put, plain, static_cast<size_t>(at_ - plain));
    put += at_ - plain;
    if (*at_ == '"') break;
    char kind = at_[1];
    at_ += 2;
    if (kind == 'u') {
      uint32_t character;
      if (!take_unicode(at_, closing, character)) return fail("no character behind \\u");
      put = put_utf8(put, character);
    } else {
      *put = json_escape_meaning(kind);
      if (*put == '\0') return fail("an escape is none");
      put++;
    }
    plain = at_;
    at_ = find_quote_or_backslash(at_, end_);
  }
  at_++;
  out = {memory, static_cast<size_t>(put - memory)};
  return true;
}

bool JsonReader::read_number(Value& out) {
  const char* begin = at_;
  while (at_ < end_ && is_number_part(*at_)) at_++;
  if (begin == at_ || *begin == '+' || *begin == '.' || *begin == 'e' || *begin == 'E') return fail("unexpected character");
  if (options_.parse_ints) {
    int64_t whole = 0;
    auto [stop, error] = std::from_chars(begin, at_, whole);
    if (error == std::errc() && stop == at_) {
      out = Value::of_integer(whole);
      return true;
    }
  }
  double value = 0;
  auto [stop, error] = std::from_chars(begin, at_, value);
  if (stop != at_ || error == std::errc::invalid_argument) return fail("a number is none");
  if (error != std::errc()) {
    // Too small is 0.
    value = std::strtod(std::string(begin, at_).c_str(), nullptr);
    if (!std::isfinite(value)) return fail("a number is too large");
  }
  out = Value::of_floating(value);
  return true;
}

}  // namespace vigia::operators
