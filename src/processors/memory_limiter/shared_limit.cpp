#include "processors/memory_limiter/shared_limit.h"

#include <algorithm>

namespace vigia::processors {

void SharedLimit::set(const void* instance, int64_t soft_bytes, MemoryLedger& ledger) {
  entries_.with([&](Entries& entries) {
    entries[instance].soft_bytes = soft_bytes;
    apply(entries, ledger);
  });
}

void SharedLimit::set_over(const void* instance, bool is_over, MemoryLedger& ledger) {
  entries_.with([&](Entries& entries) {
    auto entry = entries.find(instance);
    if (entry == entries.end() || entry->second.is_over == is_over) return;
    entry->second.is_over = is_over;
    apply(entries, ledger);
  });
}

void SharedLimit::remove(const void* instance, MemoryLedger& ledger) {
  entries_.with([&](Entries& entries) {
    if (entries.erase(instance) > 0) apply(entries, ledger);
  });
}

void SharedLimit::apply(const Entries& entries, MemoryLedger& ledger) {
  int64_t smallest = 0;
  bool is_over = false;
  for (const auto& [instance, entry] : entries) {
    smallest = smallest == 0 ? entry.soft_bytes : std::min(smallest, entry.soft_bytes);
    is_over |= entry.is_over;
  }
  ledger.set_limit_bytes(smallest);
  ledger.set_process_over_limit(is_over);
}

}  // namespace vigia::processors
