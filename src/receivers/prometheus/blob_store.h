#pragma once

// Texts that are kept and forgotten together, each found by a number. They stand in blocks, so that nothing moves when more come.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "otlp/wire.h"

namespace vigia::receivers {

// What stands behind its own size, a varint. It is memory of ours: nothing is checked.
inline std::string_view sized_blob_at(const char* at) {
  size_t size = 0;
  for (int shift = 0;; shift += 7) {
    auto byte = static_cast<unsigned char>(*at++);
    size |= static_cast<size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) [[likely]]
      return {at, size};
  }
}

class BlobStore {
 public:
  uint32_t add(std::string_view blob) {
    size_t needed = blob.size() + otlp::varint_size(blob.size());
    if (blocks_.empty() || blocks_.back().capacity - blocks_.back().used < needed) add_block(needed);
    Block& block = blocks_.back();
    auto place = static_cast<uint32_t>((blocks_.size() - 1) << block_bits | block.used);
    otlp::put_raw(otlp::put_varint(block.bytes.get() + block.used, blob.size()), blob);
    block.used += needed;
    return place;
  }
  // `place` is what add() gave.
  std::string_view at(uint32_t place) const {
    return sized_blob_at(blocks_[place >> block_bits].bytes.get() + (place & (block_bytes - 1)));
  }
  // No more may be added: a few gigabytes are there. What was there before still fits when it is added to another.
  bool is_full() const { return blocks_.size() >= most_blocks - most_blocks / 16; }
  size_t memory_bytes() const { return bytes_ + blocks_.capacity() * sizeof(Block); }

 private:
  static constexpr int block_bits = 17;
  static constexpr size_t block_bytes = size_t{1} << block_bits;
  static constexpr size_t first_block_bytes = 512;
  static constexpr size_t most_blocks = size_t{1} << (32 - block_bits);
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t capacity = 0;
    size_t used = 0;
  };

  // Few blobs take little, and a blob that is larger than a block has one of its own.
  void add_block(size_t needed) {
    CHECK(blocks_.size() < most_blocks);
    size_t capacity = std::max(needed, std::clamp(bytes_ / 4, first_block_bytes, block_bytes));
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(capacity), capacity, 0});
    bytes_ += capacity;
  }

  std::vector<Block> blocks_;
  size_t bytes_ = 0;  // of all blocks
};

}  // namespace vigia::receivers
