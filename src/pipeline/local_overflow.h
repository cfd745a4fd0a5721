#pragma once

// An overflow store in a directory: a journal with one cursor. What it has is bounded by the storage's max_size_mib and by the disk; at the
// limit put() is refused, and the data stays where it was.

#include <memory>

#include "base/log.h"
#include "pipeline/journal_runner.h"
#include "pipeline/overflow_store.h"

namespace vigia::pipeline {

class LocalOverflow final : public OverflowStore, public std::enable_shared_from_this<LocalOverflow> {
 public:
  // The cursor and the budgets that the store's journal has; the rest is the caller's to say.
  static journal::JournalOptions journal_options(std::string directory);

  // REQUIRES: the journal was opened with journal_options().
  LocalOverflow(OverflowOwner owner, std::shared_ptr<JournalRunner> runner, MemoryLedger& ledger, Logger log);

  const OverflowOwner& owner() const override { return owner_; }
  void put(Batch batch, int64_t received_ns, Done done) override;
  void read(uint64_t max_bytes, Function<void(Result<Batches>)> done) override;
  OverflowAmount amount() const override;

 private:
  class Held;
  Batches batches_of(std::vector<journal::ReadRecord> records);

  const OverflowOwner owner_;
  const std::shared_ptr<JournalRunner> runner_;
  MemoryLedger& ledger_;
  const Logger log_;
  const uint32_t cursor_;
};

}  // namespace vigia::pipeline
