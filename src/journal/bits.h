#pragma once

// A set of small numbers, one bit each.

#include <bit>
#include <cstdint>
#include <vector>

namespace vigia::journal {

class Bits {
 public:
  bool test(uint64_t index) const { return index / 64 < words_.size() && (words_[index / 64] >> (index % 64) & 1) != 0; }
  // Says whether that changed anything.
  bool set(uint64_t index) {
    if (index / 64 >= words_.size()) words_.resize(index / 64 + 1);
    if (test(index)) return false;
    words_[index / 64] |= uint64_t{1} << (index % 64);
    count_++;
    return true;
  }
  bool clear(uint64_t index) {
    if (!test(index)) return false;
    words_[index / 64] &= ~(uint64_t{1} << (index % 64));
    count_--;
    return true;
  }
  uint64_t count() const { return count_; }
  // The smallest number ≥ `from` that is in neither set.
  static uint64_t first_in_neither(const Bits& a, const Bits& b, uint64_t from) {
    for (uint64_t word = from / 64;; word++) {
      uint64_t used = a.word(word) | b.word(word);
      if (word == from / 64) used |= (uint64_t{1} << (from % 64)) - 1;
      if (used != ~uint64_t{0}) return word * 64 + static_cast<uint64_t>(std::countr_one(used));
    }
  }

  const std::vector<uint64_t>& words() const { return words_; }
  static Bits from_words(std::vector<uint64_t> words) {
    Bits bits;
    for (uint64_t word : words) bits.count_ += static_cast<uint64_t>(std::popcount(word));
    bits.words_ = std::move(words);
    return bits;
  }

 private:
  uint64_t word(uint64_t index) const { return index < words_.size() ? words_[index] : 0; }

  std::vector<uint64_t> words_;
  uint64_t count_ = 0;
};

}  // namespace vigia::journal
