// Receipts, reservations, attempts and compaction: what travels with a batch is neither lost nor settled twice.

#include "pipeline/batch.h"

#include <gtest/gtest.h>

#include "otlp/count.h"
#include "otlp/generator.h"
#include "pipeline/attempt.h"
#include "pipeline/batch_parts.h"
#include "pipeline/compact.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using test::FakeRecord;
using test::make_batch;

TEST(Receipt, TheRecordIsReleasedWhenAllCopiesHaveSettled) {
  auto record = std::make_shared<FakeRecord>();
  Receipt first(record);
  Receipt second = first;
  first.settle();
  first.settle();
  EXPECT_EQ(record->released, 0);
  second.settle();
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(record->kept, 0);
}

TEST(Receipt, TheRecordIsKeptWhenOneCopyIsDroppedUnsettled) {
  auto record = std::make_shared<FakeRecord>();
  {
    Receipt first(record);
    Receipt second = first;
    first.settle();
    EXPECT_EQ(record->kept, 0);
  }
  EXPECT_EQ(record->kept, 1);
  EXPECT_EQ(record->released, 0);
}

TEST(Batch, SharingGivesTheSameBytesAndBothMustSettle) {
  MemoryLedger ledger;
  auto record = std::make_shared<FakeRecord>();
  Batch batch = make_batch(ledger, 3);
  batch.receipts.emplace_back(record);
  Batch copy = batch.share();
  EXPECT_EQ(copy.payload.slices()[0].data(), batch.payload.slices()[0].data());
  EXPECT_EQ(copy.item_count, 3u);
  batch.settle();
  EXPECT_EQ(record->released, 0);
  copy.settle();
  EXPECT_EQ(record->released, 1);
}

class CountingOwner final : public Reservation::Owner {
 public:
  void give_back(const Load& load) override { items += load.items; }
  size_t items = 0;
};

TEST(Reservation, UnusedRoomGoesBackOnceAlsoFromBranches) {
  auto owner = std::make_shared<CountingOwner>();
  {
    std::vector<Reservation> branches;
    branches.emplace_back(owner, Load{1, 5, 0});
    branches.emplace_back(owner, Load{1, 7, 0});
    Reservation both(std::move(branches));
    Reservation moved = std::move(both);
    EXPECT_TRUE(moved.branches()[0].use(*owner));
  }
  EXPECT_EQ(owner->items, 7u);
}

TEST(Reservation, OutlivesTheOneWhoGaveIt) {
  auto owner = std::make_shared<CountingOwner>();
  std::weak_ptr<CountingOwner> weak = owner;
  Reservation room(owner, Load{1, 5, 0});
  CountingOwner other;
  EXPECT_FALSE(room.use(other));
  owner = nullptr;
  EXPECT_FALSE(weak.expired());
}

TEST(Attempt, ARefusedTryGivesTheReceiptsBack) {
  MemoryLedger ledger;
  auto record = std::make_shared<FakeRecord>();
  Batch batch = make_batch(ledger, 1);
  batch.receipts.emplace_back(record);
  for (int i = 0; i < 2; i++) {
    Attempt attempt(batch);
    { Batch dropped = attempt.take(); }
    attempt.refused(batch);
    EXPECT_EQ(record->kept, 0);
    EXPECT_EQ(batch.receipts.size(), 1u);
  }
  batch.settle();
  EXPECT_EQ(record->released, 1);
}

TEST(Attempt, AnAcceptedTryHandsTheResponsibilityOn) {
  MemoryLedger ledger;
  auto record = std::make_shared<FakeRecord>();
  Batch batch = make_batch(ledger, 1);
  batch.receipts.emplace_back(record);
  Attempt attempt(batch);
  Batch outgoing = attempt.take();
  attempt.accepted();
  batch = Batch();
  EXPECT_EQ(record->kept, 0);
  outgoing.settle();
  EXPECT_EQ(record->released, 1);
}

TEST(Attempt, DataThatTheNextOneLosesIsKeptInTheJournal) {
  MemoryLedger ledger;
  auto record = std::make_shared<FakeRecord>();
  Batch batch = make_batch(ledger, 1);
  batch.receipts.emplace_back(record);
  Attempt attempt(batch);
  Batch outgoing = attempt.take();
  attempt.accepted();
  outgoing = Batch();
  EXPECT_EQ(record->kept, 1);
  EXPECT_EQ(record->released, 0);
}

TEST(Compact, CopiesOutOnlyWhenLessThanHalfOfThePinnedBytesIsLive) {
  MemoryLedger ledger;
  Buffer large = Buffer::allocate(100'000, ledger);
  std::memset(large.data(), 'a', 100'000);
  Chain mostly_live(Slice(large, 0, 60'000));
  EXPECT_FALSE(compact(mostly_live));
  Chain sparse;
  sparse.append(Slice(large, 10, 1'000));
  sparse.append(Slice(large, 5'000, 2'000));
  EXPECT_EQ(pinned_bytes(sparse), 100'000u);
  std::string before = sparse.to_string();
  EXPECT_TRUE(compact(sparse));
  EXPECT_EQ(sparse.to_string(), before);
  EXPECT_EQ(sparse.slices().size(), 2u) << "each slice is a request of its own";
  mostly_live = Chain();
  large = Buffer();
  EXPECT_LT(ledger.held_bytes(), 4'000) << "the large block is free";
}

TEST(SplitBatch, PartsHoldAllItemsAndSettleTogether) {
  MemoryLedger ledger;
  otlp::DataSetOptions options;
  options.batch = 100;
  auto generator = otlp::Generator::create(options);
  ASSERT_TRUE(generator.is_ok());
  Appender request(ledger);
  generator->next_request(request);
  auto record = std::make_shared<FakeRecord>();
  Batch batch;
  batch.payload = Chain(request.take());
  batch.item_count = 100;
  batch.receipts.emplace_back(record);
  std::vector<Batch> parts = split_batch(std::move(batch), 30, Sizer::items, ledger);
  ASSERT_EQ(parts.size(), 4u);
  size_t items = 0;
  for (Batch& part : parts) {
    EXPECT_LE(part.item_count, 30u);
    size_t counted = 0;
    for (const Slice& slice : part.payload.slices()) counted += otlp::count_items(otlp::Signal::traces, slice.view());
    EXPECT_EQ(counted, part.item_count);
    items += counted;
  }
  EXPECT_EQ(items, 100u);
  for (size_t i = 0; i < parts.size(); i++) {
    EXPECT_EQ(record->released, 0);
    parts[i].settle();
  }
  EXPECT_EQ(record->released, 1);
}

}  // namespace
}  // namespace vigia::pipeline
