#pragma once

// Walks through the frames of one journal file, and finds its way again behind what is damaged. One thread.

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "journal/format.h"

namespace vigia::journal {

class FrameReader {
 public:
  struct Step {
    enum class Kind : uint8_t { frame, damage, end };
    Kind kind = Kind::end;
    uint64_t offset = 0;
    uint64_t bytes = 0;  // Of the whole frame, or of what cannot be read.
    FrameHeader header;  // Of a frame. Its payload has not been looked at yet.
  };

  // Reads the frames between `offset` and `end`, where the file may go on. The file is open for as long as this lives.
  FrameReader(std::unique_ptr<File> file, const FileIdentity& identity, uint64_t offset, uint64_t end);

  const FileIdentity& identity() const { return identity_; }
  uint64_t offset() const { return offset_; }
  // More has been written meanwhile.
  void set_end(uint64_t end);

  // The next frame, or the damage before it.
  Result<Step> next();
  // The payload of a frame; DATA_LOSS when it is damaged.
  Result<Slice> payload(const Step& frame, MemoryLedger& ledger);
  // As it stands in the file, damaged or not.
  Result<std::string> raw(uint64_t offset, uint64_t bytes);

 private:
  static constexpr size_t window_bytes = 65536;

  // What stands at `offset`: `size` bytes, or fewer at the end of the file. Valid until the next call.
  Result<std::string_view> look(uint64_t offset, size_t size);

  std::unique_ptr<File> file_;
  const FileIdentity identity_;
  uint64_t offset_;
  uint64_t end_;
  std::string window_;
  uint64_t window_offset_ = 0;
};

}  // namespace vigia::journal
