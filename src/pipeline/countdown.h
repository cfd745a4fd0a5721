#pragma once

// Lets the control thread wait for callbacks that come on other threads.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace vigia::pipeline {

class Countdown {
 public:
  explicit Countdown(size_t count) : count_(count) {}

  void count_down() {
    std::lock_guard lock(mutex_);
    if (count_ > 0 && --count_ == 0) changed_.notify_all();
  }
  // Says whether the count reached zero in time.
  bool wait_ms(int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_;
};

}  // namespace vigia::pipeline
