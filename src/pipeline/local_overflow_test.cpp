// Scenario: an overflow store on a disk that loses what is not synced, fails and fills up.
// Guarantee: what put() answered with OK is read again after the power cut, oldest first, until it is settled; then it takes no space.

#include "pipeline/local_overflow.h"

#include <gtest/gtest.h>

#include "base/test_faulty_files.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using test::make_batch;

constexpr const char* directory = "/overflow";

class LocalOverflowTest : public ::testing::Test {
 protected:
  LocalOverflowTest() { open(); }

  // A new life of the program.
  void open() {
    store_ = nullptr;
    shelf_ = nullptr;
    shelf_ = std::make_unique<JournalShelf>(files_, clock_, ledger_, Logger());
    auto runner = shelf_->open(LocalOverflow::journal_options(directory), 1000);
    ASSERT_TRUE(runner.is_ok()) << runner.status().message();
    store_ = std::make_shared<LocalOverflow>(OverflowOwner{"otlp/x", "traces", otlp::Signal::traces}, *runner, ledger_, Logger());
  }
  Status put(size_t items, int64_t received_ns = 1, size_t bytes = 100) {
    std::promise<Status> answer;
    store_->put(make_batch(ledger_, items, bytes), received_ns, [&](Status status) { answer.set_value(std::move(status)); });
    return answer.get_future().get();
  }
  OverflowStore::Batches read(uint64_t max_bytes = 1 << 20) {
    std::promise<Result<OverflowStore::Batches>> answer;
    store_->read(max_bytes, [&](Result<OverflowStore::Batches> batches) { answer.set_value(std::move(batches)); });
    Result<OverflowStore::Batches> batches = answer.get_future().get();
    EXPECT_TRUE(batches.is_ok());
    return batches.is_ok() ? std::move(*batches) : OverflowStore::Batches();
  }
  static std::vector<size_t> sizes(const OverflowStore::Batches& batches) {
    std::vector<size_t> items;
    for (const Batch& batch : batches) items.push_back(batch.item_count);
    return items;
  }
  using Sizes = std::vector<size_t>;
  size_t journal_files() const {
    size_t count = 0;
    for (const std::string& path : files_.paths()) count += path.ends_with(".journal");
    return count;
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  vigia::test::FaultyFiles files_{1};
  std::unique_ptr<JournalShelf> shelf_;
  std::shared_ptr<LocalOverflow> store_;
};

TEST_F(LocalOverflowTest, WhatWasPutIsReadOldestFirstAndGoneOnceSettled) {
  ASSERT_TRUE(put(1, 5).is_ok());
  ASSERT_TRUE(put(2, 6).is_ok());
  EXPECT_EQ(store_->amount().items, 3u);
  EXPECT_GT(store_->amount().bytes, 200u);
  EXPECT_EQ(store_->amount().oldest_ns, 5);
  OverflowStore::Batches batches = read();
  EXPECT_EQ(sizes(batches), (Sizes{1, 2}));
  EXPECT_EQ(batches.front().payload.to_string(), std::string(100, 'x'));
  EXPECT_TRUE(read().empty()) << "somebody holds all there is";
  for (Batch& batch : batches) batch.settle();
  EXPECT_EQ(store_->amount().items, 0u);
  EXPECT_EQ(store_->amount().oldest_ns, 0);
}

TEST_F(LocalOverflowTest, ASmallReadGivesOneBatch) {
  for (size_t items : {1, 2, 3}) ASSERT_TRUE(put(items).is_ok());
  OverflowStore::Batches first = read(1);
  EXPECT_EQ(sizes(first), Sizes{1});
  EXPECT_EQ(sizes(read(1)), Sizes{2});
}

TEST_F(LocalOverflowTest, WhatIsLetGoIsReadAgain) {
  ASSERT_TRUE(put(1).is_ok());
  ASSERT_TRUE(put(2).is_ok());
  read();
  EXPECT_EQ(sizes(read()), (Sizes{1, 2}));
  EXPECT_EQ(store_->amount().items, 3u);
}

TEST_F(LocalOverflowTest, ItSurvivesThePowerCut) {
  for (size_t items : {1, 2, 3}) ASSERT_TRUE(put(items).is_ok());
  files_.crash();
  open();
  EXPECT_EQ(store_->amount().items, 6u);
  EXPECT_EQ(sizes(read()), (Sizes{1, 2, 3}));
}

TEST_F(LocalOverflowTest, WhatWasSettledIsNotReadAfterAnOrderlyEnd) {
  ASSERT_TRUE(put(1).is_ok());
  ASSERT_TRUE(put(2).is_ok());
  OverflowStore::Batches batches = read(1);
  batches.front().settle();
  batches.clear();
  open();
  EXPECT_EQ(sizes(read()), Sizes{2});
}

TEST_F(LocalOverflowTest, AFailedSyncLosesNothingThatWasAnswered) {
  ASSERT_TRUE(put(1).is_ok());
  files_.fail_next_sync();
  bool is_second_safe = put(2).is_ok();
  ASSERT_TRUE(put(3).is_ok());
  files_.crash();
  open();
  EXPECT_EQ(sizes(read()), is_second_safe ? (Sizes{1, 2, 3}) : (Sizes{1, 3}));
}

TEST_F(LocalOverflowTest, AFullDiskRefusesRetryablyAndKeepsWhatIsThere) {
  ASSERT_TRUE(put(1).is_ok());
  files_.set_capacity_bytes(files_.used_bytes() + 1000);
  Status status = put(2, 1, 40 << 20);
  EXPECT_FALSE(status.is_ok());
  EXPECT_TRUE(status.is_retryable());
  files_.set_capacity_bytes(0);
  ASSERT_TRUE(put(3).is_ok());
  EXPECT_EQ(sizes(read()), (Sizes{1, 3}));
}

TEST_F(LocalOverflowTest, WhoSentTheDataIsKept) {
  Batch batch = make_batch(ledger_, 1);
  Client client;
  client.customer = "acme";
  client.metadata = {{"x-tenant", "acme"}};
  batch.client = std::make_shared<Client>(client);
  std::promise<Status> answer;
  store_->put(std::move(batch), 1, [&](Status status) { answer.set_value(std::move(status)); });
  ASSERT_TRUE(answer.get_future().get().is_ok());
  OverflowStore::Batches batches = read();
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches.front().client->customer, "acme");
  EXPECT_EQ(batches.front().client->metadata, client.metadata);
}

TEST_F(LocalOverflowTest, ADrainedStoreTakesNoSpace) {
  for (int i = 0; i < 40; i++) ASSERT_TRUE(put(1, 1, 1 << 20).is_ok());
  for (;;) {
    OverflowStore::Batches batches = read();
    if (batches.empty()) break;
    for (Batch& batch : batches) batch.settle();
  }
  // The journal writes at its own pace what was settled.
  for (int i = 0; i < 500 && journal_files() > 0; i++) pause_thread_ms(10);
  EXPECT_EQ(journal_files(), 0u);
}

}  // namespace
}  // namespace vigia::pipeline
