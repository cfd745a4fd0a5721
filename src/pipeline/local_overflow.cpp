#include "pipeline/local_overflow.h"

#include "pipeline/journal_record.h"

namespace vigia::pipeline {

namespace {

constexpr const char* cursor_name = "overflow";

}  // namespace

// A record that somebody downstream holds. It keeps the journal open, which may outlive the store.
class LocalOverflow::Held final : public Receipt::Record {
 public:
  Held(std::shared_ptr<JournalRunner> runner, uint32_t cursor, const journal::RecordPlace& place)
      : runner_(std::move(runner)), cursor_(cursor), place_(place) {}

  void on_released() override { runner_->journal().release(cursor_, place_, journal::Origin::backlog); }
  void on_kept() override { runner_->journal().give_back(cursor_, place_, journal::Origin::backlog); }

 private:
  const std::shared_ptr<JournalRunner> runner_;
  const uint32_t cursor_;
  const journal::RecordPlace place_;
};

journal::JournalOptions LocalOverflow::journal_options(std::string directory) {
  journal::JournalOptions options;
  options.directory = std::move(directory);
  options.cursors.push_back({cursor_name, {}, journal::WhenFull::reject});
  options.live_bytes = 0;  // What is put goes to the disk and is read from there: its time comes later.
  return options;
}

LocalOverflow::LocalOverflow(OverflowOwner owner, std::shared_ptr<JournalRunner> runner, MemoryLedger& ledger, Logger log)
    : owner_(std::move(owner)),
      runner_(std::move(runner)),
      ledger_(ledger),
      log_(std::move(log)),
      cursor_(runner_->journal().cursor(cursor_name)) {}

void LocalOverflow::put(Batch batch, int64_t received_ns, Done done) {
  runner_->journal().append(to_record(batch, received_ns), [done = std::move(done)](Result<journal::Appended> answer) mutable {
    done(answer.is_ok() ? Status() : std::move(answer).status());
  });
}

void LocalOverflow::read(uint64_t max_bytes, Function<void(Result<Batches>)> done) {
  runner_->read_soon([self = shared_from_this(), max_bytes, done = std::move(done)]() mutable {
    Result<std::vector<journal::ReadRecord>> records = self->runner_->journal().read(self->cursor_, max_bytes);
    if (!records.is_ok()) return done(std::move(records).status());
    done(self->batches_of(std::move(*records)));
  });
}

OverflowStore::Batches LocalOverflow::batches_of(std::vector<journal::ReadRecord> records) {
  Batches batches;
  for (journal::ReadRecord& record : records) {
    Receipt receipt(std::make_shared<Held>(runner_, cursor_, record.place));
    Result<Batch> batch = to_batch(std::move(record.record), ledger_);
    if (!batch.is_ok()) {
      log_.error("a request of the overflow cannot be unpacked and is lost",
                 {{"error", batch.status()}, {"lost_items", record.place.items}, {"directory", runner_->journal().directory()}});
      receipt.settle();
      continue;
    }
    batch->receipts.push_back(std::move(receipt));
    batches.push_back(std::move(*batch));
  }
  return batches;
}

OverflowAmount LocalOverflow::amount() const {
  journal::CursorState state = runner_->journal().cursor_state(cursor_);
  return {state.wanted.items, state.wanted.bytes, state.oldest_ns};
}

}  // namespace vigia::pipeline
