// Scenario: an exporter that delivers or not, a store that takes and gives or not, and a clock that the test turns.
// Guarantee: what is moved is settled once it is safe and not before; what the store has comes back oldest first, at its pace, one batch at a
// time until deliveries succeed, and is settled in the store once the exporter has dealt with it.

#include "pipeline/overflow_pump.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeRecord;
using test::Kit;
using test::make_batch;

// In memory, on the test's one loop.
class FakeStore final : public OverflowStore {
 public:
  explicit FakeStore(MemoryLedger& ledger) : ledger_(ledger) {}

  const OverflowOwner& owner() const override { return owner_; }
  void put(Batch batch, int64_t, Done done) override {
    EXPECT_TRUE(batch.receipts.empty()) << "they are the caller's concern";
    if (!put_error.is_ok()) return done(put_error);
    items.push_back(batch.item_count);
    done({});
  }
  void read(uint64_t max_bytes, Function<void(Result<Batches>)> done) override {
    reads++;
    if (!read_error.is_ok()) return done(read_error);
    Batches batches;
    for (uint64_t bytes = 0; next_ < items.size() && bytes < max_bytes; next_++) {
      Batch batch = make_batch(ledger_, items[next_], batch_bytes);
      bytes += batch.payload.size();
      records.push_back(std::make_shared<FakeRecord>());
      batch.receipts.emplace_back(records.back());
      batches.push_back(std::move(batch));
    }
    done(std::move(batches));
  }
  OverflowAmount amount() const override { return {items.size() - settled(), 0, 0}; }
  size_t settled() const {
    size_t count = 0;
    for (const auto& record : records) count += record->released;
    return count;
  }
  // What was let go may be read again.
  void rewind(size_t to) { next_ = to; }

  std::vector<size_t> items;
  std::vector<std::shared_ptr<FakeRecord>> records;  // Of what was read.
  Status put_error;
  Status read_error;
  size_t batch_bytes = 100;
  int reads = 0;

 private:
  const OverflowOwner owner_{"otlp/x", "traces", otlp::Signal::traces};
  MemoryLedger& ledger_;
  size_t next_ = 0;
};

class OverflowPumpTest : public ::testing::Test {
 protected:
  OverflowPumpTest() {
    OverflowOutlet outlet;
    outlet.enter = [this]() -> std::shared_ptr<void> { return is_stopping_ ? nullptr : std::make_shared<int>(0); };
    outlet.pass = [this](Batch batch) { passed_.push_back(std::move(batch)); };
    outlet.is_behind = [this] { return is_behind_; };
    outlet.branches = 4;
    OverflowConfig config{"file_storage", 8000, 1000};
    pump_ = std::make_shared<OverflowPump>(context_, config, store_, std::move(outlet));
  }
  ~OverflowPumpTest() override {
    is_stopping_ = true;
    kit_.on_loop([&] { passed_.clear(); });
  }

  void start(std::vector<size_t> stored) {
    kit_.on_loop([&] {
      store_->items = std::move(stored);
      pump_->start();
    });
    kit_.settle();
  }
  std::vector<size_t> passed() {
    std::vector<size_t> sizes;
    kit_.on_loop([&] {
      for (const Batch& batch : passed_) sizes.push_back(batch.item_count);
    });
    return sizes;
  }
  // The exporter delivers, or lets go of, the first of what it has.
  void deliver() {
    kit_.on_loop([&] {
      Batch batch = std::move(passed_.front());
      passed_.erase(passed_.begin());
      batch.settle();
    });
    kit_.settle();
  }
  void let_go() {
    kit_.on_loop([&] { passed_.erase(passed_.begin()); });
    kit_.settle();
  }
  Answer move(std::shared_ptr<FakeRecord> record, size_t items = 1) {
    Answer answer;
    kit_.on_loop([&] {
      Batch batch = make_batch(kit_.ledger, items);
      batch.receipts.emplace_back(std::move(record));
      pump_->move(std::move(batch), 1, answer.done());
    });
    kit_.settle();
    return answer;
  }
  using Sizes = std::vector<size_t>;

  Kit kit_;
  const Context context_ = kit_.context();
  std::shared_ptr<FakeStore> store_ = std::make_shared<FakeStore>(kit_.ledger);
  std::vector<Batch> passed_;
  bool is_behind_ = false;
  bool is_stopping_ = false;
  std::shared_ptr<OverflowPump> pump_;
};

TEST_F(OverflowPumpTest, WhatIsMovedIsSettledOnceItIsSafe) {
  auto record = std::make_shared<FakeRecord>();
  EXPECT_TRUE(move(record, 7).get().is_ok());
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(store_->items, Sizes{7});
  EXPECT_EQ(pump_->moved_items(), 7u);
}

TEST_F(OverflowPumpTest, WhatCannotBePutIsKept) {
  store_->put_error = unavailable("the disk is full");
  auto record = std::make_shared<FakeRecord>();
  EXPECT_FALSE(move(record).get().is_ok());
  EXPECT_EQ(record->released, 0);
  EXPECT_EQ(record->kept, 1);
  EXPECT_EQ(pump_->moved_items(), 0u);
  move(record);
  EXPECT_EQ(kit_.sink->count("the overflow does not take data"), 1u);
}

TEST_F(OverflowPumpTest, OneBatchIsOutUntilItArrivesThenTheOthersFollow) {
  start({1, 2, 3});
  EXPECT_EQ(passed(), Sizes{1});
  kit_.advance_ms(60'000);
  EXPECT_EQ(passed(), Sizes{1}) << "nobody knows whether the exporter delivers";
  deliver();
  EXPECT_EQ(store_->records.at(0)->released, 1);
  EXPECT_EQ(passed(), (Sizes{2, 3}));
  deliver();
  deliver();
  EXPECT_EQ(pump_->replayed_items(), 6u);
  EXPECT_EQ(store_->settled(), 3u);
}

TEST_F(OverflowPumpTest, TheReceiptIsForTheOneExporter) {
  start({1});
  uint64_t branches = 0;
  kit_.on_loop([&] { branches = passed_.at(0).receipts.at(0).branches(); });
  EXPECT_EQ(branches, 4u) << "others that see the batch have no say in it";
}

TEST_F(OverflowPumpTest, ADeliveryOfOtherDataBeginsTheReplayToo) {
  start({1, 2});
  EXPECT_EQ(passed(), Sizes{1});
  kit_.on_loop([&] { pump_->on_delivered(); });
  kit_.settle();
  EXPECT_EQ(passed(), (Sizes{1, 2}));
}

TEST_F(OverflowPumpTest, WhatComesBackStaysInTheStoreAndIsTriedAgainLater) {
  start({1});
  store_->rewind(0);
  let_go();
  EXPECT_EQ(store_->records.at(0)->kept, 1);
  EXPECT_EQ(passed(), Sizes());
  kit_.advance_ms(1000);
  EXPECT_EQ(passed(), Sizes{1});
  EXPECT_EQ(pump_->replayed_items(), 0u);
}

TEST_F(OverflowPumpTest, TheReplayKeepsToItsPace) {
  start({500, 500, 500, 500});
  deliver();
  EXPECT_EQ(passed(), Sizes()) << "half a second for each";
  kit_.advance_ms(499);
  EXPECT_EQ(passed().size(), 1u) << "up to a tenth of a second early";
  kit_.advance_ms(500);
  EXPECT_EQ(passed().size(), 2u);
  kit_.advance_ms(500);
  EXPECT_EQ(passed().size(), 3u);
}

TEST_F(OverflowPumpTest, LittleIsUnderWayAtATime) {
  store_->batch_bytes = 1 << 20;
  start(Sizes(10, 1));
  deliver();
  kit_.advance_ms(10'000);
  EXPECT_EQ(passed().size(), 2u) << "two mebibytes";
  deliver();
  kit_.advance_ms(1000);
  EXPECT_EQ(passed().size(), 2u);
}

TEST_F(OverflowPumpTest, OldDataOfTheJournalGoesFirst) {
  is_behind_ = true;
  start({1});
  EXPECT_EQ(passed(), Sizes());
  kit_.on_loop([&] { is_behind_ = false; });
  kit_.advance_ms(1000);
  EXPECT_EQ(passed(), Sizes{1});
}

TEST_F(OverflowPumpTest, OldDataThatTheStoreHasNoRoomForHoldsNothingUp) {
  is_behind_ = true;
  start({1, 2});
  store_->put_error = unavailable("the storage has reached its size limit");
  move(std::make_shared<FakeRecord>());
  kit_.advance_ms(1000);
  EXPECT_EQ(passed(), Sizes{1}) << "the replay makes the room";
  kit_.on_loop([&] { store_->put_error = Status(); });
  move(std::make_shared<FakeRecord>(), 3);
  deliver();
  kit_.advance_ms(10'000);
  EXPECT_EQ(passed(), Sizes()) << "and then old data goes first again";
}

TEST_F(OverflowPumpTest, WhatTheStoreHasNoRoomForGoesOnWhileTheExporterTakesData) {
  journal::RecordPlace place;
  kit_.advance_ms(9000);
  auto is_overdue = [&] {
    bool is = false;
    kit_.on_loop([&] { is = pump_->is_overdue(place); });
    return is;
  };
  EXPECT_TRUE(is_overdue());
  kit_.on_loop([&] { pump_->on_delivered(); });
  EXPECT_TRUE(is_overdue()) << "there is room";
  store_->put_error = unavailable("the storage has reached its size limit");
  move(std::make_shared<FakeRecord>());
  EXPECT_TRUE(is_overdue()) << "the exporter may be away";
  kit_.on_loop([&] { pump_->on_delivered(); });
  EXPECT_FALSE(is_overdue());
  kit_.on_loop([&] { pump_->on_let_go(); });
  EXPECT_TRUE(is_overdue());
}

TEST_F(OverflowPumpTest, AStoreThatCannotBeReadIsAskedAgain) {
  store_->read_error = unavailable("away");
  start({1});
  EXPECT_EQ(passed(), Sizes());
  kit_.on_loop([&] { store_->read_error = Status(); });
  kit_.advance_ms(1000);
  EXPECT_EQ(passed(), Sizes{1});
  EXPECT_EQ(kit_.sink->count("cannot read the overflow"), 1u);
}

TEST_F(OverflowPumpTest, AnEmptyStoreIsLeftAloneUntilSomethingIsMoved) {
  start({});
  kit_.advance_ms(10'000);
  EXPECT_EQ(store_->reads, 1);
  move(std::make_shared<FakeRecord>(), 3);
  EXPECT_EQ(passed(), Sizes{3});
}

TEST_F(OverflowPumpTest, NothingIsPassedOnceThePipelineStops) {
  start({1, 2});
  kit_.on_loop([&] { is_stopping_ = true; });
  deliver();
  kit_.advance_ms(10'000);
  EXPECT_EQ(passed(), Sizes());
  EXPECT_EQ(store_->settled(), 1u) << "what was delivered is settled all the same";
}

TEST_F(OverflowPumpTest, AStopLetsGoOfWhatWasReadAlsoWhileTheExporterHoldsData) {
  start({500, 500, 500, 500});
  deliver();
  kit_.advance_ms(499);
  EXPECT_EQ(passed().size(), 1u);
  kit_.on_loop([&] { is_stopping_ = true; });
  kit_.advance_ms(1000);
  EXPECT_EQ(store_->records.at(1)->kept, 0) << "the exporter has it";
  EXPECT_EQ(store_->records.at(2)->kept, 1) << "a successor may read it at once";
  EXPECT_EQ(store_->records.at(3)->kept, 1);
}

}  // namespace
}  // namespace vigia::pipeline
