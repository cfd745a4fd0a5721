#pragma once

// Time, behind an interface so that tests can turn the hands.

#include <cstdint>
#include <string>

namespace vigia {

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; says nothing about the date.
  virtual int64_t steady_ns() const = 0;
  // Nanoseconds since 1970, as the machine believes.
  virtual int64_t wall_ns() const = 0;

  int64_t steady_ms() const { return steady_ns() / 1'000'000; }
};

// The machine's clock. It has no state, so any number may exist.
class SystemClock final : public Clock {
 public:
  int64_t steady_ns() const override;
  int64_t wall_ns() const override;
};

// A clock that stands still until told.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t wall_ns = 1'700'000'000'000'000'000) : wall_ns_(wall_ns) {}
  int64_t steady_ns() const override { return steady_ns_; }
  int64_t wall_ns() const override { return wall_ns_; }
  void advance_ms(int64_t ms) {
    steady_ns_ += ms * 1'000'000;
    wall_ns_ += ms * 1'000'000;
  }
  // Somebody sets the clock: the date changes, and no time passes.
  void set_ahead_ms(int64_t ms) { wall_ns_ += ms * 1'000'000; }

 private:
  int64_t steady_ns_ = 1'000'000'000;
  int64_t wall_ns_;
};

// "2025-06-04T00:15:23.123Z", with `digits` (0–9) of fraction.
std::string format_rfc3339(int64_t wall_ns, int digits = 3);

// Waits on this thread. Only for command-line tools and tests: event loops have timers.
void pause_thread_ms(int64_t ms);

}  // namespace vigia
