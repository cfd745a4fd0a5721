// A destination that does not answer: after some failures nobody tries but a probe now and then, what waits does not use up its
// patience, and one answer lets all go on.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::Peer;
using test::SenderTest;
using test::small_config;

class SenderCircuitTest : public SenderTest {
 protected:
  static SenderConfig config_of(uint64_t consumers) {
    SenderConfig config = small_config();
    config.queue.size = 100;
    config.queue.consumers = consumers;
    config.circuit_breaker.failures = 3;
    return config;
  }
  double circuit(const std::string& name) {
    double value = 0;
    kit_.on_loop([&] { value = kit_.metric("vigia_exporter_circuit_" + name + "{exporter=\"otlp/x\",data_type=\"traces\"}"); });
    return value;
  }
  void send_many(size_t count) {
    for (size_t i = 0; i < count; i++) send(1);
  }
};

TEST_F(SenderCircuitTest, FailuresOfWhateverRequestsOpenItAndOneAnswerLetsAllGoOn) {
  make(config_of(3));
  EXPECT_EQ(circuit("state"), 0);
  EXPECT_EQ(circuit("opened_total"), 0);
  script({unavailable("down")});
  send_many(10);
  EXPECT_EQ(peer_.tried_ms.size(), 3u) << "one try of each consumer, then nobody tries any more";
  EXPECT_EQ(circuit("state"), 2);
  EXPECT_EQ(circuit("opened_total"), 1);
  kit_.advance_ms(999);
  EXPECT_EQ(peer_.tried_ms.size(), 3u);
  kit_.advance_ms(1);
  EXPECT_EQ(peer_.tried_ms.size(), 4u) << "the first probe";
  EXPECT_EQ(circuit("state"), 2);
  hold(true);
  for (int i = 0; i < 2; i++) kit_.advance_ms(1000);
  EXPECT_EQ(peer_.tried_ms.size(), 5u) << "the second one, later";
  EXPECT_EQ(circuit("state"), 1);
  kit_.advance_ms(4000);
  EXPECT_EQ(peer_.tried_ms.size(), 5u) << "one at a time";
  hold(false);
  script({Status()});
  release();
  EXPECT_EQ(counter("sent"), 10);
  EXPECT_EQ(counter("send_failed"), 0);
  EXPECT_EQ(queue_size(), 0);
  EXPECT_EQ(circuit("state"), 0);
  EXPECT_EQ(circuit("opened_total"), 1);
}

TEST_F(SenderCircuitTest, TheLogTellsOfTheCircuitAndNotOfEveryBatch) {
  make(config_of(3));
  script({unavailable("down")});
  send_many(50);
  for (int second = 0; second < 30; second++) kit_.advance_ms(1000);
  script({Status()});
  for (int second = 0; second < 5; second++) kit_.advance_ms(1000);
  EXPECT_EQ(counter("sent"), 50);
  EXPECT_EQ(kit_.sink->count("The destination does not answer."), 1u);
  EXPECT_EQ(kit_.sink->count("The destination answers again.\t{\"open_seconds\":"), 1u);
  EXPECT_LE(kit_.sink->count("Will retry"), 2u) << "those that failed before it opened";
}

TEST_F(SenderCircuitTest, WhatWaitsDoesNotUseUpItsMaxElapsedTime) {
  SenderConfig config = config_of(1);
  config.retry.max_elapsed_time_ms = 10'000;
  make(config);
  script({unavailable("down")});
  send_many(20);
  for (int second = 0; second < 25; second++) kit_.advance_ms(1000);
  EXPECT_EQ(counter("send_failed"), 0) << "each probe is another batch, none of them was tried for 10 s";
  script({Status()});
  for (int second = 0; second < 5; second++) kit_.advance_ms(1000);
  EXPECT_EQ(counter("sent"), 20);
}

TEST_F(SenderCircuitTest, ABatchThatAlwaysFailsDoesNotKeepItOpenForAll) {
  SenderConfig config = config_of(1);
  config.retry.max_elapsed_time_ms = 0;
  make(config);
  peer_.judge = [](const Batch& batch) { return batch.item_count == 77 ? deadline_exceeded("too slow") : Status(); };
  send(77);
  send_many(5);
  for (int second = 0; second < 12; second++) kit_.advance_ms(1000);
  EXPECT_EQ(counter("sent"), 5);
  EXPECT_EQ(queue_size(), 1);
}

TEST_F(SenderCircuitTest, ASingleRequestIsRetriedAsWithoutABreaker) {
  std::vector<int64_t> tried_ms[2];
  for (bool is_enabled : {false, true}) {
    SenderConfig config = config_of(1);
    config.circuit_breaker.is_enabled = is_enabled;
    Peer peer;
    peer.script = {unavailable("down")};
    sender_ = make_sender(config, peer);
    int64_t start_ms = kit_.clock.steady_ms();
    send(1);
    for (int second = 0; second < 80; second++) kit_.advance_ms(1000);
    for (int64_t at_ms : peer.tried_ms) tried_ms[is_enabled].push_back(at_ms - start_ms);
    EXPECT_EQ(counter("send_failed"), is_enabled ? 2 : 1);
  }
  EXPECT_EQ(tried_ms[0], tried_ms[1]);
}

TEST_F(SenderCircuitTest, BackPressureIsASignOfLife) {
  make(config_of(1));
  script({resource_exhausted("busy").retryable_after_ms(1000)});
  send(1);
  for (int second = 0; second < 20; second++) kit_.advance_ms(1000);
  EXPECT_GE(peer_.tried_ms.size(), 5u);
  EXPECT_EQ(circuit("opened_total"), 0);
}

TEST_F(SenderCircuitTest, AStopTriesEverythingWhateverTheStateIs) {
  make(config_of(2));
  script({unavailable("down")});
  send_many(6);
  for (int second = 0; second < 3; second++) kit_.advance_ms(1000);
  EXPECT_EQ(circuit("state"), 2);
  script({unavailable("down"), Status()});
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  for (int second = 0; second < 5 && stopped == 0; second++) kit_.advance_ms(1000);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("sent"), 6);
}

TEST_F(SenderCircuitTest, ASuccessorBeginsWithAClosedCircuit) {
  make(config_of(2));
  script({unavailable("down")});
  send_many(6);
  kit_.advance_ms(1000);
  Peer other;
  auto successor = make_sender(config_of(2), other);
  hand_over(*sender_, *successor);
  EXPECT_EQ(other.tried_items.size(), 6u);
  EXPECT_EQ(counter("sent"), 6);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  EXPECT_EQ(stopped, 1);
}

TEST_F(SenderCircuitTest, NobodyWaitsWhereThereIsNoQueueOrNoRetry) {
  for (bool has_queue : {false, true}) {
    SenderConfig config = config_of(1);
    config.queue.is_enabled = has_queue;
    config.retry.is_enabled = !has_queue;
    Peer peer;
    peer.script = {unavailable("down")};
    sender_ = make_sender(config, peer);
    send_many(10);
    EXPECT_EQ(peer.tried_ms.size(), 10u);
    EXPECT_EQ(circuit("state"), -1) << "there is none";
  }
}

TEST_F(SenderCircuitTest, WhatWasTriedAlreadyDoesNotTravelWithWhatWasNot) {
  SenderConfig config = config_of(1);
  config.circuit_breaker.failures = 1;
  config.queue.batch = QueueBatchConfig{200, 10, 0, Sizer::items};
  make(config);
  script({unavailable("down"), Status()});
  send(3);
  kit_.advance_ms(200);
  EXPECT_EQ(peer_.tried_items, std::vector<size_t>{3});
  send(4);
  send(4);
  kit_.advance_ms(1000);
  EXPECT_EQ(peer_.tried_items, (std::vector<size_t>{3, 3, 8}));
}

}  // namespace
}  // namespace vigia::pipeline
