#include "journal/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace vigia::journal {

FrameReader::FrameReader(std::unique_ptr<File> file, const FileIdentity& identity, uint64_t offset, uint64_t end)
    : file_(std::move(file)), identity_(identity), offset_(offset), end_(end) {}

void FrameReader::set_end(uint64_t end) {
  // What was read from beyond the old end may have been half written.
  if (window_offset_ + window_.size() > end_) window_.resize(end_ > window_offset_ ? end_ - window_offset_ : 0);
  end_ = end;
}

Result<std::string_view> FrameReader::look(uint64_t offset, size_t size) {
  bool is_inside = offset >= window_offset_ && offset + size <= window_offset_ + window_.size();
  if (!is_inside) {
    window_.resize(std::max(window_bytes, size));
    window_offset_ = offset;
    Result<size_t> count = file_->read_at(offset, window_.data(), window_.size());
    window_.resize(count.is_ok() ? *count : 0);
    if (!count.is_ok()) return std::move(count).status();
  }
  return std::string_view(window_).substr(offset - window_offset_, size);
}

Result<FrameReader::Step> FrameReader::next() {
  uint64_t start = offset_;
  while (offset_ + frame_header_bytes <= end_) {
    ASSIGN_OR_RETURN(std::string_view bytes, look(offset_, frame_header_bytes));
    if (bytes.size() < frame_header_bytes) break;
    std::optional<FrameHeader> header = decode_frame_header(bytes, identity_.nonce, offset_);
    uint64_t size = header ? framed_bytes(header->payload_bytes) : 0;
    if (!header || offset_ + size > end_) {
      offset_ += 8;  // every frame begins at a multiple of 8
      continue;
    }
    if (offset_ > start) return Step{Step::Kind::damage, start, offset_ - start, {}};
    offset_ += size;
    return Step{Step::Kind::frame, start, size, *header};
  }
  offset_ = std::max(start, end_);
  if (start < end_) return Step{Step::Kind::damage, start, end_ - start, {}};
  return Step{Step::Kind::end, end_, 0, {}};
}

Result<Slice> FrameReader::payload(const Step& frame, MemoryLedger& ledger) {
  size_t size = frame.header.payload_bytes;
  uint64_t offset = frame.offset + frame_header_bytes;
  Buffer buffer = Buffer::allocate(std::max<size_t>(size, 1), ledger);
  // What the window holds is copied, the rest is read straight into its place.
  size_t copied = 0;
  if (offset >= window_offset_ && offset < window_offset_ + window_.size()) {
    copied = std::min<size_t>(size, window_offset_ + window_.size() - offset);
    std::memcpy(buffer.data(), window_.data() + (offset - window_offset_), copied);
  }
  if (copied < size) {
    ASSIGN_OR_RETURN(size_t count, file_->read_at(offset + copied, buffer.data() + copied, size - copied));
    copied += count;
  }
  if (copied < size || payload_check({{buffer.data(), size}}) != frame.header.payload_check)
    return data_loss("the frame's payload is damaged");
  return Slice(std::move(buffer), 0, size);
}

Result<std::string> FrameReader::raw(uint64_t offset, uint64_t bytes) {
  std::string content(bytes, '\0');
  ASSIGN_OR_RETURN(size_t count, file_->read_at(offset, content.data(), content.size()));
  content.resize(count);
  return content;
}

}  // namespace vigia::journal
