#include "base/random.h"

#include <sys/random.h>

#include <cmath>

#include "base/check.h"

namespace vigia {

namespace {

// splitmix64: turns any seed, 0 included, into well-mixed state.
uint64_t mix(uint64_t& seed) {
  uint64_t z = (seed += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed) : state_{mix(seed), mix(seed)} {}

Random Random::from_system() {
  uint64_t seed = 0;
  CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return Random(seed);
}

uint64_t Random::next() {
  // xorshift128+
  uint64_t a = state_[0];
  const uint64_t b = state_[1];
  state_[0] = b;
  a ^= a << 23;
  state_[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
  return state_[1] + b;
}

double Random::exponential(double mean) { return -mean * std::log(1.0 - fraction()); }

}  // namespace vigia
