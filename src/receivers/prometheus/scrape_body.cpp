#include "receivers/prometheus/scrape_body.h"

#include <cstring>

#include <fmt/core.h>

#include "base/compress.h"

namespace vigia::receivers {

namespace {

constexpr size_t inflate_bytes = 64 * 1024;

}  // namespace

Status ScrapeBody::open(const net::Headers& head) {
  std::optional<Compression> compression = compression_by_name(head.get("content-encoding"));
  if (!compression) return invalid_argument("the target compressed in a way nobody asked for");
  compression_ = *compression;
  if (compression_ == Compression::gzip || compression_ == Compression::zstd) {
    decompressor_ = StreamDecompressor::create(compression_);
    inflated_.resize(inflate_bytes);
  }
  prometheus::ParserOptions options{job_.scrapes_native_histograms, job_.always_scrapes_classic_histograms};
  ASSIGN_OR_RETURN(parser_, prometheus::open_exposition(head.get("content-type"), job_.fallback_protocol, options));
  return {};
}

Status ScrapeBody::too_large() const {
  return resource_exhausted(fmt::format("the text is larger than the body_size_limit of {} bytes", job_.limits.body_bytes));
}

Status ScrapeBody::add(std::string_view piece) {
  if (compression_ == Compression::none) return add_text(piece);
  if (decompressor_) return inflate(piece);
  if (waiting_.size() + piece.size() > job_.limits.body_bytes) return too_large();
  return wait_with(piece);
}

Status ScrapeBody::inflate(std::string_view piece) {
  for (;;) {
    Result<StreamDecompressor::Step> step = decompressor_->step(piece, inflated_.data(), inflated_.size());
    if (!step.is_ok()) return std::move(step).status().with_context("cannot read the answer");
    piece.remove_prefix(step->read);
    is_between_members_ = step->is_between_members;
    RETURN_IF_ERROR(add_text(std::string_view(inflated_).substr(0, step->written)));
    bool has_moved = step->read > 0 || step->written > 0;
    // What was written fills the room as long as there is more.
    if (!has_moved || (piece.empty() && step->written < inflated_.size())) return {};
  }
}

Status ScrapeBody::add_text(std::string_view text) {
  text_bytes_ += text.size();
  if (text_bytes_ > job_.limits.body_bytes) return too_large();
  if (parser_->reads_pieces()) return add_lines(text);
  return wait_with(text);
}

// Lines are read where they stand; only the one that a piece begins with, and that the last piece began, is put together first.
Status ScrapeBody::add_lines(std::string_view text) {
  while (!text.empty()) {
    std::string_view rest;
    if (waiting_.size() == 0) {
      size_t whole = text.rfind('\n') + 1;  // 0: there is none
      RETURN_IF_ERROR(read_lines(text.substr(0, whole), rest));
      return wait_with(text.substr(whole - rest.size()));
    }
    size_t line = text.find('\n');
    std::string_view added = text.substr(0, line == std::string_view::npos ? line : line + 1);
    RETURN_IF_ERROR(wait_with(added));
    text.remove_prefix(added.size());
    if (line == std::string_view::npos || waiting_.size() < wanted_bytes_) continue;
    RETURN_IF_ERROR(read_lines(waiting_.view(), rest));
    keep(rest);
  }
  return {};
}

// What is left is an entry that cannot be read, or not yet. To try that at each line would take for ever.
Status ScrapeBody::read_lines(std::string_view lines, std::string_view& rest) {
  rest = {};
  wanted_bytes_ = 0;
  if (lines.empty()) return {};
  parser_->set_text(lines, false);
  RETURN_IF_ERROR(read_());
  rest = parser_->rest();
  wanted_bytes_ = 2 * rest.size();
  return {};
}

Status ScrapeBody::wait_with(std::string_view bytes) {
  constexpr size_t always_kept_bytes = 1 << 20;
  bool is_large = waiting_.size() + bytes.size() > always_kept_bytes && waiting_.free_bytes() < bytes.size();
  if (is_large && ledger_.would_exceed(static_cast<int64_t>(waiting_.size() + bytes.size())))
    return resource_exhausted(fmt::format("the memory limit is reached, and {} bytes of the text wait to be read", waiting_.size()));
  waiting_.append(bytes);
  return {};
}

// REQUIRES: `rest` is the end of what waits.
void ScrapeBody::keep(std::string_view rest) {
  if (!rest.empty()) std::memmove(waiting_.data(), rest.data(), rest.size());
  waiting_.truncate(rest.size());
}

Status ScrapeBody::end() {
  if (decompressor_ && !is_between_members_) return invalid_argument("cannot read the answer: the compressed data is cut short");
  if (compression_ != Compression::none && !decompressor_) {
    auto plain = decompress(compression_, waiting_.view(), static_cast<size_t>(job_.limits.body_bytes), ledger_);
    if (!plain.is_ok()) return std::move(plain).status().with_context("cannot decompress the answer");
    waiting_.truncate(0);
    waiting_.append(plain->view());
    text_bytes_ = plain->size();
  }
  parser_->set_text(waiting_.view(), true);
  return {};
}

}  // namespace vigia::receivers
