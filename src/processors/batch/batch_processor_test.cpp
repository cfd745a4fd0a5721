// Small batches become large ones by size and by time; nothing is dropped because the next component is busy, and pressure reaches the
// senders.

#include "processors/batch/batch_processor.h"

#include <gtest/gtest.h>

#include "otlp/generator.h"
#include "pipeline/test_kit.h"
#include "processors/batch/factory.h"
#include "processors/batch/group.h"

namespace vigia::processors {
namespace {

using pipeline::Batch;
using pipeline::test::Answer;
using pipeline::test::FakeConsumer;
using pipeline::test::FakeRecord;
using pipeline::test::Kit;
using pipeline::test::make_batch;

class BatchTest : public ::testing::Test {
 protected:
  void make(const BatchConfig& config) {
    processor_ = std::make_unique<BatchProcessor>(kit_.context("batch"), config, otlp::Signal::traces, next_);
  }
  Answer send(size_t items, std::shared_ptr<const pipeline::Client> client = nullptr,
              std::shared_ptr<pipeline::Receipt::Record> record = nullptr) {
    Answer answer;
    kit_.on_loop([&] {
      Batch batch = make_batch(kit_.ledger, items, items);
      batch.client = std::move(client);
      if (record) batch.receipts.emplace_back(record);
      processor_->consume(std::move(batch), answer.done());
    });
    kit_.settle();
    return answer;
  }
  std::vector<size_t> sizes() const {
    std::vector<size_t> sizes;
    for (const auto& taken : next_.taken()) sizes.push_back(taken.items);
    return sizes;
  }
  double metric(const std::string& name) const { return kit_.metric("otelcol_processor_batch_" + name + "{processor=\"batch\"}"); }
  bool stop(int64_t timeout_ms) {
    auto stopped = std::make_shared<std::atomic<bool>>(false);
    kit_.on_loop([&] { processor_->stop(kit_.clock.steady_ms() + timeout_ms, [stopped] { *stopped = true; }); });
    kit_.settle();
    stopped_ = stopped;
    return *stopped;
  }

  Kit kit_;
  FakeConsumer next_;
  std::unique_ptr<BatchProcessor> processor_;
  std::shared_ptr<std::atomic<bool>> stopped_;
};

BatchConfig of_size(uint64_t size, int64_t timeout_ms = 200) {
  BatchConfig config;
  config.send_batch_size = size;
  config.timeout_ms = timeout_ms;
  return config;
}

TEST_F(BatchTest, SendsWhenFullAndMergesWithoutCopying) {
  make(of_size(10));
  EXPECT_TRUE(send(4).get().is_ok());
  EXPECT_TRUE(send(4).get().is_ok());
  EXPECT_TRUE(sizes().empty());
  send(4);
  EXPECT_EQ(sizes(), std::vector<size_t>{12});
  EXPECT_EQ(next_.taken()[0].bytes.size(), 12u);
  EXPECT_EQ(metric("batch_size_trigger_send"), 1);
  EXPECT_EQ(metric("timeout_trigger_send"), 0);
  EXPECT_EQ(metric("batch_send_size_sum"), 12);
  EXPECT_EQ(metric("batch_send_duration_count"), 1);
}

TEST_F(BatchTest, SendsWhenTheOldestHasWaitedForTheTimeout) {
  make(of_size(1000));
  send(4);
  kit_.advance_ms(150);
  send(5);
  EXPECT_TRUE(sizes().empty());
  kit_.advance_ms(60);
  EXPECT_EQ(sizes(), std::vector<size_t>{9});
  EXPECT_EQ(metric("timeout_trigger_send"), 1);
  send(3);
  kit_.advance_ms(100);
  EXPECT_EQ(sizes().size(), 1u) << "the clock began anew with the first of the next batch";
  kit_.advance_ms(110);
  kit_.advance_ms(110);
  EXPECT_EQ(sizes(), (std::vector<size_t>{9, 3}));
}

TEST_F(BatchTest, WithoutATimeoutNothingWaits) {
  make(of_size(1000, 0));
  send(4);
  send(5);
  EXPECT_EQ(sizes(), (std::vector<size_t>{4, 5}));
}

TEST_F(BatchTest, NoBatchIsLargerThanTheMaximum) {
  BatchConfig config = of_size(50);
  config.send_batch_max_size = 60;
  make(config);
  otlp::DataSetOptions options;
  options.batch = 200;
  auto generator = otlp::Generator::create(options);
  ASSERT_TRUE(generator.is_ok());
  kit_.on_loop([&] {
    Appender request(kit_.ledger);
    generator->next_request(request);
    Batch batch;
    batch.payload = Chain(request.take());
    batch.item_count = 200;
    processor_->consume(std::move(batch), [](Status) {});
  });
  kit_.settle();
  EXPECT_EQ(sizes(), (std::vector<size_t>{60, 60, 60})) << "a rest that is no full batch goes on waiting";
  kit_.advance_ms(250);
  kit_.advance_ms(250);
  EXPECT_EQ(sizes(), (std::vector<size_t>{60, 60, 60, 20}));
}

TEST_F(BatchTest, ARefusedBatchIsKeptAndTriedAgain) {
  make(of_size(10));
  auto record = std::make_shared<FakeRecord>();
  next_.script({unavailable("full"), unavailable("full")});
  EXPECT_TRUE(send(10, nullptr, record).get().is_ok());
  EXPECT_EQ(next_.tries(), 1u);
  kit_.advance_ms(110);
  EXPECT_EQ(next_.tries(), 2u);
  kit_.advance_ms(110);
  EXPECT_EQ(next_.tries(), 2u) << "the wait grows";
  kit_.advance_ms(110);
  EXPECT_EQ(sizes(), std::vector<size_t>{10});
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(record->kept, 0);
}

TEST_F(BatchTest, WhileNothingGetsThroughTwoBatchesAreHeldAndMoreIsRefused) {
  make(of_size(10));
  next_.script(std::vector<Status>(100, unavailable("full")));
  EXPECT_TRUE(send(10).get().is_ok());
  EXPECT_TRUE(send(6).get().is_ok());
  EXPECT_TRUE(send(6).get().is_ok());
  Answer refused = send(1);
  EXPECT_TRUE(refused.get().is_retryable()) << "pressure must reach the sender";
  next_.script({});
  kit_.advance_ms(6000);
  kit_.advance_ms(300);
  EXPECT_EQ(sizes(), (std::vector<size_t>{10, 12}));
  EXPECT_TRUE(send(1).get().is_ok());
}

TEST_F(BatchTest, TheDelayThatTheNextComponentAsksForIsKept) {
  make(of_size(10));
  next_.script({resource_exhausted("memory").retryable_after_ms(1000)});
  send(10);
  kit_.advance_ms(900);
  EXPECT_EQ(next_.tries(), 1u);
  kit_.advance_ms(110);
  EXPECT_EQ(sizes(), std::vector<size_t>{10});
}

TEST_F(BatchTest, APermanentlyRefusedBatchIsDroppedAndCounted) {
  make(of_size(10));
  next_.script({invalid_argument("bad")});
  send(10);
  EXPECT_EQ(kit_.metric("otelcol_processor_dropped_spans{processor=\"batch\"}"), 10);
  EXPECT_EQ(kit_.sink->count("Dropping data"), 1u);
  send(10);
  EXPECT_EQ(sizes(), std::vector<size_t>{10});
}

TEST_F(BatchTest, ASlowNextComponentIsNotGivenMoreAndMore) {
  make(of_size(10));
  next_.hold();
  for (int i = 0; i < 4; i++) EXPECT_TRUE(send(10).get().is_ok());
  EXPECT_EQ(next_.tries(), 2u) << "one loop: two batches may be unanswered";
  EXPECT_FALSE(send(10).get().is_ok());
  next_.hold(false);
  kit_.on_loop([&] { next_.release(); });
  kit_.settle();
  EXPECT_EQ(sizes(), (std::vector<size_t>{10, 10, 10, 10}));
}

TEST_F(BatchTest, DataOfDifferentCustomersIsKeptApart) {
  make(of_size(10));
  auto client = [](const std::string& customer) {
    auto made = std::make_shared<pipeline::Client>();
    made->customer = customer;
    made->peer_address = "10.0.0.1";
    return made;
  };
  send(6, client("a"));
  send(6, client("b"));
  EXPECT_TRUE(sizes().empty());
  send(6, client("a"));
  ASSERT_EQ(sizes(), std::vector<size_t>{12});
  EXPECT_EQ(next_.taken()[0].client->customer, "a");
  EXPECT_EQ(next_.taken()[0].client->peer_address, "") << "only what all senders share";
}

TEST_F(BatchTest, MetadataKeysMakeGroupsUpToTheLimit) {
  BatchConfig config = of_size(10);
  config.metadata_keys = {"tenant"};
  config.metadata_cardinality_limit = 2;
  make(config);
  auto client = [](const std::string& tenant) {
    auto made = std::make_shared<pipeline::Client>();
    made->metadata = {{"tenant", tenant}, {"other", tenant + "x"}};
    return made;
  };
  EXPECT_TRUE(send(1, client("a")).get().is_ok());
  EXPECT_TRUE(send(1, client("b")).get().is_ok());
  EXPECT_EQ(metric("metadata_cardinality"), 2);
  Answer refused = send(1, client("c"));
  EXPECT_FALSE(refused.get().is_ok());
  EXPECT_FALSE(refused.get().is_retryable());
  kit_.advance_ms(210);
  ASSERT_EQ(sizes(), (std::vector<size_t>{1, 1}));
  EXPECT_EQ(next_.taken()[0].client->metadata.size(), 1u);
  kit_.advance_ms(210);
  EXPECT_EQ(metric("metadata_cardinality"), 0) << "senders that are gone do not fill the limit";
  EXPECT_TRUE(send(1, client("c")).get().is_ok());
}

TEST_F(BatchTest, StopSendsWhatHasBeenCollected) {
  make(of_size(10));
  send(4);
  EXPECT_TRUE(stop(1000));
  EXPECT_EQ(sizes(), std::vector<size_t>{4});
  EXPECT_FALSE(send(1).get().is_ok());
}

TEST_F(BatchTest, StopTriesUntilTheDeadlineAndThenCounts) {
  make(of_size(10));
  next_.script(std::vector<Status>(100, unavailable("full")));
  send(10);
  send(4);
  EXPECT_FALSE(stop(1000));
  kit_.advance_ms(500);
  kit_.advance_ms(600);
  EXPECT_TRUE(*stopped_);
  EXPECT_GT(next_.tries(), 2u);
  EXPECT_EQ(kit_.metric("otelcol_processor_dropped_spans{processor=\"batch\"}"), 14);
}

TEST_F(BatchTest, ARefusalThatComesAfterTheDeadlineOfAStopIsCountedAndNotTriedAgain) {
  make(of_size(10));
  next_.hold();
  send(10);
  EXPECT_FALSE(stop(1000));
  kit_.advance_ms(1100);
  EXPECT_TRUE(*stopped_);
  kit_.on_loop([&] { next_.release(unavailable("full")); });
  kit_.advance_ms(60'000);
  EXPECT_EQ(next_.tries(), 1u);
  EXPECT_EQ(kit_.metric("otelcol_processor_dropped_spans{processor=\"batch\"}"), 10);
}

TEST_F(BatchTest, LongWaitsCopyDataOutOfSparseBuffers) {
  make(of_size(1000, 10'000));
  kit_.on_loop([&] {
    Buffer block = Buffer::allocate(1 << 20, kit_.ledger);
    std::memset(block.data(), 'x', 100);
    Batch batch;
    batch.item_count = 1;
    batch.payload = Chain(Slice(block, 0, 100));
    processor_->consume(std::move(batch), [](Status) {});
  });
  EXPECT_LT(kit_.ledger.held_bytes(), 10'000);
}

TEST(BatchGroup, KeysTellValuesApart) {
  auto batch_of = [](std::vector<std::pair<std::string, std::string>> metadata) {
    Batch batch;
    batch.client = std::make_shared<pipeline::Client>(pipeline::Client{"", std::move(metadata), ""});
    return batch;
  };
  Batch one = batch_of({{"a", "x"}, {"b", "y"}});
  EXPECT_NE(group_key(one, {"a", "b"}), group_key(batch_of({{"a", "xy"}}), {"a", "b"}));
  EXPECT_EQ(group_key(one, {}), "");
  EXPECT_EQ(group_key(Batch(), {"a"}), "");
  Batch again = batch_of({{"a", "x"}, {"b", "y"}});
  again.branches = 2;
  EXPECT_NE(group_key(one, {"a"}), group_key(again, {"a"})) << "it is for one exporter only";
}

TEST(BatchConfig, DefaultsKeysAndRules) {
  auto decoded = pipeline::test::decode_text<BatchConfig>("timeout: 10s\nsend_batch_size: 512\nsend_batch_max_size: 1024\n", decode);
  EXPECT_EQ(decoded->errors(), "");
  EXPECT_EQ(decoded->config.timeout_ms, 10'000);
  auto empty = pipeline::test::decode_text<BatchConfig>("", decode);
  EXPECT_EQ(empty->config.send_batch_size, 8192u);
  EXPECT_EQ(empty->config.timeout_ms, 200);
  auto wrong = pipeline::test::decode_text<BatchConfig>("send_batch_max_size: 10\nmetadata_keys: [A, a]\ntimout: 1s\n", decode);
  EXPECT_EQ(wrong->diagnostics.error_count(), 3u) << wrong->errors();
}

}  // namespace
}  // namespace vigia::processors
