#pragma once

// Random numbers: one small generator per owner, seeded from the system or, in tests, by hand.

#include <cstdint>

namespace vigia {

// Not for secrets. One thread at a time.
class Random {
  __extension__ using Wide = unsigned __int128;

 public:
  explicit Random(uint64_t seed);
  // Seeded by the operating system.
  static Random from_system();

  uint64_t next();
  // 0 … bound − 1. REQUIRES: bound > 0.
  uint64_t below(uint64_t bound) { return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64); }
  // 0 ≤ x < 1.
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // A positive number with this mean, many small and few large.
  double exponential(double mean);

 private:
  uint64_t state_[2];
};

}  // namespace vigia
