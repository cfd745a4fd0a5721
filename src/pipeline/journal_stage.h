#pragma once

// The head of a durable pipeline: what comes is written to the pipeline's journal, is answered once it is safe, and only then goes on.
//
//   receivers ─► journal stage ─► processors ─► exporters
//                 │ append ▲ read
//                 ▼        │
//                journal (one cursor for each durable exporter)
//
// - Live data flows on from memory, for as long as each exporter's share of the window lasts. What an exporter does not keep up with is read
//   again from the journal at its own pace, for it alone, and mixes with the new data by the size of their budgets.
// - An exporter that keeps order gets either new data or old, and all of it on one loop.
// - A batch carries one receipt for each durable exporter that it is for. Settled: the record is released. Let go: it waits to be read again.
// - The pipeline's other exporters, whose queues are in memory, get live data only; they can refuse it before it is written.
// - What an exporter with an overflow does not take for long is moved there, and comes back when it delivers again (overflow_pump.h).
// - When the journal refuses, so does the stage, with the journal's reason and wait; with block_on_overflow the sender's answer waits.
// - stop(): nothing more is read; what was appended is answered and goes on; the rest is on the disk.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "pipeline/component.h"
#include "pipeline/journal_runner.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

struct JournalStageConfig {
  struct Cursor {
    std::string exporter;  // Its id.
    uint64_t branch = 0;   // Its place among the pipeline's exporters.
    journal::Amount quota;
    journal::WhenFull when_full = journal::WhenFull::reject;
    std::optional<OverflowConfig> overflow;
    bool in_order = false;  // QueueConfig::keeps_order
    bool operator==(const Cursor&) const = default;
  };
  std::string pipeline;  // "traces/edge"
  otlp::Signal signal = otlp::Signal::traces;
  ComponentId storage;
  uint64_t branch_count = 0;
  std::vector<Cursor> cursors;
  bool blocks_on_overflow = false;

  // Equal for equal configurations.
  std::string fingerprint() const;
};

class JournalStage final : public Component, public Consumer {
 public:
  JournalStage(const Context& context, JournalShelf& shelf, JournalStageConfig config, Consumer& next);
  ~JournalStage() override;

  Status start() override;
  // The program is about to stop: nobody waits for room any more, so that receivers need not wait for those who do.
  void stop_waiting();
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

  Result<Reservation> reserve(const Load& load) override;
  void consume(Batch batch, Done done) override;

 private:
  class Core;
  void observe();
  Status open_overflows();
  void observe_overflow(uint32_t cursor, const Labels& labels);

  JournalShelf& shelf_;
  std::shared_ptr<Core> core_;
  std::vector<MetricRegistry::Observation> observations_;
};

}  // namespace vigia::pipeline
