#pragma once

// How long records of a journal have been there at least, by the steady clock: the date that they bear may jump. Of what was there before the
// start only the time since then is known, so that after a pause of the program each record has its time again.
//
// One thread at a time.

#include <algorithm>
#include <cstdint>
#include <deque>

namespace vigia::pipeline {

class RecordAges {
 public:
  // Tells whether records are as old as `after_ms`; up to an eighth of that late.
  RecordAges(int64_t after_ms, int64_t now_ms) : after_ms_(after_ms), start_ms_(now_ms) {}

  // The record with this number was just appended; numbers rise, but may come in any order.
  void note_appended(uint64_t number, int64_t now_ms) {
    first_ = std::min(first_, number);
    if (marks_.empty() || now_ms - marks_.back().time_ms >= after_ms_ / 8) marks_.push_back(newest_);
    newest_ = {now_ms, std::max(newest_.number, number)};
    while (marks_.size() > 1 && is_long_ago(marks_[1].time_ms, now_ms)) marks_.pop_front();
  }

  bool is_overdue(uint64_t number, int64_t now_ms) const {
    if (number < first_) return is_long_ago(start_ms_, now_ms);
    auto covers = [&](const Mark& mark) { return number <= mark.number && is_long_ago(mark.time_ms, now_ms); };
    return covers(newest_) || std::any_of(marks_.begin(), marks_.end(), covers);
  }

 private:
  // At that time the records up to this number were there.
  struct Mark {
    int64_t time_ms = 0;
    uint64_t number = 0;
  };
  bool is_long_ago(int64_t time_ms, int64_t now_ms) const { return now_ms - time_ms >= after_ms_; }

  const int64_t after_ms_;
  const int64_t start_ms_;
  uint64_t first_ = UINT64_MAX;  // Appended since the start.
  Mark newest_;
  std::deque<Mark> marks_;  // Older ones, some time apart.
};

}  // namespace vigia::pipeline
