// A durable queue: a journal in front of the pipeline has what is sent. Nothing is refused, and what is let go unsettled is kept by the
// journal, never counted as lost.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::FakeRecord;
using test::Peer;
using test::SenderTest;
using test::small_config;

class SenderDurableTest : public SenderTest {
 protected:
  static SenderConfig durable_config() {
    SenderConfig config = small_config();
    config.queue.storage = "file_storage";
    return config;
  }
  std::shared_ptr<FakeRecord> send_recorded(size_t items) {
    auto record = std::make_shared<FakeRecord>();
    EXPECT_TRUE(send(items, record).get().is_ok()) << "the answer is never a refusal";
    return record;
  }
  double requeued_items() { return kit_.metric("vigia_exporter_requeued_items_total{exporter=\"otlp/x\",data_type=\"traces\"}"); }
  void expect_nothing_lost() {
    EXPECT_EQ(counter("send_failed"), 0);
    EXPECT_EQ(counter("enqueue_failed"), 0);
    EXPECT_EQ(kit_.sink->count("Dropping data"), 0u);
  }
};

TEST_F(SenderDurableTest, NothingIsRefusedForWantOfRoom) {
  make(durable_config());
  hold(true);
  std::vector<std::shared_ptr<FakeRecord>> records;
  for (int i = 0; i < 20; i++) records.push_back(send_recorded(1));
  kit_.on_loop([&] { EXPECT_TRUE(sender_->reserve({1, 1'000'000, 1 << 30}).is_ok()); });
  EXPECT_EQ(queue_size(), -1) << "the journal has this metric";
  hold(false);
  release();
  for (auto& record : records) EXPECT_EQ(record->released, 1);
  EXPECT_EQ(counter("sent"), 20);
  expect_nothing_lost();
}

TEST_F(SenderDurableTest, WhatFailedForTooLongGoesBackToTheJournal) {
  SenderConfig config = durable_config();
  config.retry.max_elapsed_time_ms = 2500;
  make(config);
  script({unavailable("down")});
  auto record = send_recorded(4);
  EXPECT_EQ(requeued_items(), 0);
  for (int second = 0; second < 5; second++) kit_.advance_ms(1000);
  EXPECT_EQ(requeued_items(), 4);
  EXPECT_EQ(record->kept, 1);
  EXPECT_EQ(record->released, 0);
  EXPECT_EQ(kit_.sink->count("The data stays on disk"), 1u);
  expect_nothing_lost();
}

TEST_F(SenderDurableTest, WithoutRetriesAFailureGoesBackToTheJournalAndTheBreakerHoldsTheNext) {
  SenderConfig config = durable_config();
  config.retry.is_enabled = false;
  config.circuit_breaker.failures = 2;
  make(config);
  script({unavailable("down")});
  std::vector<std::shared_ptr<FakeRecord>> records;
  for (int i = 0; i < 5; i++) records.push_back(send_recorded(1));
  EXPECT_EQ(peer_.tried_items.size(), 2u) << "a journal that gives everything again at once does no harm";
  EXPECT_EQ(records[0]->kept + records[1]->kept, 2);
  EXPECT_EQ(requeued_items(), 2);
  script({Status()});
  kit_.advance_ms(1000);
  for (int i = 2; i < 5; i++) EXPECT_EQ(records[i]->released, 1);
  expect_nothing_lost();
}

TEST_F(SenderDurableTest, AStopLetsGoAtOnceOfWhatWaits) {
  make(durable_config());
  script({unavailable("down")});
  auto retried = send_recorded(1);
  hold(true);
  auto queued = send_recorded(2);
  EXPECT_EQ(peer_.tried_items.size(), 1u);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(retried->kept, 1);
  EXPECT_EQ(queued->kept, 1);
  EXPECT_EQ(requeued_items(), 0) << "nobody gave up on it";
  EXPECT_EQ(peer_.tried_items.size(), 1u) << "nothing is tried any more";
  EXPECT_EQ(kit_.sink->count("stays on disk.\t{\"requests\":2, \"items\":3}"), 1u);
  EXPECT_EQ(kit_.sink->count("stopped before all was sent"), 0u);
  expect_nothing_lost();
}

TEST_F(SenderDurableTest, AStopWaitsForWhatIsBeingSent) {
  make(durable_config());
  hold(true);
  auto record = send_recorded(1);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  kit_.advance_ms(1900);
  EXPECT_EQ(stopped, 0);
  release();
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(record->released, 1);
}

TEST_F(SenderDurableTest, AStopWaitsNoLongerThanTwoSecondsAndNotForRetries) {
  SenderConfig config = durable_config();
  config.queue.consumers = 2;
  make(config);
  hold(true);
  auto failing = send_recorded(1);
  auto silent = send_recorded(1);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  kit_.on_loop([&] {
    Function<void(Status)> answered = std::move(peer_.held.front());
    peer_.held.erase(peer_.held.begin());
    answered(unavailable("down"));
  });
  kit_.settle();
  EXPECT_EQ(failing->kept, 1);
  EXPECT_EQ(stopped, 0);
  kit_.advance_ms(2000);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(silent->kept, 0) << "its send is still under way";
  sender_.reset();
  release();
  EXPECT_EQ(silent->released, 1) << "a late answer is welcome";
  expect_nothing_lost();
}

TEST_F(SenderDurableTest, AShorterDeadlineHolds) {
  make(durable_config());
  hold(true);
  send_recorded(1);
  std::atomic<int> stopped{0};
  stop(*sender_, 500, stopped);
  kit_.advance_ms(500);
  EXPECT_EQ(stopped, 1);
}

TEST_F(SenderDurableTest, ASuccessorGetsTheReceipts) {
  make(durable_config());
  script({unavailable("down")});
  auto retried = send_recorded(1);
  auto queued = send_recorded(2);
  Peer other;
  auto successor = make_sender(durable_config(), other);
  hand_over(*sender_, *successor);
  EXPECT_EQ(other.tried_items, (std::vector<size_t>{1, 2}));
  EXPECT_EQ(retried->released, 1);
  EXPECT_EQ(queued->released, 1);
  expect_nothing_lost();
}

TEST_F(SenderDurableTest, WhatComesFromAQueueInMemoryIsLostWhenItIsLetGoAndIsCounted) {
  make(small_config());
  hold(true);
  send(1);
  send(5);
  Peer other;
  other.holds = true;
  auto successor = make_sender(durable_config(), other);
  hand_over(*sender_, *successor);
  std::swap(sender_, successor);
  send_recorded(1);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  EXPECT_EQ(counter("send_failed"), 0) << "it is being sent";
  kit_.on_loop([&] { other.held.at(0)(unavailable("down")); });
  kit_.settle();
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("send_failed"), 5) << "no journal has it";
}

TEST_F(SenderDurableTest, WithAnOverflowWhatWaitsForLongGoesBackToTheDiskAndWhatIsNewStays) {
  SenderConfig config = durable_config();
  config.overflow = OverflowConfig{"file_storage", 4000, 1000};
  config.retry.max_elapsed_time_ms = 0;
  make(config);
  script({unavailable("down")});
  std::vector<std::shared_ptr<FakeRecord>> old = {send_recorded(1), send_recorded(2), send_recorded(3)};
  for (int second = 0; second < 4; second++) kit_.advance_ms(1000);
  auto young = send_recorded(4);
  for (auto& record : old) EXPECT_EQ(record->kept, 0) << "not yet";
  for (int second = 0; second < 4; second++) kit_.advance_ms(1000);
  for (auto& record : old) EXPECT_EQ(record->kept, 1);
  EXPECT_EQ(requeued_items(), 6);
  EXPECT_EQ(young->kept, 0);
  script({Status()});
  for (int second = 0; second < 4; second++) kit_.advance_ms(1000);
  EXPECT_EQ(young->released, 1);
  expect_nothing_lost();
}

}  // namespace
}  // namespace vigia::pipeline
