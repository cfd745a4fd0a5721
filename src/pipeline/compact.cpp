#include "pipeline/compact.h"

#include <algorithm>

namespace vigia::pipeline {

namespace {

// The few hundred bytes around a small body are not worth a copy.
constexpr size_t worth_copying_bytes = 4096;

}  // namespace

size_t pinned_bytes(const Chain& chain) {
  std::vector<std::pair<const char*, size_t>> blocks;
  blocks.reserve(chain.slices().size());
  for (const Slice& slice : chain.slices()) {
    const char* block = slice.buffer().data();
    if (blocks.empty() || blocks.back().first != block) blocks.emplace_back(block, slice.buffer().capacity());
  }
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  size_t total = 0;
  for (const auto& [block, capacity] : blocks) total += capacity;
  return total;
}

bool compact(Chain& chain) {
  if (chain.empty()) return false;
  size_t pinned = pinned_bytes(chain);
  if (pinned < worth_copying_bytes || chain.size() >= pinned / 2) return false;
  Buffer block = Buffer::allocate(chain.size(), chain.slices().front().buffer().ledger());
  Chain copy;
  size_t offset = 0;
  for (const Slice& slice : chain.slices()) {
    std::memcpy(block.data() + offset, slice.data(), slice.size());
    copy.append(Slice(block, offset, slice.size()));
    offset += slice.size();
  }
  chain = std::move(copy);
  return true;
}

}  // namespace vigia::pipeline
