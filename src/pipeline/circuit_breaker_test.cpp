// The circuit breaker: it opens after failures in a row, lets one probe through at growing intervals, and closes at the first sign of
// life.

#include "pipeline/circuit_breaker.h"

#include <gtest/gtest.h>

namespace vigia::pipeline {
namespace {

using Change = CircuitBreaker::Change;
using Permit = CircuitBreaker::Permit;
using State = CircuitBreaker::State;

const Status down = unavailable("down");
const Status busy = resource_exhausted("busy").retryable_after_ms(1000);

CircuitBreaker make_breaker() {
  RetryConfig backoff;
  backoff.initial_interval_ms = 1000;
  backoff.multiplier = 2;
  backoff.randomization_factor = 0;
  backoff.max_interval_ms = 4000;
  return {CircuitBreakerConfig{true, 3}, backoff, Random(1)};
}

void open(CircuitBreaker& breaker, int64_t now_ms) {
  for (int i = 0; i < 2; i++) EXPECT_EQ(breaker.on_answer(down, false, 1, now_ms), Change::none);
  EXPECT_EQ(breaker.on_answer(down, false, 1, now_ms), Change::opened);
}

TEST(CircuitBreaker, OnlyFailuresInARowOpenIt) {
  CircuitBreaker breaker = make_breaker();
  for (const Status& sign_of_life : {Status(), invalid_argument("no"), busy}) {
    for (int i = 0; i < 2; i++) EXPECT_EQ(breaker.on_answer(down, false, 1, 0), Change::none);
    EXPECT_EQ(breaker.on_answer(sign_of_life, false, 1, 0), Change::none);
    EXPECT_EQ(breaker.ask(0), Permit::granted);
  }
  open(breaker, 0);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(CircuitBreaker, ABusyPeerThatNamesNoWaitCountsAsAFailure) {
  CircuitBreaker breaker = make_breaker();
  for (int i = 0; i < 3; i++) (void)breaker.on_answer(resource_exhausted("busy").retryable_after_ms(0), false, 1, 0);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(CircuitBreaker, OneProbeAtATimeAtGrowingIntervals) {
  CircuitBreaker breaker = make_breaker();
  open(breaker, 0);
  int64_t now_ms = 0;
  for (int64_t wait_ms : {1000, 2000, 4000, 4000}) {
    EXPECT_EQ(breaker.next_probe_ms(), now_ms + wait_ms);
    EXPECT_EQ(breaker.ask(now_ms + wait_ms - 1), Permit::refused);
    now_ms += wait_ms;
    EXPECT_EQ(breaker.ask(now_ms), Permit::probe);
    EXPECT_EQ(breaker.state(), State::half_open);
    EXPECT_EQ(breaker.ask(now_ms + 60'000), Permit::refused) << "a probe is under way";
    EXPECT_EQ(breaker.on_answer(down, true, 1, now_ms), Change::delayed);
  }
  EXPECT_EQ(breaker.ask(now_ms + 4000), Permit::probe);
  EXPECT_EQ(breaker.on_answer(Status(), true, 1, now_ms + 4000), Change::closed);
  EXPECT_EQ(breaker.opened_ms(), 0);
  open(breaker, 20'000);
  EXPECT_EQ(breaker.next_probe_ms(), 21'000) << "it begins anew";
}

TEST(CircuitBreaker, ItWaitsAsLongAsTheOtherSideAsks) {
  CircuitBreaker breaker = make_breaker();
  for (int i = 0; i < 3; i++) (void)breaker.on_answer(unavailable("down").retryable_after_ms(30'000), false, 1, 0);
  EXPECT_EQ(breaker.next_probe_ms(), 30'000);
}

TEST(CircuitBreaker, ASingleBatchIsTriedNoMoreOftenThanWithoutIt) {
  CircuitBreaker breaker = make_breaker();
  for (int tries = 1; tries <= 3; tries++) (void)breaker.on_answer(down, false, tries, 0);
  EXPECT_EQ(breaker.next_probe_ms(), 4000);
}

TEST(CircuitBreaker, StragglersOfBeforeCloseItButDoNotDelayProbes) {
  CircuitBreaker breaker = make_breaker();
  open(breaker, 0);
  EXPECT_EQ(breaker.on_answer(down, false, 1, 900), Change::none);
  EXPECT_EQ(breaker.next_probe_ms(), 1000);
  EXPECT_EQ(breaker.ask(1000), Permit::probe);
  EXPECT_EQ(breaker.on_answer(down, false, 1, 1000), Change::none);
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_EQ(breaker.on_answer(Status(), false, 1, 1100), Change::closed);
  EXPECT_EQ(breaker.on_answer(down, true, 1, 1200), Change::none) << "the probe is one failure of three by now";
  EXPECT_EQ(breaker.state(), State::closed);
}

}  // namespace
}  // namespace vigia::pipeline
