#pragma once

// The search for what is at fault in data that the other side refuses for good: it is cut in halves and sent again.

#include <atomic>
#include <bit>
#include <cstddef>

#include "base/status.h"

namespace vigia::pipeline {

// Shared by all parts of what was refused. All calls on any thread.
class Bisection {
 public:
  // `most_cuts`: each costs two sends.
  explicit Bisection(size_t items, int most_cuts = 32) : most_cuts_(most_cuts), fruitless_cuts_(std::bit_width(items) + 1) {}

  // Whether one more cut is worth its two sends. As long as nothing at all was accepted, cutting goes no deeper than to a single item:
  // somebody who refuses everything is not asked again and again.
  bool may_cut() {
    int cuts = cuts_.fetch_add(1, std::memory_order_relaxed);
    return cuts < (is_any_accepted_.load(std::memory_order_relaxed) ? most_cuts_ : fruitless_cuts_);
  }
  void on_accepted() { is_any_accepted_.store(true, std::memory_order_relaxed); }

 private:
  const int most_cuts_;
  const int fruitless_cuts_;
  std::atomic<int> cuts_{0};
  std::atomic<bool> is_any_accepted_{false};
};

// Some refusals say nothing about the items: other items would be refused as well.
inline bool is_content_at_fault(const Status& status) {
  switch (status.code()) {
    case StatusCode::unauthenticated:
    case StatusCode::permission_denied:
    case StatusCode::unimplemented:
    case StatusCode::not_found:
      return false;
    default:
      return true;
  }
}

}  // namespace vigia::pipeline
