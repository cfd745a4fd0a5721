#pragma once

// What the receiver refuses by itself: counted by reason, and said in the log at most once in ten seconds for each reason.
//
// All calls on any thread.

#include <atomic>
#include <string_view>

#include "base/metrics.h"
#include "pipeline/component.h"

namespace vigia::receivers {

// Lets one line through in every period, with the sum of what happened since the last one.
class OccasionalLine {
 public:
  // The sum to tell now, or 0.
  uint64_t add(uint64_t count, int64_t now_ms);

 private:
  std::atomic<uint64_t> untold_{0};
  std::atomic<int64_t> next_ms_{0};
};

// Of one transport.
class Refusals {
 public:
  Refusals(const pipeline::Context& context, std::string_view transport);

  // A request was turned away before its body was read, because memory is short. How many items it had nobody knows.
  void for_memory(std::string_view peer_address);
  // Items lacked the resource attribute that this receiver asks for.
  void for_attribute(std::string_view attribute, size_t items, std::string_view peer_address);

 private:
  const Logger log_;
  const Clock& clock_;
  const MemoryLedger& ledger_;
  Counter& memory_requests_;
  Counter& attribute_items_;
  OccasionalLine memory_line_;
  OccasionalLine attribute_line_;
};

}  // namespace vigia::receivers
