// Scenario: an agent reads its node, takes its own log lines and sends. Guarantee: what is pushed is valid OTLP with the names and labels that
// rules and dashboards ask for, the same as on /metrics, at a bounded rate.

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>

#include "otlp/json_write.h"
#include "otlp/validate.h"
#include "pipeline/test_kit.h"
#include "receivers/agent/agent_receiver.h"
#include "receivers/agent/figures.h"
#include "receivers/agent/own_telemetry.h"

namespace vigia::receivers {

namespace {

std::string json_of(otlp::Signal signal, const Slice& request, size_t items, MemoryLedger& ledger) {
  Result<otlp::Checked> checked = otlp::validate(signal, request, ledger);
  EXPECT_TRUE(checked.is_ok()) << checked.status().message();
  if (!checked.is_ok()) return "";
  EXPECT_EQ(checked->item_count, items);
  Appender out(ledger);
  otlp::write_json(signal, request.view(), out);
  return std::string(out.view());
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class FiguresTest : public testing::Test {
 protected:
  std::string pushed() {
    otlp::RequestWriter writer(ledger_);
    writer.open_resource("");
    writer.open_scope("test");
    figures_.write(writer, 5, 7);
    return json_of(otlp::Signal::metrics, writer.take(), figures_.size(), ledger_);
  }

  MemoryLedger ledger_;
  MetricRegistry metrics_;
  Figures figures_{metrics_, {{"customer_id", "acme"}, {"node_id", "web-1"}}};
};

TEST_F(FiguresTest, AFigureIsOnThePageAndPushedUnderOneName) {
  figures_.set("system_network_io_bytes", 10, {{"direction", "rx"}});
  figures_.set("system_network_io_bytes", 20, {{"direction", "tx"}});
  figures_.set("agent_spans_sent_total", 3);
  figures_.end_round();
  std::string page = metrics_.prometheus_text();
  EXPECT_TRUE(contains(page, R"(system_network_io_bytes{customer_id="acme",node_id="web-1",direction="rx"} 10)")) << page;
  EXPECT_TRUE(contains(page, "# TYPE agent_spans_sent_total counter"));
  std::string request = pushed();
  EXPECT_TRUE(contains(request, R"("name":"system_network_io_bytes")")) << request;
  EXPECT_TRUE(contains(request, R"({"key":"customer_id","value":{"stringValue":"acme"}})"));
  EXPECT_TRUE(contains(request, R"("isMonotonic":true)"));
  EXPECT_FALSE(contains(request, R"("unit":)"));
}

TEST_F(FiguresTest, WhatIsNotThereAnyMoreDisappears) {
  figures_.set("system_disk_usage_bytes", 1, {{"mount_point", "/"}});
  figures_.set("system_disk_usage_bytes", 2, {{"mount_point", "/stick"}});
  figures_.end_round();
  figures_.set("system_disk_usage_bytes", 1, {{"mount_point", "/"}});
  figures_.end_round();
  EXPECT_FALSE(contains(metrics_.prometheus_text(), "/stick"));
  EXPECT_FALSE(contains(pushed(), "/stick"));
  EXPECT_TRUE(contains(pushed(), R"("stringValue":"/")"));
}

TEST(OwnTelemetry, ALineBecomesALogRecord) {
  MemoryLedger ledger;
  std::vector<LogTap::Line> lines = {{7, LogLevel::warn, "cannot reach the collector", {{"attempt", 3}, {"endpoint", "c:4317"}}}};
  std::string json = json_of(otlp::Signal::logs, logs_request(lines, "", "1.0", 9, ledger), 1, ledger);
  EXPECT_TRUE(contains(json, R"("severityText":"WARN")")) << json;
  EXPECT_TRUE(contains(json, R"("body":{"stringValue":"cannot reach the collector"})"));
  EXPECT_TRUE(contains(json, R"({"key":"attempt","value":{"intValue":"3"}})"));
  EXPECT_TRUE(contains(json, R"("timeUnixNano":"7")"));
}

TEST(OwnTelemetry, ASendBecomesASpan) {
  MemoryLedger ledger;
  Random random(1);
  pipeline::SendRound round{"otlp", otlp::Signal::metrics, 10, 30, 5, 100, unavailable("connection refused")};
  std::string json = json_of(otlp::Signal::traces, spans_request({round, round}, "", "1.0", random, ledger), 2, ledger);
  EXPECT_TRUE(contains(json, R"("name":"export metrics")")) << json;
  EXPECT_TRUE(contains(json, R"("startTimeUnixNano":"10")"));
  EXPECT_TRUE(contains(json, R"("message":"connection refused")"));
  EXPECT_TRUE(contains(json, R"({"key":"items","value":{"intValue":"5"}})"));
}

TEST(LogTap, KeepsNoMoreThanItWasToldTo) {
  LogTap tap;
  tap.add(1, LogLevel::error, "before", {}, {});
  tap.open(LogLevel::warn, 2);
  tap.add(2, LogLevel::info, "too low", {}, {});
  for (int i = 0; i < 5; i++) tap.add(3, LogLevel::warn, "line", {{"a", 1}}, {{"b", 2}});
  LogTap::Taken taken = tap.take();
  ASSERT_EQ(taken.lines.size(), 2u);
  EXPECT_EQ(taken.lost, 3u);
  EXPECT_EQ(taken.lines[0].fields.size(), 2u);
  EXPECT_TRUE(tap.take().lines.empty());
}

// Where the agent is behind a NAT, say.
TEST(AgentReceiver, ItsFiguresSayThatNobodyScrapesIt) {
  for (bool is_scraped : {true, false}) {
    pipeline::test::Kit kit;
    pipeline::test::FakeConsumer metrics;
    AgentReceiverConfig config;
    config.customer_id = "acme";
    config.node_id = "web-1";
    config.is_scraped = is_scraped;
    AgentReceiver receiver(kit.context("agent"), config, {nullptr, &metrics, nullptr});
    ASSERT_TRUE(receiver.start().is_ok());
    std::promise<void> round_is_over;
    kit.context("agent").background.loop().post([&] { round_is_over.set_value(); });
    round_is_over.get_future().wait();
    kit.settle();
    ASSERT_GE(metrics.taken().size(), 1u);
    EXPECT_EQ(contains(metrics.taken()[0].bytes, "agent_scraped"), !is_scraped);
    EXPECT_EQ(contains(kit.metrics.prometheus_text(), R"(node_id="web-1",agent_scraped="false")"), !is_scraped);
    std::promise<void> stopped;
    receiver.stop(0, [&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
}

// The whole receiver on this machine.
class AgentReceiverTest : public testing::Test {
 protected:
  AgentReceiverTest() {
    context_.deliveries = std::make_shared<pipeline::DeliveryBoard>();
    context_.own_log = std::make_shared<LogTap>();
    config_.customer_id = "acme";
    config_.node_id = "web-1";
    config_.exporters = {"otlp"};
  }
  // Its first round, of which everything that `before` does is a part: the background thread is held until then.
  void first_round(const std::function<void()>& before) {
    receiver_ = std::make_unique<AgentReceiver>(context_, config_, pipeline::Outputs{&traces_, &metrics_, &logs_});
    std::promise<void> go;
    context_.background.loop().post([&] { go.get_future().wait(); });
    ASSERT_TRUE(receiver_->start().is_ok());
    before();
    go.set_value();
    settle();
  }
  void next_round(const std::function<void()>& before) {
    std::promise<void> over;
    context_.background.loop().post([&] {
      before();
      kit_.clock.advance_ms(config_.interval_ms);
      over.set_value();
    });
    over.get_future().wait();
    settle();
  }
  void stop() {
    std::promise<void> stopped;
    receiver_->stop(0, [&] { stopped.set_value(); });
    stopped.get_future().wait();
  }

  pipeline::test::Kit kit_;
  pipeline::Context context_ = kit_.context("agent");
  pipeline::test::FakeConsumer traces_, metrics_, logs_;
  AgentReceiverConfig config_;
  std::unique_ptr<AgentReceiver> receiver_;

 private:
  void settle() {
    for (int i = 0; i < 3; i++) {
      std::promise<void> over;
      context_.background.loop().post([&] { over.set_value(); });
      over.get_future().wait();
    }
    kit_.settle();
  }
};

// Figures, a log line and a send arrive, and it stops with nothing under way.
TEST_F(AgentReceiverTest, TellsOfItsNodeAndOfItself) {
  first_round([&] {
    context_.own_log->add(1, LogLevel::warn, "something", {}, {});
    context_.deliveries->on_answer({"otlp", otlp::Signal::logs, 1, 2, 3, 4, {}});
  });
  EXPECT_GT(metrics_.items(), 0u);
  EXPECT_EQ(logs_.items(), 1u);
  EXPECT_EQ(traces_.items(), 1u);
  std::string page = kit_.metrics.prometheus_text();
  EXPECT_TRUE(contains(page, R"(agent_collector_reachable{customer_id="acme",node_id="web-1"} 1)")) << page;
  EXPECT_TRUE(contains(page, R"(system_memory_usage_bytes{customer_id="acme",node_id="web-1"})"));
  stop();
}

TEST_F(AgentReceiverTest, ANoisyAgentSendsItsShareAndNoMore) {
  auto make_noise = [&] {
    for (int i = 0; i < 1'000; i++) {
      context_.own_log->add(1, LogLevel::info, "line " + std::to_string(i), {}, {});
      context_.deliveries->on_answer({"otlp", otlp::Signal::logs, 1, 2, 3, static_cast<size_t>(i), {}});
    }
  };
  first_round(make_noise);
  EXPECT_EQ(logs_.items(), 100u);
  EXPECT_EQ(traces_.items(), 20u);
  ASSERT_EQ(logs_.taken().size(), 1u);
  ASSERT_EQ(traces_.taken().size(), 1u);
  EXPECT_TRUE(contains(logs_.taken()[0].bytes, "line 99")) << "the first ones tell how it began";
  EXPECT_FALSE(contains(logs_.taken()[0].bytes, "line 100"));
  std::string spans = json_of(otlp::Signal::traces, Slice::copy_of(traces_.taken()[0].bytes, kit_.ledger), 20, kit_.ledger);
  EXPECT_TRUE(contains(spans, R"({"key":"bytes","value":{"intValue":"999"}})")) << "the newest sends are kept";
  EXPECT_FALSE(contains(spans, R"({"key":"bytes","value":{"intValue":"979"}})"));
  EXPECT_EQ(kit_.sink->count("\"lines\":900"), 1u) << "what was not sent is told";
  // The next interval has its own share.
  next_round(make_noise);
  EXPECT_EQ(logs_.items(), 200u);
  EXPECT_EQ(traces_.items(), 40u);
  stop();
}

TEST_F(AgentReceiverTest, TheShareCanBeAnother) {
  config_.max_logs = 3;
  config_.max_spans = 0;
  first_round([&] {
    for (int i = 0; i < 10; i++) {
      context_.own_log->add(1, LogLevel::info, "line", {}, {});
      context_.deliveries->on_answer({"otlp", otlp::Signal::logs, 1, 2, 3, 4, {}});
    }
  });
  EXPECT_EQ(logs_.items(), 3u);
  EXPECT_EQ(traces_.items(), 0u);
  stop();
}

}  // namespace

}  // namespace vigia::receivers
