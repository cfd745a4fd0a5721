#pragma once

// Short-lived text whose place does not change: what is built while a request is read, and forgotten together.
// Its memory is used again, so that in the steady state nothing is allocated.

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace vigia::prometheus {

class Scratch {
 public:
  // Room for so many bytes, valid until reset().
  char* take(size_t size) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) next_chunk();
    if (chunk_ == chunks_.size()) add_chunk(size);
    char* at = chunks_[chunk_].bytes.get() + used_;
    used_ += size;
    return at;
  }
  // Gives back the end of what was taken last.
  void give_back(size_t size) { used_ -= size; }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = take(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  void reset() {
    // What one odd request needed is not kept for ever.
    std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.size > chunk_bytes; });
    if (chunks_.size() > most_kept_chunks) chunks_.resize(most_kept_chunks);
    chunk_ = 0;
    used_ = 0;
  }

 private:
  static constexpr size_t chunk_bytes = 4096;
  static constexpr size_t most_kept_chunks = 16;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  void next_chunk() {
    chunk_++;
    used_ = 0;
  }
  void add_chunk(size_t size) {
    size_t room = size > chunk_bytes ? size : chunk_bytes;
    chunks_.push_back({std::make_unique<char[]>(room), room});
    used_ = 0;
  }

  std::vector<Chunk> chunks_;
  size_t chunk_ = 0;
  size_t used_ = 0;
};

}  // namespace vigia::prometheus
