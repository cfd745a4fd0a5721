// A stop sends out what is there until its deadline; nothing is lost without being counted.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::SenderTest;
using test::small_config;

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
  Context context{plain.id,          plain.log,    plain.metrics,    clock,          plain.files,
                  plain.ledger,      plain.loops,  plain.background, plain.resolver, plain.find_extension,
                  plain.report_port, plain.version};
  SenderConfig config = small_config();
  config.retry.initial_interval_ms = config.retry.max_interval_ms = 300'000;
  config.retry.max_elapsed_time_ms = 0;
  config.circuit_breaker.is_enabled = false;  // it would be the first to look at the clock
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

}  // namespace
}  // namespace vigia::pipeline
