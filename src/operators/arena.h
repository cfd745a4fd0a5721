#pragma once

// Memory for one entry at a time: taken by moving a pointer, given back all at once.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vigia::operators {

class Arena {
 public:
  // What is kept from one entry to the next; an entry that needs more gives the rest back.
  static constexpr size_t kept_bytes = 256 << 10;

  explicit Arena(size_t first_block_bytes = 32 << 10) : first_block_bytes_(first_block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Aligned for everything that is kept here.
  char* allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (static_cast<size_t>(end_ - at_) < bytes) [[unlikely]]
      return allocate_block(bytes);
    char* result = at_;
    at_ += bytes;
    return result;
  }
  template <typename T>
  T* allocate_array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return reinterpret_cast<T*>(allocate(count * sizeof(T)));
  }
  std::string_view copy(std::string_view text) {
    char* memory = allocate(text.size());
    if (!text.empty()) std::memcpy(memory, text.data(), text.size());
    return {memory, text.size()};
  }

  // Everything that was taken is gone.
  void reset() {
    if (blocks_.size() > 1 || blocks_bytes_ > kept_bytes) [[unlikely]]
      shrink();
    at_ = blocks_.empty() ? nullptr : blocks_[0].memory.get();
  }
  // What the blocks hold, used or not.
  size_t size_bytes() const { return blocks_bytes_; }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    size_t size;
  };
  char* allocate_block(size_t bytes);
  void shrink();

  const size_t first_block_bytes_;
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::vector<Block> blocks_;
  size_t blocks_bytes_ = 0;
};

}  // namespace vigia::operators
