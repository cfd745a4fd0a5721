#include "app/load/latency.h"

#include <algorithm>
#include <bit>

namespace vigia::app {

void LatencyCounts::record(int64_t ns) {
  ns = std::max<int64_t>(ns, 0);
  buckets_[bucket_of(static_cast<uint64_t>(ns))]++;
  count_++;
  max_ns_ = std::max(max_ns_, ns);
}

void LatencyCounts::add(const LatencyCounts& other) {
  for (size_t i = 0; i < bucket_count; i++) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

int64_t LatencyCounts::quantile_ns(double fraction) const {
  if (count_ == 0) return 0;
  auto wanted = static_cast<uint64_t>(fraction * static_cast<double>(count_));
  uint64_t below = 0;
  for (size_t i = 0; i < bucket_count; i++) {
    below += buckets_[i];
    if (below > wanted || below == count_) return std::min(middle_of(i), max_ns_);
  }
  return max_ns_;
}

size_t LatencyCounts::bucket_of(uint64_t ns) {
  // Up to 64 every number has its own bucket; beyond, the five bits behind the highest one choose among a power's parts.
  if (ns < (2u << part_bits)) return ns;
  int shift = std::bit_width(ns) - 1 - part_bits;
  size_t bucket = (static_cast<size_t>(shift) << part_bits) + (ns >> shift);
  return std::min(bucket, bucket_count - 1);
}

int64_t LatencyCounts::middle_of(size_t bucket) {
  if (bucket < (2u << part_bits)) return static_cast<int64_t>(bucket);
  size_t shift = (bucket >> part_bits) - 1;
  size_t least = (bucket & ((1u << part_bits) - 1)) + (1u << part_bits);
  return static_cast<int64_t>((least << shift) + ((uint64_t{1} << shift) >> 1));
}

}  // namespace vigia::app
