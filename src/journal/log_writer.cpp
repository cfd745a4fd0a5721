#include "journal/log_writer.h"

#include "base/check.h"

namespace vigia::journal {

namespace {

constexpr std::string_view padding("\0\0\0\0\0\0\0", 7);

// Collects the pieces of a group, frame after frame.
class Pieces {
 public:
  // `frames`: at least as many as will be begun.
  Pieces(uint64_t nonce, uint64_t offset, size_t frames) : nonce_(nonce), offset_(offset) { headers_.resize(frames * frame_header_bytes); }

  // The payload follows by add(), in pieces of `payload_bytes` in all; then end_frame().
  void begin_frame(FrameKind kind, uint64_t number, uint64_t payload_bytes, uint64_t check) {
    char* place = headers_.data() + used_;
    used_ += frame_header_bytes;
    CHECK(used_ <= headers_.size());
    encode_frame_header({kind, static_cast<uint32_t>(payload_bytes), number, check}, nonce_, offset_, place);
    parts_.emplace_back(place, frame_header_bytes);
    frame_bytes_ = framed_bytes(payload_bytes);
    padding_bytes_ = frame_bytes_ - frame_header_bytes - payload_bytes;
  }
  void add(std::string_view piece) {
    if (!piece.empty()) parts_.push_back(piece);
  }
  void end_frame() {
    add(padding.substr(0, padding_bytes_));
    offset_ += frame_bytes_;
  }
  void add_frame(FrameKind kind, uint64_t number, std::string_view payload) {
    begin_frame(kind, number, payload.size(), payload_check({payload}));
    add(payload);
    end_frame();
  }

  uint64_t offset() const { return offset_; }
  const std::vector<std::string_view>& parts() const { return parts_; }

 private:
  const uint64_t nonce_;
  uint64_t offset_;
  std::string headers_;
  size_t used_ = 0;
  uint64_t frame_bytes_ = 0;
  uint64_t padding_bytes_ = 0;
  std::vector<std::string_view> parts_;
};

std::vector<std::string_view> pieces_of(std::string_view head, const Chain& body) {
  std::vector<std::string_view> pieces = {head};
  for (const Slice& slice : body.slices()) pieces.push_back(slice.view());
  return pieces;
}

}  // namespace

FramedRecord::FramedRecord(Record record)
    : record_(std::move(record)), head_(encode_head(record_)), check_(payload_check(pieces_of(head_, record_.body))) {}

Result<std::unique_ptr<LogWriter>> LogWriter::create(FileSystem& files, const std::string& directory, const FileHeader& header,
                                                     std::string_view checkpoint) {
  std::string path = directory + "/" + header.identity.name();
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.open_file(path, FileMode::create));
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(file), header));
  Status status = writer->write_beginning(checkpoint);
  if (status.is_ok()) status = files.sync_directory(directory);
  if (status.is_ok()) return writer;
  (void)files.remove(path);  // nothing is in it; if it stays, the next start finds that out
  return status;
}

Result<std::unique_ptr<LogWriter>> LogWriter::recycle(FileSystem& files, const std::string& directory, const std::string& old_name,
                                                      const FileHeader& header, std::string_view checkpoint) {
  std::string path = directory + "/" + header.identity.name();
  RETURN_IF_ERROR(files.rename(directory + "/" + old_name, path));
  // Before a byte is written over: the old name must not come back with the new content.
  Status status = files.sync_directory(directory);
  Result<std::unique_ptr<File>> file = status.is_ok() ? files.open_file(path, FileMode::update) : Result<std::unique_ptr<File>>(status);
  std::unique_ptr<LogWriter> writer;
  status = file.is_ok() ? Status() : file.status();
  if (status.is_ok()) {
    writer.reset(new LogWriter(std::move(*file), header));
    status = writer->write_beginning(checkpoint);
  }
  if (status.is_ok()) return writer;
  (void)files.remove(path);
  return status;
}

Status LogWriter::write_beginning(std::string_view checkpoint) {
  std::string first_bytes = encode_file_header(header_);
  Pieces pieces(header_.identity.nonce, first_bytes.size(), 1);
  pieces.add_frame(FrameKind::checkpoint, 0, checkpoint);
  std::vector<std::string_view> parts = {first_bytes};
  parts.insert(parts.end(), pieces.parts().begin(), pieces.parts().end());
  RETURN_IF_ERROR(file_->write_at(0, parts));
  end_ = pieces.offset();
  return {};
}

Result<std::vector<uint64_t>> LogWriter::write(const std::vector<const FramedRecord*>& records, uint64_t first_number,
                                               std::string_view releases) {
  Pieces pieces(header_.identity.nonce, end_, records.size() + 2);
  pieces.add_frame(FrameKind::group, synced_, {});
  std::vector<uint64_t> offsets;
  offsets.reserve(records.size());
  for (const FramedRecord* record : records) {
    offsets.push_back(pieces.offset());
    pieces.begin_frame(FrameKind::record, first_number++, record->payload_bytes(), record->check_);
    pieces.add(record->head_);
    for (const Slice& slice : record->record_.body.slices()) pieces.add(slice.view());
    pieces.end_frame();
  }
  if (!releases.empty()) pieces.add_frame(FrameKind::release, 0, releases);
  Status status = file_->write_at(end_, pieces.parts());
  if (!status.is_ok()) {
    (void)file_->truncate(end_);  // if even that fails, the next group is written over it
    return status;
  }
  marked_ = synced_;
  end_ = pieces.offset();
  return offsets;
}

Status LogWriter::sync() {
  RETURN_IF_ERROR(file_->sync());
  synced_ = end_;
  return {};
}

}  // namespace vigia::journal
