// Failures of the other side: they are retried with growing waits, and what is given up is counted.

#include "pipeline/backoff.h"
#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::FakeRecord;
using test::SenderTest;
using test::small_config;

TEST_F(SenderTest, RetriesWithGrowingWaitsAndTheDelayTheOtherSideAsksFor) {
  make(small_config());
  script({unavailable("down"), unavailable("down"), unavailable("down"), unavailable("busy").retryable_after_ms(10'000), Status()});
  auto record = std::make_shared<FakeRecord>();
  EXPECT_TRUE(send(4, record).get().is_ok());
  int64_t start_ms = peer_.tried_ms[0];
  for (int second = 0; second < 30; second++) kit_.advance_ms(1000);
  ASSERT_EQ(peer_.tried_ms.size(), 5u);
  EXPECT_EQ(peer_.tried_ms[1] - start_ms, 1000);
  EXPECT_EQ(peer_.tried_ms[2] - start_ms, 3000);
  EXPECT_EQ(peer_.tried_ms[3] - start_ms, 6000) << "the longest wait is 3s";
  EXPECT_EQ(peer_.tried_ms[4] - start_ms, 16'000);
  EXPECT_EQ(counter("sent"), 4);
  EXPECT_EQ(counter("send_failed"), 0);
  EXPECT_EQ(record->released, 1);
}

TEST_F(SenderTest, EveryTryIsToldToWhoeverWatches) {
  Context context = kit_.context("otlp/x");
  context.deliveries = std::make_shared<DeliveryBoard>();
  context.deliveries->keep_rounds(10);
  sender_ = make_sender(context, small_config(), peer_);
  script({Status(), unavailable("down"), Status()});
  send(1);
  EXPECT_TRUE(context.deliveries->take_rounds().empty()) << "nobody watches";
  context.deliveries->watch();
  send(4);
  EXPECT_EQ(context.deliveries->of("otlp/x").failures_in_a_row, 1u);
  EXPECT_EQ(context.deliveries->of("otlp/x").last_failure.message(), "down");
  kit_.advance_ms(1000);
  EXPECT_EQ(context.deliveries->of("otlp/x").failures_in_a_row, 0u);
  std::vector<SendRound> rounds = context.deliveries->take_rounds();
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_EQ(rounds[1].items, 4u);
}

TEST_F(SenderTest, APermanentErrorDropsTheBatchAtOnceAndIsCounted) {
  make(small_config());
  script({invalid_argument("no"), Status()});
  auto record = std::make_shared<FakeRecord>();
  send(4, record);
  EXPECT_EQ(counter("send_failed"), 4);
  EXPECT_EQ(record->released, 1) << "a dead letter is dealt with";
  EXPECT_EQ(kit_.sink->count("Dropping data"), 1u);
  send(2);
  EXPECT_EQ(counter("sent"), 2);
}

TEST_F(SenderTest, AfterMaxElapsedTimeTheBatchIsGivenUp) {
  SenderConfig config = small_config();
  config.retry.max_elapsed_time_ms = 5000;
  make(config);
  script({unavailable("down")});
  auto record = std::make_shared<FakeRecord>();
  send(4, record);
  for (int second = 0; second < 10; second++) kit_.advance_ms(1000);
  EXPECT_EQ(peer_.tried_ms.size(), 3u);
  EXPECT_EQ(counter("send_failed"), 4);
  EXPECT_EQ(record->released, 1) << "it is dropped, as the settings say; a journal upstream need not give it again";
  EXPECT_EQ(queue_size(), 0);
}

TEST_F(SenderTest, WithMaxElapsedTimeZeroItTriesForEver) {
  SenderConfig config = small_config();
  config.retry.max_elapsed_time_ms = 0;
  make(config);
  script({unavailable("down")});
  send(4);
  for (int hour = 0; hour < 48; hour++) kit_.advance_ms(3'600'000);
  EXPECT_GT(peer_.tried_ms.size(), 40u);
  EXPECT_EQ(counter("send_failed"), 0);
}

TEST_F(SenderTest, WithoutRetriesTheFirstFailureIsTheLast) {
  SenderConfig config = small_config();
  config.retry.is_enabled = false;
  make(config);
  script({unavailable("down")});
  send(4);
  EXPECT_EQ(counter("send_failed"), 4);
}

TEST_F(SenderTest, DataThatWaitsLongIsCopiedOutOfSparseBuffers) {
  make(small_config());
  script({unavailable("down")});
  kit_.on_loop([&] {
    Buffer block = Buffer::allocate(1 << 20, kit_.ledger);
    std::memset(block.data(), 'x', 100);
    Batch batch;
    batch.item_count = 1;
    batch.payload = Chain(Slice(block, 0, 100));
    sender_->consume(std::move(batch), [](Status) {});
  });
  kit_.settle();
  EXPECT_LT(kit_.ledger.held_bytes(), 10'000);
  EXPECT_EQ(peer_.bodies[0], std::string(100, 'x'));
}

TEST(Backoff, GrowsIsBoundedAndScatters) {
  RetryConfig config;
  Random random(1);
  for (int i = 0; i < 1000; i++) {
    int64_t first = backoff_ms(config, 1, 0, random);
    EXPECT_GE(first, 2500);
    EXPECT_LE(first, 7500);
    int64_t late = backoff_ms(config, 1000, 0, random);
    EXPECT_GE(late, 15'000);
    EXPECT_LE(late, 45'000);
  }
  EXPECT_EQ(backoff_ms(config, 1, 120'000, random), 120'000);
}

}  // namespace
}  // namespace vigia::pipeline
