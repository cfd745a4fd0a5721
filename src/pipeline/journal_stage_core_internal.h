#pragma once

// The inside of JournalStage: kept alive by whatever still has to call back.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "pipeline/journal_stage.h"
#include "pipeline/overflow_pump.h"
#include "pipeline/resent_letters.h"

namespace vigia::pipeline {

class JournalStage::Core : public JournalRunner::User, public std::enable_shared_from_this<JournalStage::Core> {
 public:
  Core(const Context& context, JournalStageConfig config, Consumer& next);

  // Of the cursor with this place in the configuration, before start().
  void use_overflow(size_t cursor, std::shared_ptr<OverflowStore> store) { overflows_[cursor] = std::move(store); }
  Status start(std::shared_ptr<JournalRunner> runner, const journal::JournalOptions& options, const std::string& storage_directory);
  void stop_waiting();
  void stop(Function<void()> stopped);
  bool on_readable(uint32_t cursor) override;
  Result<Reservation> reserve(const Load& load);
  void consume(Batch batch, Done done);

  const Context& context() const { return context_; }
  const JournalStageConfig& config() const { return config_; }
  JournalRunner& runner() { return *runner_; }
  // Null where the cursor has none.
  const OverflowPump* overflow(uint32_t cursor) const;
  uint64_t refused_items() const { return refused_items_.load(std::memory_order_relaxed); }

 private:
  // A durable exporter.
  struct Branch {
    uint32_t cursor = 0;  // In the journal.
    uint64_t bit = 0;     // In Batch::branches.
    bool in_order = false;
    std::atomic<bool> is_reading{false};
    std::atomic<int64_t> paused_until_ms{0};  // Nothing is read for it.
    std::atomic<int64_t> closed_until_ms{0};  // It was refused what was read, so that new data would be too.
    std::shared_ptr<ResentLetters> resent;
    std::shared_ptr<OverflowPump> overflow;  // Null: what is old waits like the rest.
  };
  class Holding;
  // Somebody works here: stop() waits for it.
  class Activity;
  struct Parked {
    Batch batch;
    Done done;
  };

  net::EventLoop& loop();
  // Where data goes on to an exporter that keeps order.
  net::EventLoop& ordered_loop() { return context_.loops.at(0); }
  bool is_stopping() const { return is_stopping_.load(std::memory_order_acquire); }
  void end_activity();
  // An Activity; null when the stage is being stopped.
  std::shared_ptr<void> enter();

  Status room_for(const Load& load) const;
  Result<Reservation> reserve_in_memory(Load load);
  void append(Batch batch, Done done, bool may_park);
  void refuse(Batch batch, Done done, Status status, bool may_park);
  void try_parked();
  void append_parked(Parked parked);
  void pass_live(Batch batch, const journal::Appended& appended);
  void pass(Batch batch, uint64_t branches);
  void pass_to_one(Batch batch, uint64_t bit);
  void refused_by_one(Batch batch, uint64_t bit, const Status& status);

  void poll_resent_letters();
  void pause(Branch& branch, int64_t for_ms);
  bool is_closed(const Branch& branch) const;
  void pause_after_return(Branch& branch);
  void tell_readable(const Branch& branch) { runner_->tell_readable(branch.cursor); }
  void poke(Branch& branch);
  void read_some(Branch& branch);
  std::vector<Batch> batches_of(Branch& branch, std::vector<journal::ReadRecord> records);

  // --- Overflow (journal_stage_overflow.cpp) ---
  std::shared_ptr<OverflowPump> make_overflow(Branch& branch, size_t cursor);
  // Whether the record goes to the overflow, and not on.
  static bool is_overdue(const Branch& branch, const journal::RecordPlace& place);
  void move_to_overflow(Branch& branch, Batch batch, int64_t received_ns);

  const Context& context_;
  const JournalStageConfig config_;
  Consumer& next_;
  std::shared_ptr<JournalRunner> runner_;
  std::map<size_t, std::shared_ptr<OverflowStore>> overflows_;
  std::deque<Branch> branches_;
  uint64_t cursors_ = 0;  // Of the branches.
  uint64_t memory_branches_ = 0;
  uint64_t whole_ = 0;      // All branches.
  bool has_order_ = false;  // Some branch.
  std::atomic<uint64_t> refused_items_{0};

  std::atomic<bool> is_started_{false};  // From then on the branches stay as they are.
  std::atomic<bool> is_stopping_{false};
  std::atomic<int64_t> activities_{1};  // One of them is that it runs.
  Guarded<Function<void()>> stopped_;
  struct Park {
    std::deque<Parked> waiting;
    size_t bytes = 0;
    bool has_timer = false;
    bool is_closed = false;
  };
  Guarded<Park> park_;
};

}  // namespace vigia::pipeline
