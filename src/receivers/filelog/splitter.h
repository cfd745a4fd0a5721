#pragma once

// Where one entry ends and the next begins: at newlines, at patterns, or nowhere (encoding nop); and what is done with one that is too long.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/regex.h"
#include "receivers/filelog/text_encoding.h"

namespace vigia::receivers {

struct SplitterConfig {
  TextEncoding encoding;
  std::optional<Regex> line_start;  // At most one of the two.
  std::optional<Regex> line_end;
  bool omits_pattern = false;
  uint64_t max_log_size = 1 << 20;
  bool truncates = false;  // Of what is too long the rest is dropped; otherwise it is an entry of its own.
};

struct Piece {
  std::string_view raw;  // As it stands in the file, without what separates it.
  size_t consumed = 0;
  bool is_too_long = false;  // It is longer than an entry may be, and this is its beginning.
  bool is_cut = false;       // Its rest is to be passed over, up to where it ends.
};

class Splitter {
 public:
  explicit Splitter(SplitterConfig config) : config_(std::move(config)) {}

  // The first entry of `data`; false when more data has to show where it ends. With `is_end` nothing will come: what is there is an entry.
  bool next(std::string_view data, bool is_end, Piece& piece) const;

  const SplitterConfig& config() const { return config_; }
  const TextEncoding& encoding() const { return config_.encoding; }
  // There are entries, and not only bytes.
  bool splits() const { return config_.encoding.kind() != TextEncoding::Kind::nop; }
  // Where an entry that is too long is cut, at most `most` bytes on: not within a character where that can be told.
  size_t cut_at(std::string_view data, size_t most) const;

 private:
  struct Span {
    size_t begin;
    size_t end;
    size_t next;
  };
  std::optional<Span> find(std::string_view data, bool is_end) const;
  std::optional<Span> find_newline(std::string_view data) const;
  std::optional<Span> find_by_pattern(std::string_view text, bool is_end) const;
  std::optional<Span> find_by_start(std::string_view text, bool is_end) const;
  std::optional<Span> find_by_end(std::string_view text) const;

  SplitterConfig config_;
};

}  // namespace vigia::receivers
