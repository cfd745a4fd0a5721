#pragma once

// One consumer over several: what stands behind a receiver that feeds several pipelines, and behind the last processor of a
// pipeline that has several exporters. There each branch gets what is for it, with the receipts that are about it.
//
// Room is reserved in every branch before anything is committed to any, so that a full queue refuses the batch for
// all of them and the sender's next try does not give the others the same data twice. A branch that has a receipt of its own needs no room: what it
// does not take, the journal gives it again, and it alone.

#include <memory>
#include <vector>

#include "pipeline/batch.h"

namespace vigia::pipeline {

class FanOut final : public Consumer {
 public:
  // REQUIRES: at least one target; they outlive this.
  explicit FanOut(std::vector<Consumer*> targets);

  // In the branches that the load names.
  Result<Reservation> reserve(const Load& load) override;
  // `done` gets the combined status once all branches have answered.
  void consume(Batch batch, Done done) override;

  const std::vector<Consumer*>& targets() const { return targets_; }

 private:
  std::vector<Consumer*> targets_;
};

// Makes one answer of several: OK when all are; permanent when one is; else retryable, after the longest wait asked for.
class CombinedDone {
 public:
  // Calls `done` when `count` answers are in. REQUIRES: count > 0.
  static std::shared_ptr<CombinedDone> create(size_t count, Done done);
  ~CombinedDone();

  // One of the answers. Any thread.
  void answer(Status status);
  // The same as a callback that keeps `self` alive.
  static Done part_of(std::shared_ptr<CombinedDone> self);

 private:
  struct State;
  CombinedDone(size_t count, Done done);
  std::unique_ptr<State> state_;
};

}  // namespace vigia::pipeline
