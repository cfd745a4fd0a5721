// Scenario: exporters report what came of their sends. Guarantee: the board tells a destination that fails from one that answers, and
// keeps no more rounds than it was told to.

#include "pipeline/delivery_board.h"

#include <gtest/gtest.h>

namespace vigia::pipeline {

namespace {

SendRound round_of(const std::string& exporter, int64_t ended_ns, Status status = {}) {
  SendRound round;
  round.exporter = exporter;
  round.started_wall_ns = ended_ns - 7;
  round.ended_wall_ns = ended_ns;
  round.status = std::move(status);
  return round;
}

TEST(DeliveryBoard, FailuresCountUntilTheNextSuccess) {
  DeliveryBoard board;
  EXPECT_EQ(board.of("otlp").last_success_wall_ns, 0);
  board.on_answer(round_of("otlp", 100));
  board.on_answer(round_of("otlp", 200, unavailable("connection refused")));
  board.on_answer(round_of("otlp", 300, unavailable("timeout")));
  board.on_answer(round_of("other", 350));
  Delivery delivery = board.of("otlp");
  EXPECT_EQ(delivery.last_success_wall_ns, 100);
  EXPECT_EQ(delivery.last_latency_ns, 7);
  EXPECT_EQ(delivery.failures_in_a_row, 2u);
  EXPECT_EQ(delivery.last_failure.message(), "timeout");
  board.on_answer(round_of("otlp", 400));
  EXPECT_EQ(board.of("otlp").failures_in_a_row, 0u);
  EXPECT_TRUE(board.of("otlp").last_failure.is_ok());
}

TEST(DeliveryBoard, WhoeverRefusesAnItemIsThere) {
  DeliveryBoard board;
  board.on_answer(round_of("otlp", 100));
  board.on_answer(round_of("otlp", 200, invalid_argument("no such field")));
  EXPECT_EQ(board.of("otlp").failures_in_a_row, 0u);
  board.on_answer(round_of("otlp", 300, unavailable("connection refused")));
  board.on_answer(round_of("otlp", 400, invalid_argument("no such field")));
  EXPECT_EQ(board.of("otlp").failures_in_a_row, 0u);
  EXPECT_TRUE(board.of("otlp").last_failure.is_ok());
  EXPECT_EQ(board.of("otlp").last_success_wall_ns, 100) << "nothing was taken";
}

TEST(DeliveryBoard, RefusalsCountUntilSomethingIsTaken) {
  DeliveryBoard board;
  board.on_answer(round_of("otlp", 100, invalid_argument("first")));
  board.on_answer(round_of("otlp", 200, unavailable("connection refused")));
  board.on_answer(round_of("otlp", 300, invalid_argument("second")));
  Delivery delivery = board.of("otlp");
  EXPECT_EQ(delivery.refusals_in_a_row, 2u) << "being away in between takes nothing";
  EXPECT_EQ(delivery.first_refusal_wall_ns, 100);
  EXPECT_EQ(delivery.last_refusal_wall_ns, 300);
  EXPECT_EQ(delivery.last_refusal.message(), "second");
  board.on_answer(round_of("otlp", 50, invalid_argument("third")));
  EXPECT_EQ(board.of("otlp").first_refusal_wall_ns, 50) << "the clock was set back";
  board.on_answer(round_of("otlp", 400));
  EXPECT_EQ(board.of("otlp").refusals_in_a_row, 0u);
  EXPECT_TRUE(board.of("otlp").last_refusal.is_ok());
}

TEST(DeliveryBoard, TheNewestRoundsAreKeptUntilTheyAreTaken) {
  DeliveryBoard board;
  board.on_answer(round_of("otlp", 1));
  EXPECT_TRUE(board.take_rounds().empty());
  board.keep_rounds(2);
  for (int64_t i = 1; i <= 3; i++) board.on_answer(round_of("otlp", i));
  std::vector<SendRound> rounds = board.take_rounds();
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_EQ(rounds[0].ended_wall_ns, 2);
  EXPECT_EQ(rounds[1].ended_wall_ns, 3);
  EXPECT_TRUE(board.take_rounds().empty());
}

}  // namespace

}  // namespace vigia::pipeline
