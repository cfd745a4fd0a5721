#include "base/bytes.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace vigia {

Buffer Buffer::allocate(size_t capacity, MemoryLedger& ledger) {
  void* memory = std::malloc(charge_of(capacity));
  CHECK(memory != nullptr);
  Buffer buffer;
  buffer.block_ = new (memory) Block{1, &ledger, capacity};
  ledger.charge(static_cast<int64_t>(charge_of(capacity)));
  return buffer;
}

Buffer Buffer::copy_of(std::string_view bytes, MemoryLedger& ledger) {
  Buffer buffer = allocate(bytes.size(), ledger);
  if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return buffer;
}

void Buffer::release() {
  if (!block_ || block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->ledger->charge(-static_cast<int64_t>(charge_of(block_->capacity)));
  block_->~Block();
  std::free(block_);
}

void Buffer::grow_to(size_t capacity) {
  CHECK(block_ && capacity >= block_->capacity && block_->references.load(std::memory_order_relaxed) == 1);
  resize(capacity);
}

void Buffer::shrink_to(size_t used) {
  CHECK(block_ && used <= block_->capacity && block_->references.load(std::memory_order_relaxed) == 1);
  if (block_->capacity - used >= 4096 && used <= block_->capacity / 4 * 3) resize(used);
}

void Buffer::resize(size_t capacity) {
  void* memory = std::realloc(static_cast<void*>(block_), charge_of(capacity));
  CHECK(memory != nullptr);
  block_ = static_cast<Block*>(memory);
  block_->ledger->charge(static_cast<int64_t>(capacity) - static_cast<int64_t>(block_->capacity));
  block_->capacity = capacity;
}

void Chain::append(Chain&& other) {
  size_ += std::exchange(other.size_, 0);
  slices_.insert(slices_.end(), std::make_move_iterator(other.slices_.begin()), std::make_move_iterator(other.slices_.end()));
  other.slices_.clear();
}

std::string Chain::to_string() const {
  std::string result;
  result.reserve(size_);
  for (const Slice& slice : slices_) result += slice.view();
  return result;
}

Appender::Appender(MemoryLedger& ledger, size_t expected_size) : ledger_(&ledger) {
  if (expected_size > 0) buffer_ = Buffer::allocate(expected_size, ledger);
}

void Appender::reserve(size_t capacity) {
  if (capacity <= buffer_.capacity()) return;
  if (size_ == 0)
    buffer_ = Buffer::allocate(capacity, *ledger_);
  else
    buffer_.grow_to(capacity);
}

void Appender::grow(size_t more) { reserve(std::max({size_ + more, buffer_.capacity() * 2, size_t{256}})); }

Slice Appender::take() {
  if (!buffer_ || size_ == 0) {
    buffer_ = {};
    size_ = 0;
    return {};
  }
  buffer_.shrink_to(size_);
  return {std::move(buffer_), 0, std::exchange(size_, 0)};
}

}  // namespace vigia
