#pragma once

// A wiring point of the graph: what a component holds as "next". A reload points it elsewhere while data flows.
//
// Data calls come on the event loops or on the control thread, and end before the loop's task does. So after a switch it is enough to let
// every loop finish one task: then nobody uses the old target any more, and no call had to take a lock.

#include <atomic>
#include <memory>
#include <vector>

#include "base/metrics.h"
#include "pipeline/fan_out.h"

namespace vigia::pipeline {

class Junction final : public Consumer {
 public:
  // `passed_items`: raised by the items of every batch that passes; may be null.
  explicit Junction(Counter* passed_items = nullptr) : passed_items_(passed_items) {}

  // Control thread only. The old targets may be in use until all loops have finished a task; then release_old().
  // REQUIRES: at least one target, before any data comes.
  void connect(std::vector<Consumer*> targets) {
    if (current_ && current_->targets() == targets) return;
    if (current_) old_.push_back(std::move(current_));
    current_ = std::make_unique<FanOut>(std::move(targets));
    // With one target the fan-out would only pass calls through.
    Consumer* target = current_->targets().size() == 1 ? current_->targets().front() : current_.get();
    target_.store(target, std::memory_order_release);
  }
  void release_old() { old_.clear(); }

  Result<Reservation> reserve(const Load& load) override { return target()->reserve(load); }
  void consume(Batch batch, Done done) override {
    if (passed_items_) passed_items_->add(batch.item_count);
    target()->consume(std::move(batch), std::move(done));
  }

 private:
  Consumer* target() const { return target_.load(std::memory_order_acquire); }

  Counter* passed_items_;
  std::atomic<Consumer*> target_{nullptr};
  std::unique_ptr<FanOut> current_;
  std::vector<std::unique_ptr<FanOut>> old_;
};

// Stands before a processor and counts what comes in. A processor may change the payload, and then it is not what came over the wire.
class CountedEntrance final : public Consumer {
 public:
  CountedEntrance(Consumer& component, Counter& items) : component_(component), items_(items) {}
  Result<Reservation> reserve(const Load& load) override { return component_.reserve(load); }
  void consume(Batch batch, Done done) override {
    items_.add(batch.item_count);
    batch.packed = nullptr;
    component_.consume(std::move(batch), std::move(done));
  }

 private:
  Consumer& component_;
  Counter& items_;
};

}  // namespace vigia::pipeline
