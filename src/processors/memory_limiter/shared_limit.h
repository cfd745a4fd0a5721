#pragma once

// What the instances of the memory limiter agree on: there is one ledger, and the smallest limit counts.

#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/guarded.h"

namespace vigia::processors {

class SharedLimit {
 public:
  // `instance` stands for one limiter; its address is only compared.
  void set(const void* instance, int64_t soft_bytes, MemoryLedger& ledger);
  // Whether this instance has seen the process above its hard limit.
  void set_over(const void* instance, bool is_over, MemoryLedger& ledger);
  void remove(const void* instance, MemoryLedger& ledger);

 private:
  struct Entry {
    int64_t soft_bytes = 0;
    bool is_over = false;
  };
  using Entries = std::map<const void*, Entry>;
  static void apply(const Entries& entries, MemoryLedger& ledger);

  Guarded<Entries> entries_;
};

}  // namespace vigia::processors
