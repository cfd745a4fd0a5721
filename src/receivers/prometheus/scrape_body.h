#pragma once

// The body of an answer, read while it arrives: decompressed piece by piece, and given to the parser in whole lines, so that it never stands in
// memory as a whole. What cannot be read like that (protobuf, odd compressions, a text that is broken) is kept until it is complete.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/decompress_stream.h"
#include "net/http_client.h"
#include "prometheus/exposition.h"
#include "receivers/prometheus/config.h"

namespace vigia::receivers {

class ScrapeBody {
 public:
  // `read` takes all entries that the parser has; an error of it is given back by add().
  ScrapeBody(const ScrapeJob& job, MemoryLedger& ledger, Function<Status()> read)
      : job_(job), ledger_(ledger), read_(std::move(read)), waiting_(ledger) {}

  Status open(const net::Headers& head);
  bool is_open() const { return parser_ != nullptr; }
  // The next bytes as they came. RESOURCE_EXHAUSTED when the text is longer than allowed.
  Status add(std::string_view piece);
  // All has come. Afterwards the parser has the rest, which nobody has read yet.
  Status end();

  // REQUIRES: is_open().
  prometheus::ExpositionParser& parser() { return *parser_; }
  uint64_t text_bytes() const { return text_bytes_; }

 private:
  Status inflate(std::string_view piece);
  Status add_text(std::string_view text);
  Status add_lines(std::string_view text);
  Status read_lines(std::string_view lines, std::string_view& rest);
  // More waits, unless memory is short.
  Status wait_with(std::string_view bytes);
  void keep(std::string_view rest);
  Status too_large() const;

  const ScrapeJob& job_;
  MemoryLedger& ledger_;
  Function<Status()> read_;
  std::unique_ptr<prometheus::ExpositionParser> parser_;
  Compression compression_ = Compression::none;
  std::unique_ptr<StreamDecompressor> decompressor_;  // null: it is not compressed, or only decompressed in the end
  std::string inflated_;
  bool is_between_members_ = true;
  uint64_t text_bytes_ = 0;
  Appender waiting_;         // the beginning of a line, or all of what cannot be read in pieces
  size_t wanted_bytes_ = 0;  // it is not tried again before so much is there
};

}  // namespace vigia::receivers
