#pragma once

// How long requests took: counts in buckets that are at most 3 % wide, so that any number of them costs the same.

#include <array>
#include <cstddef>
#include <cstdint>

namespace vigia::app {

class LatencyCounts {
 public:
  void record(int64_t ns);
  void add(const LatencyCounts& other);

  uint64_t count() const { return count_; }
  int64_t max_ns() const { return max_ns_; }
  // The middle of the bucket that holds the value below which `fraction` of all lie; 0 when there are none.
  int64_t quantile_ns(double fraction) const;

 private:
  // A power of two is divided into 32 equal parts.
  static constexpr int part_bits = 5;
  static constexpr size_t bucket_count = 60 << part_bits;
  static size_t bucket_of(uint64_t ns);
  static int64_t middle_of(size_t bucket);

  std::array<uint64_t, bucket_count> buckets_{};
  uint64_t count_ = 0;
  int64_t max_ns_ = 0;
};

}  // namespace vigia::app
