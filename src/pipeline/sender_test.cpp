// The sending queue: an OK means the data is in it, a full one refuses for now, failures are retried with growing waits, and a stop
// sends out what is there. Nothing is lost without being counted.

#include "pipeline/sender.h"

#include <gtest/gtest.h>

#include "pipeline/backoff.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeRecord;
using test::Kit;
using test::make_batch;

SenderConfig small_config() {
  SenderConfig config;
  config.queue.size = 3;
  config.queue.consumers = 1;
  config.retry.initial_interval_ms = 1000;
  config.retry.randomization_factor = 0;
  config.retry.multiplier = 2;
  config.retry.max_interval_ms = 3000;
  config.retry.max_elapsed_time_ms = 60'000;
  return config;
}

// The other side, on the loop.
struct Peer {
  std::deque<Status> script;
  bool holds = false;
  std::vector<Function<void(Status)>> held;
  std::vector<size_t> tried_items;
  std::vector<int64_t> tried_ms;
  std::vector<int64_t> timeouts_ms;
  std::vector<std::string> bodies;
};

class SenderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Sender> make_sender(const SenderConfig& config, Peer& peer) { return make_sender(kit_.context("otlp/x"), config, peer); }
  std::unique_ptr<Sender> make_sender(const Context& context, const SenderConfig& config, Peer& peer) {
    return std::make_unique<Sender>(context, config, otlp::Signal::traces,
                                    [this, &peer](Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
                                      peer.tried_items.push_back(batch.item_count);
                                      peer.tried_ms.push_back(kit_.clock.steady_ms());
                                      peer.timeouts_ms.push_back(timeout_ms);
                                      peer.bodies.push_back(batch.payload.to_string());
                                      if (peer.holds) {
                                        peer.held.push_back(std::move(answered));
                                        return;
                                      }
                                      Status status;
                                      if (!peer.script.empty()) {
                                        status = peer.script.front();
                                        if (peer.script.size() > 1) peer.script.pop_front();
                                      }
                                      answered(std::move(status));
                                    });
  }
  void make(const SenderConfig& config) { sender_ = make_sender(config, peer_); }
  void stop(Sender& sender, int64_t timeout_ms, std::atomic<int>& stopped) {
    kit_.on_loop([&] { sender.stop(kit_.clock.steady_ms() + timeout_ms, [&] { stopped++; }); });
    kit_.settle();
  }
  void hand_over(Sender& from, Sender& to) {
    kit_.on_loop([&] { from.hand_over(to); });
    kit_.settle();
  }
  Answer send(size_t items, std::shared_ptr<Receipt::Record> record = nullptr) {
    Answer answer;
    kit_.on_loop([&] {
      Batch batch = make_batch(kit_.ledger, items);
      if (record) batch.receipts.emplace_back(record);
      sender_->consume(std::move(batch), answer.done());
    });
    kit_.settle();
    return answer;
  }
  void release(Status status = Status()) {
    kit_.on_loop([&] {
      auto held = std::exchange(peer_.held, {});
      for (auto& answered : held) answered(status);
    });
    kit_.settle();
  }
  void script(std::initializer_list<Status> answers) {
    kit_.on_loop([&] { peer_.script = answers; });
  }
  void hold(bool holds) {
    kit_.on_loop([&] { peer_.holds = holds; });
  }
  double counter(const std::string& name) { return kit_.metric("otelcol_exporter_" + name + "_spans{exporter=\"otlp/x\"}"); }
  double gauge(const std::string& name) {
    double value = 0;
    kit_.on_loop([&] { value = kit_.metric("otelcol_exporter_" + name + "{exporter=\"otlp/x\",data_type=\"traces\"}"); });
    return value;
  }
  double queue_size() { return gauge("queue_size"); }

  Kit kit_;
  Peer peer_;
  std::unique_ptr<Sender> sender_;
};

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
  EXPECT_EQ(record->kept, 1) << "a journal would read it again";
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

TEST_F(SenderTest, StopSendsTheQueueOutAndRetriesAtOnce) {
  make(small_config());
  script({unavailable("down"), Status()});
  send(1);
  send(2);
  send(3);
  EXPECT_EQ(peer_.tried_items.size(), 1u);
  std::atomic<int> stopped{0};
  kit_.on_loop([&] { sender_->stop(kit_.clock.steady_ms() + 10'000, [&] { stopped++; }); });
  kit_.settle();
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("sent"), 6);
  EXPECT_FALSE(send(1).get().is_ok()) << "nothing is taken any more";
}

TEST_F(SenderTest, StopKeepsTryingUntilTheOtherSideIsBack) {
  make(small_config());
  script({unavailable("down"), unavailable("down"), unavailable("down"), unavailable("down"), Status()});
  send(1);
  send(2);
  std::atomic<int> stopped{0};
  stop(*sender_, 20'000, stopped);
  EXPECT_EQ(stopped, 0) << "the second try failed, too";
  for (int second = 0; second < 10 && stopped == 0; second++) kit_.advance_ms(1000);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("sent"), 3);
  EXPECT_EQ(counter("send_failed"), 0);
  for (size_t i = 2; i < peer_.tried_ms.size(); i++)
    EXPECT_LE(peer_.tried_ms[i] - peer_.tried_ms[i - 1], 2000) << "there is no time for long waits";
}

// Lets something happen at the very moment when somebody looks at it.
class MeddlingClock final : public Clock {
 public:
  explicit MeddlingClock(const Clock& clock) : clock_(clock) {}
  void at_next_look(std::function<void()> meddle) { meddle_ = std::move(meddle); }
  int64_t steady_ns() const override {
    if (auto meddle = std::exchange(meddle_, nullptr)) meddle();
    return clock_.steady_ns();
  }
  int64_t wall_ns() const override { return clock_.wall_ns(); }

 private:
  const Clock& clock_;
  mutable std::function<void()> meddle_;
};

TEST_F(SenderTest, AStopThatComesWhileAFailureIsLookedAtStillTriesAgain) {
  MeddlingClock clock(kit_.clock);
  Context plain = kit_.context("otlp/x");
  Context context{
      plain.id,          plain.log,    plain.metrics, clock, plain.files, plain.ledger, plain.loops, plain.resolver, plain.find_extension,
      plain.report_port, plain.version};
  SenderConfig config = small_config();
  config.retry.initial_interval_ms = config.retry.max_interval_ms = 300'000;
  config.retry.max_elapsed_time_ms = 0;
  sender_ = make_sender(context, config, peer_);
  hold(true);
  send(1);
  hold(false);
  std::atomic<int> stopped{0};
  kit_.on_loop([&] {
    clock.at_next_look([&] { sender_->stop(kit_.clock.steady_ms() + 20'000, [&] { stopped++; }); });
    auto held = std::exchange(peer_.held, {});
    held.at(0)(unavailable("down"));
  });
  kit_.settle();
  for (int second = 0; second < 10 && stopped == 0; second++) kit_.advance_ms(1000);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("sent"), 1);
  EXPECT_EQ(counter("send_failed"), 0);
}

TEST_F(SenderTest, WhatStillFailsAtTheDeadlineOfAStopIsCountedAndLogged) {
  make(small_config());
  script({unavailable("down")});
  send(1);
  send(2);
  send(3);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  for (int second = 0; second < 9; second++) kit_.advance_ms(1000);
  EXPECT_GE(peer_.tried_ms.size(), 5u);
  kit_.advance_ms(1500);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("send_failed"), 6);
  EXPECT_EQ(kit_.sink->count("stopped before all was sent.\t{\"dropped_items\":6}"), 1u);
  size_t tries = peer_.tried_ms.size();
  kit_.advance_ms(60'000);
  EXPECT_EQ(peer_.tried_ms.size(), tries) << "nothing is sent after the end";
}

TEST_F(SenderTest, AStopHonoursTheDelayTheOtherSideAskedFor) {
  make(small_config());
  script({unavailable("busy").retryable_after_ms(4000), Status()});
  send(1);
  kit_.advance_ms(1000);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  kit_.advance_ms(2500);
  EXPECT_EQ(peer_.tried_ms.size(), 1u);
  kit_.advance_ms(600);
  EXPECT_EQ(peer_.tried_ms.size(), 2u);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("sent"), 1);
}

TEST_F(SenderTest, AStopDoesNotWaitForADelayBeyondItsDeadline) {
  make(small_config());
  script({unavailable("busy").retryable_after_ms(40'000), Status()});
  send(7);
  std::atomic<int> stopped{0};
  stop(*sender_, 10'000, stopped);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(peer_.tried_ms.size(), 1u);
  EXPECT_EQ(counter("send_failed"), 7);
}

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

TEST_F(SenderTest, AtTheDeadlineWhatIsLeftIsCountedAndLogged) {
  make(small_config());
  hold(true);
  send(1);
  send(2);
  send(3);
  std::atomic<int> stopped{0};
  kit_.on_loop([&] { sender_->stop(kit_.clock.steady_ms() + 10'000, [&] { stopped++; }); });
  kit_.settle();
  kit_.advance_ms(5'000);
  EXPECT_EQ(stopped, 0);
  kit_.advance_ms(6'000);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(counter("send_failed"), 5);
  EXPECT_EQ(kit_.sink->count("stopped before all was sent.\t{\"dropped_items\":5}"), 1u);
  sender_.reset();
  release();  // a late answer finds nobody, and hurts nobody
}

TEST_F(SenderTest, ATryDuringAStopGetsOnlyTheTimeThatIsLeft) {
  make(small_config());
  script({unavailable("down"), Status()});
  send(1);
  kit_.on_loop([&] { sender_->stop(kit_.clock.steady_ms() + 700, [] {}); });
  kit_.settle();
  ASSERT_EQ(peer_.timeouts_ms.size(), 2u);
  EXPECT_LE(peer_.timeouts_ms[1], 700);
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

TEST(SenderConfig, KeysAndDefaults) {
  auto decoded = test::decode_text<SenderConfig>(R"(
timeout: 7s
retry_on_failure: {enabled: true, initial_interval: 1s, max_interval: 30s, max_elapsed_time: 0, multiplier: 2, randomization_factor: 0.1}
sending_queue:
  num_consumers: 20
  queue_size: 10000
  sizer: items
  block_on_overflow: true
  storage: file_storage
  batch: {flush_timeout: 1s, min_size: 10, max_size: 20}
)",
                                                 decode_sender);
  EXPECT_EQ(decoded->errors(), "");
  EXPECT_EQ(decoded->config.timeout_ms, 7000);
  EXPECT_EQ(decoded->config.retry.max_elapsed_time_ms, 0);
  EXPECT_EQ(decoded->config.queue.consumers, 20u);
  EXPECT_EQ(decoded->config.queue.sizer, Sizer::items);
  EXPECT_EQ(decoded->config.queue.storage, "file_storage");
  ASSERT_TRUE(decoded->config.queue.batch);
  EXPECT_EQ(decoded->config.queue.batch->max_size, 20u);
  EXPECT_EQ(decoded->diagnostics.warnings().size(), 0u);
}

TEST(SenderConfig, MistakesAreAllToldAtOnce) {
  auto decoded = test::decode_text<SenderConfig>(R"(
timeout: fast
retry_on_failure: {randomization_factor: 2}
sending_queue: {queue_size: 0, num_consumer: 3}
)",
                                                 decode_sender);
  EXPECT_EQ(decoded->diagnostics.error_count(), 4u) << decoded->errors();
  EXPECT_NE(decoded->errors().find("num_consumers"), std::string::npos) << decoded->errors();
}

}  // namespace
}  // namespace vigia::pipeline
