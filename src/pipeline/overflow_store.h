#pragma once

// Where data goes that an exporter could not deliver for a long time, so that it does not fill the journal that all of a pipeline's exporters
// share. One store belongs to one exporter of one pipeline. It may be a directory (local_overflow.h) or far away.
//
// - put() keeps a batch. Once that is answered with OK, the batch survives the end of the program.
// - read() gives the oldest that nobody holds. Each batch has a receipt: settled, the store forgets the batch; let go, it is read again.
// - After the end of the program what was settled last may be read once more, never less.
//
// Calls may come from any thread and never block. An error may pass, unless its Status says otherwise; the caller comes back later.

#include <cstdint>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/status.h"
#include "otlp/signal.h"
#include "pipeline/batch.h"

namespace vigia::pipeline {

// Whose data a store has.
struct OverflowOwner {
  std::string exporter;  // Its id.
  std::string pipeline;  // "traces/edge"
  otlp::Signal signal = otlp::Signal::traces;
};

struct OverflowAmount {
  uint64_t items = 0;
  uint64_t bytes = 0;     // As they are stored.
  int64_t oldest_ns = 0;  // About when the oldest was received; 0: there is none.
};

class OverflowStore {
 public:
  // In the order in which they were put.
  using Batches = std::vector<Batch>;

  virtual ~OverflowStore() = default;

  virtual const OverflowOwner& owner() const = 0;
  // `done` is called once, on any thread. The batch's packed payload is stored where it has one; its receipts remain the caller's concern.
  virtual void put(Batch batch, int64_t received_ns, Done done) = 0;
  // Gives one batch at least, if nobody holds it, and not much more than `max_bytes`; nothing when there is none. `done` is called once, on
  // any thread, or never when the program ends. REQUIRES: the last read() has been answered.
  virtual void read(uint64_t max_bytes, Function<void(Result<Batches>)> done) = 0;
  // What was put and not yet settled. Before the first read() is answered it may not be known.
  virtual OverflowAmount amount() const = 0;
};

}  // namespace vigia::pipeline
