#pragma once

// The requests that one sender sends: made before the start, given out in turn as they go onto the wire. Uncompressed ones
// get fresh ids and times before each sending; compressed ones cannot, and repeat. One thread at a time.

#include <cstdint>
#include <optional>
#include <vector>

#include "app/load/options.h"
#include "base/bytes.h"
#include "base/status.h"
#include "otlp/request_ring.h"

namespace vigia::app {

class RequestSource {
 public:
  // `id_seed` makes the trace and span ids this source's own. `now_ns` is the wall clock's. The ledger must outlive every body.
  // At least one body more is made than `requests_in_flight`, because a fresh one must not change while it is on its way.
  // `last_items` is how many the last body holds, 0 if as many as the others.
  static Result<RequestSource> create(const LoadOptions& options, size_t requests_in_flight, uint64_t id_seed, uint64_t now_ns,
                                      size_t last_items, MemoryLedger& ledger);

  // The next body: the content of an HTTP request, gRPC's prefix included.
  Chain next(uint64_t now_ns);
  // The one with `last_items`.
  Chain last(uint64_t now_ns);

  size_t items_per_request() const { return items_per_request_; }
  size_t distinct_requests() const { return ring_ ? ring_->size() : compressed_.size(); }

 private:
  RequestSource(const LoadOptions& options, MemoryLedger& ledger)
      : signal_(options.data.signal), items_per_request_(options.data.batch), protocol_(options.protocol), ledger_(&ledger) {}
  Chain fresh_body(uint64_t now_ns, size_t items);

  otlp::Signal signal_;
  size_t items_per_request_;
  size_t last_items_ = 0;
  LoadProtocol protocol_;
  MemoryLedger* ledger_;
  std::optional<otlp::RequestRing> ring_;  // when nothing is compressed
  std::vector<Chain> compressed_;
  Chain compressed_last_;
  size_t next_ = 0;
};

}  // namespace vigia::app
