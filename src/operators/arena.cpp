#include "operators/arena.h"

#include <algorithm>

namespace vigia::operators {

char* Arena::allocate_block(size_t bytes) {
  size_t size = std::max(bytes, blocks_.empty() ? first_block_bytes_ : std::min(blocks_.back().size * 2, size_t{4} << 20));
  Block& block = blocks_.emplace_back(Block{std::make_unique_for_overwrite<char[]>(size), size});
  blocks_bytes_ += size;
  at_ = block.memory.get() + bytes;
  end_ = block.memory.get() + size;
  return block.memory.get();
}

// One block of a size that held the last entry, so that the next one like it needs a single block.
void Arena::shrink() {
  size_t size = std::min(blocks_bytes_, kept_bytes);
  blocks_.clear();
  blocks_.push_back(Block{std::make_unique_for_overwrite<char[]>(size), size});
  blocks_bytes_ = size;
  at_ = blocks_[0].memory.get();
  end_ = at_ + size;
}

}  // namespace vigia::operators
