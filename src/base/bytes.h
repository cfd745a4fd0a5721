#pragma once

// Shared, reference-counted memory: what telemetry travels in from socket to socket.
//
// A Buffer is one block. A Slice is a range of a Buffer and keeps it alive. A Chain is a list of slices that
// together are one body. Whoever holds a slice holds the whole block, so a block is charged once, whole, to the
// MemoryLedger it was made with, and given back when its last slice goes.
//
// Threads: slices may be copied and dropped on any thread. Bytes are written only by the one that made the buffer,
// before the first slice of those bytes is handed to somebody else.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

namespace vigia {

// Counts the bytes of all living buffers of this process, and knows whether that is too many.
class MemoryLedger {
 public:
  void charge(int64_t bytes) { held_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  int64_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }

  // The most bytes to hold before new work is refused; 0 is no limit. Set by the memory limiter.
  void set_limit_bytes(int64_t bytes) { limit_bytes_.store(bytes, std::memory_order_relaxed); }
  int64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  // The second guard: what the whole process uses has passed its limit.
  void set_process_over_limit(bool over) { process_over_limit_.store(over, std::memory_order_relaxed); }

  // Bytes among the held ones that wait in queues for their turn to be sent: grows when data comes faster than it leaves.
  int64_t backlog_bytes() const { return backlog_bytes_.load(std::memory_order_relaxed); }
  void change_backlog(int64_t by) { backlog_bytes_.fetch_add(by, std::memory_order_relaxed); }

  bool is_over_limit() const { return would_exceed(0); }
  bool would_exceed(int64_t more_bytes) const {
    int64_t limit = limit_bytes();
    return process_over_limit_.load(std::memory_order_relaxed) || (limit > 0 && held_bytes() + more_bytes > limit);
  }

 private:
  std::atomic<int64_t> held_bytes_{0};
  std::atomic<int64_t> limit_bytes_{0};
  std::atomic<int64_t> backlog_bytes_{0};
  std::atomic<bool> process_over_limit_{false};
};

// Bytes that wait in a queue, counted in the ledger's backlog as long as this lives.
class BacklogShare {
 public:
  BacklogShare() = default;
  BacklogShare(MemoryLedger& ledger, size_t bytes) : ledger_(&ledger), bytes_(static_cast<int64_t>(bytes)) {
    ledger.change_backlog(bytes_);
  }
  BacklogShare(BacklogShare&& other) noexcept : ledger_(std::exchange(other.ledger_, nullptr)), bytes_(other.bytes_) {}
  BacklogShare& operator=(BacklogShare&& other) noexcept {
    std::swap(ledger_, other.ledger_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BacklogShare() {
    if (ledger_) ledger_->change_backlog(-bytes_);
  }

 private:
  MemoryLedger* ledger_ = nullptr;
  int64_t bytes_ = 0;
};

// A reference to one block of memory. Null when default-constructed or moved from.
class Buffer {
 public:
  Buffer() = default;
  // The ledger must outlive every reference to the block.
  static Buffer allocate(size_t capacity, MemoryLedger& ledger);
  // A block with a copy of `bytes`.
  static Buffer copy_of(std::string_view bytes, MemoryLedger& ledger);

  Buffer(const Buffer& other) : block_(other.block_) { retain(); }
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer() { release(); }

  explicit operator bool() const { return block_ != nullptr; }
  char* data() const { return block_ ? reinterpret_cast<char*>(block_ + 1) : nullptr; }
  size_t capacity() const { return block_ ? block_->capacity : 0; }
  bool is_same_block(const Buffer& other) const { return block_ == other.block_; }
  MemoryLedger& ledger() const {
    CHECK(block_);
    return *block_->ledger;
  }

  // Makes the block larger, in its place where the allocator can (the address may change). REQUIRES: this is the only reference.
  void grow_to(size_t capacity);
  // Gives back what lies beyond `used` bytes, when that is worth a smaller block (the address may change).
  // REQUIRES: this is the only reference.
  void shrink_to(size_t used);

 private:
  struct Block {
    std::atomic<uint32_t> references;
    MemoryLedger* ledger;
    size_t capacity;
  };
  static size_t charge_of(size_t capacity) { return capacity + sizeof(Block); }

  void retain() const {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release();
  void resize(size_t capacity);

  Block* block_ = nullptr;
};

// A range of a buffer, which it keeps alive.
class Slice {
 public:
  Slice() = default;
  Slice(Buffer buffer, size_t offset, size_t size) : buffer_(std::move(buffer)), data_(buffer_.data() + offset), size_(size) {
    CHECK(offset + size <= buffer_.capacity());
  }
  static Slice copy_of(std::string_view bytes, MemoryLedger& ledger) { return {Buffer::copy_of(bytes, ledger), 0, bytes.size()}; }

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }
  const Buffer& buffer() const { return buffer_; }

  // The part of this slice that `part` views. REQUIRES: `part` lies within this slice.
  Slice sub(std::string_view part) const {
    CHECK(part.data() >= data_ && part.data() + part.size() <= data_ + size_);
    Slice result;
    result.buffer_ = buffer_;
    result.data_ = part.data();
    result.size_ = part.size();
    return result;
  }

 private:
  Buffer buffer_;
  const char* data_ = nullptr;
  size_t size_ = 0;
};

// Slices that together are one body.
class Chain {
 public:
  Chain() = default;
  Chain(Slice slice) { append(std::move(slice)); }

  void append(Slice slice) {
    if (slice.empty()) return;
    size_ += slice.size();
    slices_.push_back(std::move(slice));
  }
  void append(Chain&& other);

  const std::vector<Slice>& slices() const { return slices_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string to_string() const;

 private:
  std::vector<Slice> slices_;
  size_t size_ = 0;
};

// A buffer that grows at its end: how bodies are collected and rewritten. The bytes come out as one slice.
class Appender {
 public:
  explicit Appender(MemoryLedger& ledger, size_t expected_size = 0);

  size_t size() const { return size_; }
  char* data() { return buffer_.data(); }
  std::string_view view() const { return {buffer_.data(), size_}; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void push_back(char c) {
    *room(1) = c;
    size_++;
  }
  // Where `count` more bytes may be written; advance() then says how many were.
  char* room(size_t count) {
    if (buffer_.capacity() - size_ < count) [[unlikely]]
      grow(count);
    return buffer_.data() + size_;
  }
  size_t free_bytes() const { return buffer_.capacity() - size_; }
  void advance(size_t count) {
    CHECK(count <= free_bytes());
    size_ += count;
  }
  void truncate(size_t size) {
    CHECK(size <= size_);
    size_ = size;
  }
  // Makes room for `capacity` bytes in all, exactly.
  void reserve(size_t capacity);

  // The bytes so far as a slice; the appender is empty afterwards. A block that is mostly empty is made smaller.
  Slice take();

 private:
  void grow(size_t more);

  MemoryLedger* ledger_;
  Buffer buffer_;
  size_t size_ = 0;
};

}  // namespace vigia
