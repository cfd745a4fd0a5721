// A reload: what waits goes to the successor, exactly once, and the backlog stays bounded.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeRecord;
using test::Peer;
using test::SenderTest;
using test::small_config;

TEST_F(SenderTest, ASuccessorGetsTheQueueTheRetriesAndWhatFailsAfterwards) {
  SenderConfig config = small_config();
  config.queue.consumers = 2;
  make(config);
  script({unavailable("down")});
  auto record = std::make_shared<FakeRecord>();
  send(1, record);  // waits for a retry
  hold(true);
  send(2);  // being sent
  send(3);  // queued
  Peer other;
  auto successor = make_sender(small_config(), other);
  hand_over(*sender_, *successor);
  EXPECT_EQ(other.tried_items, (std::vector<size_t>{1, 3})) << "at once, the oldest first";
  EXPECT_EQ(record->released, 1);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  EXPECT_EQ(stopped, 0) << "one is still being sent";
  release(unavailable("gone"));
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(other.tried_items, (std::vector<size_t>{1, 3, 2}));
  EXPECT_TRUE(send(4).get().is_ok()) << "a straggler from an old component upstream";
  EXPECT_EQ(other.tried_items.back(), 4u);
  EXPECT_EQ(peer_.tried_items, (std::vector<size_t>{1, 2})) << "the old one sends nothing any more";
  EXPECT_EQ(counter("sent"), 10);
  EXPECT_EQ(counter("send_failed"), 0);
  kit_.advance_ms(60'000);
  EXPECT_EQ(counter("sent"), 10) << "exactly once";
}

TEST_F(SenderTest, WhatIsInheritedMayOverfillTheQueueAndOnlyNewcomersAreRefused) {
  make(small_config());
  hold(true);
  for (int i = 0; i < 3; i++) send(1);
  SenderConfig config = small_config();
  config.queue.size = 1;
  Peer other;
  other.script = {unavailable("down"), Status()};
  auto successor = make_sender(config, other);
  hand_over(*sender_, *successor);
  std::swap(sender_, successor);
  EXPECT_FALSE(send(1).get().is_ok());
  EXPECT_EQ(counter("enqueue_failed"), 1);
  for (int second = 0; second < 10; second++) kit_.advance_ms(1000);
  EXPECT_EQ(other.tried_items.size(), 3u);
  EXPECT_TRUE(send(1).get().is_ok());
  EXPECT_EQ(counter("sent"), 3);
}

TEST_F(SenderTest, ASuccessorAnswersThoseWhoWaitForTheResult) {
  SenderConfig config = small_config();
  config.queue.waits_for_result = true;
  config.queue.blocks_on_overflow = true;
  config.queue.size = 2;
  make(config);
  script({unavailable("down")});
  Answer retried = send(1);
  Answer queued = send(2);
  Answer parked = send(3);
  EXPECT_EQ(retried.count() + queued.count() + parked.count(), 0u);
  Peer other;
  config.queue.size = 1;
  auto successor = make_sender(config, other);
  hand_over(*sender_, *successor);
  for (Answer* answer : {&retried, &queued, &parked}) {
    EXPECT_EQ(answer->count(), 1u);
    EXPECT_TRUE(answer->get().is_ok());
  }
}

TEST_F(SenderTest, ManyReloadsDoNotLetTheBacklogGrowWithoutBound) {
  SenderConfig config = small_config();
  config.queue.blocks_on_overflow = true;
  Peer down;
  down.script = {unavailable("down")};
  sender_ = make_sender(config, down);
  std::vector<std::unique_ptr<Sender>> old;
  size_t refused = 0;
  for (int reload = 0; reload < 10; reload++) {
    for (int i = 0; i < 10; i++) {
      Answer answer = send(1);
      refused += answer.count() > 0 && !answer.get().is_ok();
    }
    auto successor = make_sender(config, down);
    hand_over(*sender_, *successor);
    old.push_back(std::exchange(sender_, std::move(successor)));
  }
  EXPECT_EQ(refused, 100u - 6u) << "a queue full, and as much in front of it";
}

}  // namespace
}  // namespace vigia::pipeline
