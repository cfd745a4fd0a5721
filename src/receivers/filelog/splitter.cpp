#include "receivers/filelog/splitter.h"

#include <cstring>
#include <utility>

namespace vigia::receivers {

namespace {

// The first newline in units of two bytes, at an even place.
size_t find_wide_newline(std::string_view data, bool is_little) {
  size_t zero = is_little ? 1 : 0;
  for (size_t from = 0; from < data.size();) {
    const void* found = std::memchr(data.data() + from, '\n', data.size() - from);
    if (!found) return std::string_view::npos;
    auto at = static_cast<size_t>(static_cast<const char*>(found) - data.data());
    size_t unit = at & ~size_t{1};
    if (unit + 1 < data.size() && at - unit == 1 - zero && data[unit + zero] == '\0') return unit;
    from = at + 1;
  }
  return std::string_view::npos;
}

}  // namespace

size_t Splitter::cut_at(std::string_view data, size_t most) const {
  if (data.size() <= most) return data.size();
  if (config_.encoding.unit_bytes() == 2) return most > 1 ? most & ~size_t{1} : most;
  if (!splits()) return most;
  size_t cut = most;
  for (int back = 0; back < 3 && cut > 1 && (static_cast<unsigned char>(data[cut]) & 0xC0) == 0x80; back++) cut--;
  return (static_cast<unsigned char>(data[cut]) & 0xC0) == 0x80 ? most : cut;
}

bool Splitter::next(std::string_view data, bool is_end, Piece& piece) const {
  if (data.empty()) return false;
  const size_t most = config_.max_log_size;
  std::optional<Span> span = find(data, is_end);
  if (!span && data.size() < most) {
    if (!is_end) return false;
    span = Span{0, data.size(), data.size()};
  }
  piece.is_cut = false;
  piece.is_too_long = false;
  if (span && span->end - span->begin <= most) {
    piece.raw = data.substr(span->begin, span->end - span->begin);
    piece.consumed = span->next;
    return true;
  }
  // Too long, or too long already.
  size_t begin = span ? span->begin : 0;
  size_t cut = cut_at(data.substr(begin), most);
  piece.raw = data.substr(begin, cut);
  piece.is_too_long = splits();
  piece.is_cut = config_.truncates && !span;
  piece.consumed = span && config_.truncates ? span->next : begin + cut;
  return true;
}

std::optional<Splitter::Span> Splitter::find(std::string_view data, bool is_end) const {
  if (!splits()) return std::nullopt;
  if (!config_.line_start && !config_.line_end) return find_newline(data);
  if (config_.encoding.is_plain()) return find_by_pattern(data, is_end);
  // Patterns are about text; its places are brought back to those of the file.
  std::string text;
  config_.encoding.decode(data.substr(0, data.size() / config_.encoding.unit_bytes() * config_.encoding.unit_bytes()), text);
  std::optional<Span> span = find_by_pattern(text, is_end);
  if (!span) return std::nullopt;
  auto place = [&](size_t at) { return std::min(config_.encoding.raw_size(std::string_view(text).substr(0, at)), data.size()); };
  return Span{place(span->begin), place(span->end), span->next == text.size() ? data.size() : place(span->next)};
}

std::optional<Splitter::Span> Splitter::find_newline(std::string_view data) const {
  size_t unit = config_.encoding.unit_bytes();
  if (unit == 2) {
    bool is_little = config_.encoding.kind() == TextEncoding::Kind::utf16le;
    size_t at = find_wide_newline(data, is_little);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view wide_return = is_little ? std::string_view("\r\0", 2) : std::string_view("\0\r", 2);
    size_t end = at >= 2 && data.substr(at - 2, 2) == wide_return ? at - 2 : at;
    return Span{0, end, at + 2};
  }
  const void* found = std::memchr(data.data(), '\n', data.size());
  if (!found) return std::nullopt;
  auto at = static_cast<size_t>(static_cast<const char*>(found) - data.data());
  return Span{0, at > 0 && data[at - 1] == '\r' ? at - 1 : at, at + 1};
}

std::optional<Splitter::Span> Splitter::find_by_pattern(std::string_view text, bool is_end) const {
  return config_.line_start ? find_by_start(text, is_end) : find_by_end(text);
}

// From one match to the next. What stands before the first one is an entry, so that nothing is lost.
std::optional<Splitter::Span> Splitter::find_by_start(std::string_view text, bool is_end) const {
  std::string_view first;
  if (!config_.line_start->find(text, 0, first)) return std::nullopt;
  auto begin = static_cast<size_t>(first.data() - text.data());
  if (begin > 0) return Span{0, begin, begin};
  size_t end = first.size();
  size_t content = config_.omits_pattern ? end : 0;
  std::string_view second;
  // A match right behind the first one is taken for a part of it; an empty one would be found for ever.
  if (end < text.size() && config_.line_start->find(text, end + 1, second)) {
    auto next = static_cast<size_t>(second.data() - text.data());
    if (next < text.size() || is_end) return Span{content, next, next};
  }
  if (!is_end) return std::nullopt;
  return Span{content, text.size(), text.size()};
}

std::optional<Splitter::Span> Splitter::find_by_end(std::string_view text) const {
  std::string_view match;
  size_t from = 0;
  do {
    if (from > text.size() || !config_.line_end->find(text, from, match)) return std::nullopt;
    from = static_cast<size_t>(match.data() - text.data()) + 1;
    // An empty match at the very beginning ends nothing.
  } while (match.data() + match.size() == text.data());
  auto begin = static_cast<size_t>(match.data() - text.data());
  size_t end = begin + match.size();
  return Span{0, config_.omits_pattern ? begin : end, end};
}

}  // namespace vigia::receivers
