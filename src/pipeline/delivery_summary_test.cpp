// Scenario: three queues of one exporter fill and its sends fail. Guarantee: the summary tells of the fullest queue and of the exporter's
// failures, and of no other exporter's.

#include "pipeline/delivery_summary.h"

#include <gtest/gtest.h>

namespace vigia::pipeline {

namespace {

class DeliverySummaryTest : public testing::Test {
 protected:
  void queue(const std::string& exporter, const std::string& data_type, double size, double capacity) {
    Labels labels = {{"exporter", exporter}, {"data_type", data_type}};
    metrics_.gauge("otelcol_exporter_queue_size", "", labels).set(size);
    metrics_.gauge("otelcol_exporter_queue_capacity", "", labels).set(capacity);
  }
  DeliverySummary summary() { return summarize({{"otlp"}, shown_capacity_}, board_, metrics_); }

  MetricRegistry metrics_;
  DeliveryBoard board_;
  uint64_t shown_capacity_ = 0;
};

TEST_F(DeliverySummaryTest, NothingIsKnownAtFirst) {
  DeliverySummary nothing = summary();
  EXPECT_TRUE(nothing.is_reachable);
  EXPECT_EQ(nothing.buffer_capacity, 0);
  EXPECT_EQ(nothing.buffer_usage_percent(), 0);
}

TEST_F(DeliverySummaryTest, TheFullestQueueCounts) {
  queue("otlp", "traces", 10, 100);
  queue("otlp", "metrics", 75, 100);
  queue("otlp", "logs", 0, 100);
  queue("other", "logs", 99, 100);
  EXPECT_EQ(summary().buffer_size, 75);
  EXPECT_EQ(summary().buffer_usage_percent(), 75);
}

TEST_F(DeliverySummaryTest, AQueueIsShownInTheUnitThatWasAskedFor) {
  shown_capacity_ = 2048;
  queue("otlp", "traces", 1, 2048 * 512);
  EXPECT_EQ(summary().buffer_size, 1);
  queue("otlp", "traces", 1536 * 512, 2048 * 512);
  EXPECT_EQ(summary().buffer_size, 1536);
  EXPECT_EQ(summary().buffer_capacity, 2048);
  EXPECT_EQ(summary().buffer_usage_percent(), 75);
}

TEST_F(DeliverySummaryTest, SpansThatWereLostAreCounted) {
  metrics_.counter("otelcol_exporter_sent_spans", "", {{"exporter", "otlp"}}).add(7);
  metrics_.counter("otelcol_exporter_send_failed_spans", "", {{"exporter", "otlp"}}).add(2);
  metrics_.counter("otelcol_exporter_send_failed_spans", "", {{"exporter", "other"}}).add(100);
  metrics_.counter("vigia_exporter_queue_dropped_items_total", "", {{"exporter", "otlp"}, {"data_type", "traces"}}).add(3);
  metrics_.counter("vigia_exporter_queue_dropped_items_total", "", {{"exporter", "otlp"}, {"data_type", "logs"}}).add(50);
  EXPECT_EQ(summary().spans_sent, 7u);
  EXPECT_EQ(summary().spans_dropped, 5u);
}

TEST_F(DeliverySummaryTest, AFailureIsToldUntilTheNextSuccess) {
  SendRound round;
  round.exporter = "otlp";
  round.ended_wall_ns = 42'000'000;
  board_.on_answer(round);
  EXPECT_EQ(summary().latency_ms, 42);
  round.status = unavailable("connection refused");
  board_.on_answer(round);
  EXPECT_FALSE(summary().is_reachable);
  EXPECT_EQ(summary().error, "connection refused");
  EXPECT_EQ(summary().failures_in_a_row, 1u);
  EXPECT_EQ(summary().last_success_wall_ns, 42'000'000);
}

TEST_F(DeliverySummaryTest, WhoeverRefusesEverythingForAWhileIsTold) {
  auto refuse_at = [&](int64_t second) {
    SendRound round;
    round.exporter = "otlp";
    round.ended_wall_ns = second * 1'000'000'000;
    round.status = invalid_argument("no such tenant");
    board_.on_answer(round);
  };
  for (int64_t second : {100, 101, 102, 109}) refuse_at(second);
  EXPECT_FALSE(summary().refuses_everything) << "a batch that is cut to find what is wrong with it looks the same";
  refuse_at(110);
  EXPECT_TRUE(summary().refuses_everything);
  EXPECT_TRUE(summary().is_reachable) << "it answers";
  EXPECT_EQ(summary().failures_in_a_row, 0u);
  EXPECT_EQ(summary().error, "the last 5 sends were all refused for good: no such tenant");
  SendRound accepted;
  accepted.exporter = "otlp";
  accepted.ended_wall_ns = 111'000'000'000;
  board_.on_answer(accepted);
  EXPECT_FALSE(summary().refuses_everything);
  EXPECT_EQ(summary().error, "");
}

TEST_F(DeliverySummaryTest, TwoRefusalsAreTooFew) {
  SendRound round;
  round.exporter = "otlp";
  round.status = invalid_argument("no such tenant");
  for (int64_t second : {100, 1'000}) {
    round.ended_wall_ns = second * 1'000'000'000;
    board_.on_answer(round);
  }
  EXPECT_FALSE(summary().refuses_everything);
}

TEST_F(DeliverySummaryTest, ThatItIsAwayIsToldBeforeWhatItRefused) {
  SendRound round;
  round.exporter = "otlp";
  for (int64_t second : {100, 110, 120}) {
    round.ended_wall_ns = second * 1'000'000'000;
    round.status = invalid_argument("no such tenant");
    board_.on_answer(round);
  }
  round.status = unavailable("connection refused");
  board_.on_answer(round);
  EXPECT_FALSE(summary().is_reachable);
  EXPECT_EQ(summary().error, "connection refused");
}

}  // namespace

}  // namespace vigia::pipeline
