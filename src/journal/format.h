#pragma once

// The bytes of a journal file; docs/formats/journal.md is the same in words.
//
//   file  = file header, frame, frame, …
//   frame = frame header, payload, zeros up to the next multiple of 8
//
// Every frame header has a check that is seeded by the file's nonce and by the frame's place, and holds the check of its payload. So a reader
// that lost its way finds the next frame by its marker, and neither old bytes nor bytes inside a body can pass for a frame.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::journal {

constexpr uint32_t format_version = 1;
constexpr size_t file_header_bytes = 64;
constexpr size_t frame_header_bytes = 40;
// A finished file that is kept to be written over.
constexpr std::string_view spare_name = "spare";
constexpr uint32_t frame_marker = 0x4C4E4A56;  // "VJNL"
// Of records. Nobody gets there; it leaves room to count on without an overflow.
constexpr uint64_t largest_number = uint64_t{1} << 62;

// What tells files apart; stands in the name and in the header.
struct FileIdentity {
  uint64_t number = 0;  // rising by 1
  uint64_t nonce = 0;   // random, so that nobody who sends data can forge a frame

  // "0000000007-8f3c21d09ab4e6f1.journal"
  std::string name() const;
  static std::optional<FileIdentity> parse(std::string_view name);
  bool operator==(const FileIdentity&) const = default;
};

struct FileHeader {
  FileIdentity identity;
  uint64_t first_record = 0;  // the number of the first record; whatever older files hold from it on is void
  int64_t created_ns = 0;
};
std::string encode_file_header(const FileHeader& header);
// DATA_LOSS when it is not what was written; UNIMPLEMENTED when it was written by a later version.
Result<FileHeader> decode_file_header(std::string_view bytes, const FileIdentity& identity);

enum class FrameKind : uint8_t {
  group = 1,       // no payload; number: up to which offset the file was synced when the group was written
  record = 2,      // a record; number: its own
  release = 3,     // records that were released; number: 0
  checkpoint = 4,  // the books when the file was begun; number: 0
};

struct FrameHeader {
  FrameKind kind = FrameKind::group;
  uint32_t payload_bytes = 0;
  uint64_t number = 0;
  uint64_t payload_check = 0;
};
constexpr uint64_t framed_bytes(uint64_t payload_bytes) { return frame_header_bytes + (payload_bytes + 7) / 8 * 8; }

void encode_frame_header(const FrameHeader& header, uint64_t nonce, uint64_t offset, char* out);
// `bytes`: at least frame_header_bytes. Nothing when this is no frame header of this file and place.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes, uint64_t nonce, uint64_t offset);
uint64_t payload_check(const std::vector<std::string_view>& parts);

// Neighbouring records of one file that one cursor has released.
struct Released {
  uint32_t cursor = 0;  // its place in the checkpoint of the file that holds the frame
  uint64_t file = 0;    // where the records lie
  uint64_t first = 0;
  uint64_t count = 0;
  uint64_t items = 0;  // how much they are together
  uint64_t bytes = 0;
};
std::string encode_releases(const std::vector<Released>& releases);
std::optional<std::vector<Released>> decode_releases(std::string_view payload);

}  // namespace vigia::journal
