#include "receivers/otlp/refusals.h"

#include <string>

#include <fmt/core.h>

namespace vigia::receivers {

namespace {

constexpr int64_t line_period_ms = 10'000;

Labels labels_of(const pipeline::Context& context, std::string_view transport, std::string_view reason) {
  return {{"receiver", context.id.to_string()}, {"transport", std::string(transport)}, {"reason", std::string(reason)}};
}

}  // namespace

uint64_t OccasionalLine::add(uint64_t count, int64_t now_ms) {
  untold_.fetch_add(count, std::memory_order_relaxed);
  int64_t next_ms = next_ms_.load(std::memory_order_relaxed);
  if (now_ms < next_ms) return 0;
  if (!next_ms_.compare_exchange_strong(next_ms, now_ms + line_period_ms, std::memory_order_relaxed)) return 0;
  return untold_.exchange(0, std::memory_order_relaxed);
}

Refusals::Refusals(const pipeline::Context& context, std::string_view transport)
    : log_(context.log),
      clock_(context.clock),
      ledger_(context.ledger),
      memory_requests_(context.metrics.counter("vigia_receiver_refused_requests", "Requests refused before their body was read.",
                                               labels_of(context, transport, "memory_limit"))),
      attribute_items_(context.metrics.counter("vigia_receiver_refused_items", "Items refused by a rule of the receiver.",
                                               labels_of(context, transport, "missing_resource_attribute"))) {}

void Refusals::for_memory(std::string_view peer_address) {
  memory_requests_.add(1);
  uint64_t requests = memory_line_.add(1, clock_.steady_ms());
  if (requests == 0) return;
  log_.warn("Memory usage is above soft limit. Refusing data.",
            {{"refused_requests", requests}, {"held_mib", ledger_.held_bytes() >> 20}, {"last_peer", peer_address}});
}

void Refusals::for_attribute(std::string_view attribute, size_t items, std::string_view peer_address) {
  attribute_items_.add(items);
  uint64_t untold = attribute_line_.add(items, clock_.steady_ms());
  if (untold == 0) return;
  log_.warn(fmt::format("Refusing data without the resource attribute \"{0}\". Set it where the data is made, for example with "
                        "OTEL_RESOURCE_ATTRIBUTES={0}=…",
                        attribute),
            {{"refused_items", untold}, {"last_peer", peer_address}});
}

}  // namespace vigia::receivers
