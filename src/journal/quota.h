#pragma once

// Amounts as limits: a part that is 0 limits nothing.

#include <algorithm>

#include "journal/record.h"

namespace vigia::journal {

inline bool is_over(const Amount& quota, const Amount& amount) {
  auto is_part_over = [](uint64_t limit, uint64_t part) { return limit > 0 && part > limit; };
  return is_part_over(quota.records, amount.records) || is_part_over(quota.items, amount.items) || is_part_over(quota.bytes, amount.bytes);
}

inline bool reaches(const Amount& quota, const Amount& amount) {
  auto is_part_reached = [](uint64_t limit, uint64_t part) { return limit > 0 && part >= limit; };
  return is_part_reached(quota.records, amount.records) || is_part_reached(quota.items, amount.items) ||
         is_part_reached(quota.bytes, amount.bytes);
}

// At least 1 of what is limited.
inline Amount part_of(const Amount& quota, uint64_t parts) {
  auto part = [&](uint64_t whole) { return whole > 0 ? std::max<uint64_t>(whole / parts, 1) : 0; };
  return {part(quota.records), part(quota.items), part(quota.bytes)};
}

// The stricter of both limits.
inline Amount stricter(const Amount& a, const Amount& b) {
  auto part = [](uint64_t one, uint64_t other) { return one == 0 || other == 0 ? std::max(one, other) : std::min(one, other); };
  return {part(a.records, b.records), part(a.items, b.items), part(a.bytes, b.bytes)};
}

}  // namespace vigia::journal
