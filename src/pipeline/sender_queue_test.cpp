// The sending queue: an OK means the data is in it, a full one refuses for now, and what is small travels together.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeRecord;
using test::make_batch;
using test::SenderTest;
using test::small_config;

TEST_F(SenderTest, AllSeriesAreThereWithZeroFromTheStart) {
  make(small_config());
  for (const char* name : {"sent", "send_failed", "enqueue_failed"}) EXPECT_EQ(counter(name), 0) << name;
  EXPECT_EQ(queue_size(), 0);
  EXPECT_EQ(kit_.metric("otelcol_exporter_queue_capacity{exporter=\"otlp/x\",data_type=\"traces\"}"), 3);
}

TEST_F(SenderTest, SendsAtOnceAndSettles) {
  make(small_config());
  auto record = std::make_shared<FakeRecord>();
  EXPECT_TRUE(send(7, record).get().is_ok());
  EXPECT_EQ(peer_.tried_items, std::vector<size_t>{7});
  EXPECT_EQ(peer_.timeouts_ms[0], 5000);
  EXPECT_EQ(counter("sent"), 7);
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(queue_size(), 0);
}

TEST_F(SenderTest, AFullQueueRefusesForNowAndCounts) {
  make(small_config());
  hold(true);
  for (int i = 0; i < 3; i++) EXPECT_TRUE(send(1).get().is_ok());
  EXPECT_EQ(queue_size(), 3);
  EXPECT_EQ(gauge("in_flight_requests"), 1);
  Answer refused = send(5);
  EXPECT_EQ(refused.get().code(), StatusCode::unavailable);
  EXPECT_TRUE(refused.get().is_retryable());
  EXPECT_EQ(counter("enqueue_failed"), 5);
  EXPECT_EQ(peer_.tried_items.size(), 1u) << "one consumer sends one batch at a time";
  hold(false);
  release();
  EXPECT_EQ(peer_.tried_items.size(), 3u);
  EXPECT_EQ(gauge("in_flight_requests"), 0);
  EXPECT_EQ(counter("sent"), 3);
  EXPECT_TRUE(send(1).get().is_ok());
}

TEST_F(SenderTest, ReservedRoomIsHonouredAndGivenBack) {
  make(small_config());
  hold(true);
  send(1);
  std::optional<Reservation> first;
  std::optional<Reservation> second;
  kit_.on_loop([&] {
    first = sender_->reserve({1, 1, 100}).value();
    second = sender_->reserve({1, 1, 100}).value();
    EXPECT_FALSE(sender_->reserve({1, 1, 100}).is_ok());
  });
  EXPECT_FALSE(send(1).get().is_ok()) << "the room is taken";
  Answer answer;
  kit_.on_loop([&] {
    Batch batch = make_batch(kit_.ledger, 1);
    batch.reservation = std::move(*first);
    sender_->consume(std::move(batch), answer.done());
    second.reset();
  });
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_EQ(queue_size(), 2);
}

TEST_F(SenderTest, QueueSizeMayCountItemsAndTooLargeRequestsAreNotRetried) {
  SenderConfig config = small_config();
  config.queue.sizer = Sizer::items;
  config.queue.size = 100;
  make(config);
  hold(true);
  EXPECT_TRUE(send(60).get().is_ok());
  EXPECT_TRUE(send(60).get().is_retryable());
  EXPECT_TRUE(send(40).get().is_ok());
  Answer answer = send(101);
  EXPECT_FALSE(answer.get().is_ok());
  EXPECT_FALSE(answer.get().is_retryable());
}

TEST_F(SenderTest, WithoutAQueueTheAnswerIsTheResult) {
  SenderConfig config = small_config();
  config.queue.is_enabled = false;
  make(config);
  hold(true);
  Answer first = send(1);
  Answer second = send(2);
  EXPECT_EQ(first.count(), 0u);
  EXPECT_EQ(peer_.tried_items.size(), 2u) << "the queue's consumers do not bound direct sends";
  release(invalid_argument("no"));
  EXPECT_EQ(first.get().code(), StatusCode::invalid_argument);
  EXPECT_EQ(second.get().code(), StatusCode::invalid_argument);
}

TEST_F(SenderTest, WaitForResultAnswersAfterTheSend) {
  SenderConfig config = small_config();
  config.queue.waits_for_result = true;
  make(config);
  hold(true);
  Answer answer = send(1);
  EXPECT_EQ(answer.count(), 0u);
  release();
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_EQ(answer.count(), 1u);
}

TEST_F(SenderTest, BlockOnOverflowAnswersWhenThereIsRoom) {
  SenderConfig config = small_config();
  config.queue.blocks_on_overflow = true;
  make(config);
  hold(true);
  for (int i = 0; i < 3; i++) send(1);
  Answer waiting = send(9);
  EXPECT_EQ(waiting.count(), 0u);
  for (int i = 0; i < 2; i++) EXPECT_EQ(send(1).count(), 0u);
  EXPECT_TRUE(send(1).get().is_retryable()) << "what waits in front of the queue is bounded, too";
  release();
  EXPECT_TRUE(waiting.get().is_ok());
}

TEST_F(SenderTest, ALongQueueOfInstantAnswersDoesNotNest) {
  SenderConfig config = small_config();
  config.queue.size = 100'000;
  make(config);
  hold(true);
  kit_.on_loop([&] {
    for (int i = 0; i < 50'000; i++) sender_->consume(make_batch(kit_.ledger, 1, 8), [](Status) {});
  });
  hold(false);
  release();
  kit_.on_loop([] {});
  while (queue_size() > 0) kit_.settle();
  EXPECT_EQ(counter("sent"), 50'000);
}

TEST_F(SenderTest, BatchesOfTheQueueAreMergedUpToMinSize) {
  SenderConfig config = small_config();
  config.queue.size = 100;
  config.queue.batch = QueueBatchConfig{200, 10, 0, Sizer::items};
  make(config);
  send(4);
  send(4);
  EXPECT_TRUE(peer_.tried_items.empty()) << "too small to go yet";
  send(4);
  EXPECT_EQ(peer_.tried_items, std::vector<size_t>{12});
  send(3);
  EXPECT_EQ(peer_.tried_items.size(), 1u);
  kit_.advance_ms(250);
  EXPECT_EQ(peer_.tried_items, (std::vector<size_t>{12, 3})) << "flush_timeout";
  EXPECT_EQ(queue_size(), 0);
}

TEST_F(SenderTest, BatchesOfTheQueueDoNotMixCustomers) {
  SenderConfig config = small_config();
  config.queue.batch = QueueBatchConfig{200, 10, 0, Sizer::items};
  make(config);
  for (const char* customer : {"a", "b"})
    kit_.on_loop([&] {
      Batch batch = make_batch(kit_.ledger, 4);
      auto client = std::make_shared<Client>();
      client->customer = customer;
      batch.client = client;
      sender_->consume(std::move(batch), [](Status) {});
    });
  kit_.advance_ms(250);
  kit_.advance_ms(250);
  EXPECT_EQ(peer_.tried_items, (std::vector<size_t>{4, 4}));
}

}  // namespace
}  // namespace vigia::pipeline
