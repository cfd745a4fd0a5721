#pragma once

// Generated requests that are sent again and again, fresh each time.
//
// Generating costs about as much as a fast receiver spends on the data, so a load generator makes some requests beforehand and,
// before each sending, changes ids and times where they stand. Ids differ in each round of the ring, and still agree between
// parents, children, links and the logs of one data set. Times move up to now: for traces by one step a round, so that the
// spans of a trace stay where they belong (they are as old as the ring is long in its own time, see
// DataSetOptions::items_per_second); for metrics and logs the newest time of a request becomes now. Counters begin anew with
// each round, and say so by their start time.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "otlp/generator.h"

namespace vigia::otlp {

// One thread at a time.
class RequestRing {
 public:
  // `id_seed` makes the ids of this ring its own; with 0 the first round has the ids of the data set. Refuses more than 1 GiB.
  static Result<RequestRing> create(const DataSetOptions& options, size_t request_count, uint64_t id_seed, MemoryLedger& ledger);

  size_t size() const { return entries_.size(); }
  size_t items_per_request() const { return batch_; }

  // The next request, fresh. Its bytes change when it comes round again, `size()` calls later.
  // REQUIRES: by then nobody reads this slice any more, that is, fewer than `size()` requests are on their way at a time.
  const Slice& next(uint64_t now_ns);

 private:
  // Positions of 8 bytes each in a request.
  struct Entry {
    Slice request;
    std::vector<uint32_t> trace_ids;  // each is 16 bytes
    std::vector<uint32_t> span_ids;
    std::vector<uint32_t> times;
    std::vector<uint32_t> starts;  // of counters, which all began with the data set
    uint64_t newest_ns = 0;        // as it now stands
    uint64_t shift_ns = 0;         // of its times against what was generated, for traces
    uint64_t round = 0;            // whose ids it now has; 0: those that were generated
  };
  struct Masks {
    uint64_t trace_id[2];
    uint64_t span_id;
  };

  RequestRing() = default;
  void find_positions(Entry& entry, const DataSetOptions& options);
  Masks masks_of(uint64_t round) const;
  void change_ids(Entry& entry);
  void change_times(Entry& entry, uint64_t now_ns);

  std::vector<Entry> entries_;
  size_t batch_ = 0;
  Signal signal_ = Signal::traces;
  uint64_t id_seed_ = 0;
  size_t position_ = 0;
  uint64_t round_ = 0;  // counts from 1
  uint64_t round_begin_ns_ = 0;
  uint64_t ring_newest_ns_ = 0;  // of all requests, as generated
  uint64_t shift_ns_ = 0;        // of the traces of this round, against what was generated
};

}  // namespace vigia::otlp
