#pragma once

// Moves what an exporter could not deliver for long from its journal to an overflow store, and brings it back when deliveries succeed.
//
//   journal ──overdue──► store ──replay──► exporter
//
// - What is read from the journal and is older than `after` is put into the store instead of being passed on. Once it is safe there, its
//   receipts are settled, so that the journal and its quota are free of it. When it cannot be put it stays in the journal.
// - Replay is paced, oldest first, and little of it is under way at a time, so that new data does not wait behind it. As long as the exporter
//   does not deliver, one batch is out: when it arrives, the others follow.
// - While the journal itself holds data that has waited for longer than `after`, that goes first; not when the store has no room for it.
//
// Any thread, but for start().

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "base/guarded.h"
#include "journal/record.h"
#include "pipeline/component.h"
#include "pipeline/overflow_store.h"
#include "pipeline/record_ages.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

// What the pump needs of its pipeline.
struct OverflowOutlet {
  // Whoever has one may pass and use the context; null when the pipeline stops.
  std::function<std::shared_ptr<void>()> enter;
  // On to the exporter.
  std::function<void(Batch)> pass;
  // Whether the journal holds data that waits and is older than `after`.
  std::function<bool()> is_behind;
  uint64_t branches = all_branches;  // The exporter's bit.
};

class OverflowPump : public std::enable_shared_from_this<OverflowPump> {
 public:
  OverflowPump(const Context& context, const OverflowConfig& config, std::shared_ptr<OverflowStore> store, OverflowOutlet outlet);

  void start() { poke(); }

  void note_appended(const journal::RecordPlace& place);
  // Whether it is to be moved instead of passed on.
  bool is_overdue(const journal::RecordPlace& place) const;
  // `done`: OK when the batch is safe and was settled; otherwise its receipts have been let go.
  void move(Batch batch, int64_t received_ns, Done done);

  // What came of data that the exporter had, wherever it was read.
  void on_delivered();
  void on_let_go() { delivers_.store(false, std::memory_order_relaxed); }

  const OverflowStore& store() const { return *store_; }
  uint64_t moved_items() const { return moved_items_.load(std::memory_order_relaxed); }
  uint64_t replayed_items() const { return replayed_items_.load(std::memory_order_relaxed); }

 private:
  class Replay;
  struct State {
    std::deque<Batch> ready;  // Read and not yet passed on.
    size_t under_way = 0;     // Passed on and not yet settled.
    size_t bytes_under_way = 0;
    int64_t next_ns = 0;    // The pace allows the next batch then.
    bool is_empty = false;  // The store has nothing but what is under way.
    bool is_reading = false;
    bool has_timer = false;
  };

  void note_answer(const Status& status);
  void poke(int64_t delay_ms = 0);
  // The pipeline stops: what was read is the store's again.
  void let_go_of_ready();
  void run();
  // Passes one batch on, if one may go now. Gives how long to wait before the next call; −1: until something happens.
  int64_t step();
  int64_t choose(State& state, bool is_behind, std::optional<Batch>& next, uint64_t& wanted_bytes) const;
  void read(uint64_t max_bytes, std::shared_ptr<void> entry);
  void pass(Batch batch);
  void end_replay(size_t items, size_t bytes, bool is_delivered);

  const Context& context_;
  const OverflowConfig config_;
  const std::shared_ptr<OverflowStore> store_;
  const OverflowOutlet outlet_;
  std::atomic<bool> delivers_{false};  // The exporter has settled something since data came back or had to be moved.
  std::atomic<bool> has_room_{true};   // The store took what it was given last.
  std::atomic<uint64_t> moved_items_{0};
  std::atomic<uint64_t> replayed_items_{0};
  Guarded<RecordAges> ages_;
  Guarded<State> state_;
};

}  // namespace vigia::pipeline
