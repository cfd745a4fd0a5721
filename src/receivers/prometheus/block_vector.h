#pragma once

// A vector in blocks: growing it moves nothing, so that the memory of a large one is never there twice.

#include <cstddef>
#include <vector>

namespace vigia::receivers {

template <typename T>
class BlockVector {
 public:
  T& operator[](size_t index) { return blocks_[index / block_items][index % block_items]; }
  const T& operator[](size_t index) const { return blocks_[index / block_items][index % block_items]; }
  T& back() { return blocks_.back().back(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void push_back(const T& item) {
    if (blocks_.empty() || blocks_.back().size() == block_items) {
      blocks_.emplace_back();
      if (blocks_.size() > 1) blocks_.back().reserve(block_items);  // the first is small as long as it is alone
    }
    blocks_.back().push_back(item);
    size_++;
  }
  // The others keep their order.
  template <typename Condition>
  void erase_if(Condition&& condition) {
    size_t kept = 0;
    for (size_t i = 0; i < size_; i++) {
      if (condition((*this)[i])) continue;
      if (kept != i) (*this)[kept] = (*this)[i];
      kept++;
    }
    size_ = kept;
    blocks_.resize((kept + block_items - 1) / block_items);
    if (!blocks_.empty()) blocks_.back().resize(kept - (blocks_.size() - 1) * block_items);
  }
  void clear() {
    blocks_.clear();
    size_ = 0;
  }
  size_t memory_bytes() const {
    size_t last = blocks_.empty() ? 0 : blocks_.back().capacity();
    size_t others = blocks_.empty() ? 0 : (blocks_.size() - 1) * block_items;
    return (last + others) * sizeof(T) + blocks_.capacity() * sizeof(std::vector<T>);
  }

 private:
  static constexpr size_t block_items = 1024;

  std::vector<std::vector<T>> blocks_;
  size_t size_ = 0;
};

}  // namespace vigia::receivers
