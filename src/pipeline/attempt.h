#pragma once

// Handing a batch on while keeping it, so that it can be handed on again after a refusal.
//
//   Attempt attempt(batch);                       // `batch` stays ours
//   next.consume(attempt.take(), [&](Status s) {
//     if (s.is_ok()) attempt.accepted(); else attempt.refused(batch);
//   });
//
// A plain copy would not do: a refused copy drops its receipts unsettled, and that alone keeps the journal's record.
// An attempt is used by one caller at a time.

#include <memory>
#include <vector>

#include "pipeline/batch.h"

namespace vigia::pipeline {

class Attempt {
 public:
  // Borrows the receipts of `batch`, if it has any; its payload is shared.
  explicit Attempt(Batch& batch);
  ~Attempt();
  Attempt(Attempt&&) noexcept = default;
  Attempt& operator=(Attempt&&) noexcept = default;

  // The batch to hand on. Called once.
  Batch take() { return std::move(outgoing_); }
  // The next consumer has the responsibility now: the record is settled when it settles.
  void accepted() { loans_.clear(); }
  // The receipts come back to `batch`.
  void refused(Batch& batch);

 private:
  class Loan;
  Batch outgoing_;
  std::vector<std::shared_ptr<Loan>> loans_;  // One for each set of branches, so that they end apart.
};

}  // namespace vigia::pipeline
