#pragma once

// /proc/meminfo, in bytes.

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace vigia::host {

struct Meminfo {
  uint64_t total = 0;
  uint64_t free = 0;
  uint64_t available = 0;  // Of kernels before 3.14, which do not say: what is free or cached.
  uint64_t buffers = 0;
  uint64_t cached = 0;  // Together with what of the kernel's own memory can be given back, as the Collector counts it.
  uint64_t slab_reclaimable = 0;
  uint64_t slab_unreclaimable = 0;
  uint64_t dirty = 0;
  uint64_t shared = 0;
  uint64_t huge_page_bytes = 0;
  uint64_t huge_pages_total = 0;  // In pages, as the next three.
  uint64_t huge_pages_free = 0;
  uint64_t huge_pages_reserved = 0;
  uint64_t huge_pages_surplus = 0;

  // What is neither free nor a cache.
  uint64_t used() const {
    uint64_t rest = free + buffers + cached;
    return total > rest ? total - rest : 0;
  }
};

// Lines that are missing or broken leave 0; INTERNAL when the total is one of them.
Status parse_meminfo(std::string_view text, Meminfo& out);

}  // namespace vigia::host
