#pragma once

// The date of signs of life. When the machine's clock is set to another time, what was noted by the old time is moved along: an agent is
// offline because it was silent, and not because somebody corrected a clock. Any thread.

#include <cstdint>
#include <cstdlib>

#include "base/clock.h"
#include "base/guarded.h"
#include "tenancy/agents.h"

namespace vigia::extensions {

class RegistryClock {
 public:
  // The references outlive it.
  RegistryClock(const Clock& clock, tenancy::Agents& agents) : clock_(clock), agents_(agents), offset_ms_(offset_ms()) {}

  int64_t now_ms() const {
    // Clocks that are merely slewed move less between two calls, which are seconds apart.
    constexpr int64_t least_step_ms = 1'000;
    offset_ms_.with([&](int64_t& known_ms) {
      int64_t step_ms = offset_ms() - known_ms;
      if (std::abs(step_ms) >= least_step_ms) agents_.move_last_seen(step_ms);
      known_ms += step_ms;
    });
    return clock_.wall_ns() / 1'000'000;
  }
  int64_t steady_ms() const { return clock_.steady_ms(); }

 private:
  int64_t offset_ms() const { return clock_.wall_ns() / 1'000'000 - clock_.steady_ms(); }

  const Clock& clock_;
  tenancy::Agents& agents_;
  Guarded<int64_t> mutable offset_ms_;
};

}  // namespace vigia::extensions
