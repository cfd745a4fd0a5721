#pragma once

// How fast something leaves, to tell those who must wait how long. One thread at a time.

#include <algorithm>
#include <cstdint>

namespace vigia::journal {

class DrainRate {
 public:
  void note(uint64_t bytes, int64_t now_ms) {
    if (since_ms_ == 0) since_ms_ = now_ms;
    bytes_ += bytes;
    int64_t passed_ms = now_ms - since_ms_;
    if (passed_ms < 1000) return;
    double rate = static_cast<double>(bytes_) / static_cast<double>(passed_ms);
    bytes_per_ms_ = bytes_per_ms_ == 0 ? rate : 0.5 * (bytes_per_ms_ + rate);
    since_ms_ = now_ms;
    bytes_ = 0;
  }

  // About when `bytes` more will have left: a second at least, and not so long that nobody asks again when it goes faster than thought.
  int64_t wait_ms(uint64_t bytes, int64_t now_ms) const {
    // What has not moved for long does not move at the old rate.
    bool is_standing = bytes_per_ms_ <= 0 || now_ms - since_ms_ > longest_wait_ms;
    if (is_standing) return standing_wait_ms;
    return static_cast<int64_t>(std::clamp(static_cast<double>(bytes) / bytes_per_ms_, 1000.0, static_cast<double>(longest_wait_ms)));
  }

 private:
  static constexpr int64_t standing_wait_ms = 10'000;
  static constexpr int64_t longest_wait_ms = 30'000;

  double bytes_per_ms_ = 0;
  uint64_t bytes_ = 0;  // Since then.
  int64_t since_ms_ = 0;
};

}  // namespace vigia::journal
