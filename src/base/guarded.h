#pragma once

// A value that can only be reached with its lock held.
//
//   Guarded<std::deque<Job>> jobs;
//   jobs.with([&](auto& queue) { queue.push_back(job); });

#include <mutex>
#include <utility>

namespace vigia {

template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <typename Use>
  decltype(auto) with(Use&& use) {
    std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <typename Use>
  decltype(auto) with(Use&& use) const {
    std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace vigia
