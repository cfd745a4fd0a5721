// The graph starts from the exporters up and stops from the receivers down; a reload exchanges only what changed, loses nothing in
// flight, and goes back when the new configuration fails.

#include "pipeline/graph.h"

#include <thread>

#include <gtest/gtest.h>

#include "pipeline/fake_components.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using Lines = std::vector<std::string>;

class GraphTest : public ::testing::Test {
 protected:
  GraphTest()
      : graph_({Logger(kit_.sink), kit_.metrics, system_clock_, kit_.files, kit_.ledger, kit_.loops, kit_.background, kit_.resolver,
                [](const std::string&, int) {}, "1.0"}) {}

  ServiceConfig decode(const std::string& yaml) {
    config::Diagnostics diagnostics;
    auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"c.yaml", yaml}), diagnostics);
    ServiceConfig config = decode_service(*node, components_, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render_errors();
    return config;
  }
  // Sends on a loop, as receivers do.
  Status send(size_t items, otlp::Signal signal = otlp::Signal::traces, const std::string& receiver = "source") {
    test::Answer answer;
    kit_.on_loop([&] {
      Consumer* next = world_->outputs.with([&](auto& all) -> Consumer* {
        auto found = all.find(receiver);
        return found == all.end() ? nullptr : found->second.of(signal);
      });
      if (!next) {
        answer.done()(unavailable("nobody listens"));
        return;
      }
      next->consume(test::make_batch(kit_.ledger, items, 100, signal), answer.done());
    });
    kit_.settle();
    return answer.get();
  }

  SystemClock system_clock_;
  test::Kit kit_{2};
  std::shared_ptr<test::FakeWorld> world_ = std::make_shared<test::FakeWorld>();
  Components components_ = test::fake_components(world_);
  Graph graph_;
};

const std::string base_yaml = R"(
receivers: {source: }
processors: {pass: , pass/2: }
exporters: {sink: }
extensions: {helper: }
service:
  extensions: [helper]
  pipelines:
    traces: {receivers: [source], processors: [pass, pass/2], exporters: [sink]}
)";

TEST_F(GraphTest, StartsFromTheEndAndStopsFromTheBeginning) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  Lines journal = world_->take_journal();
  journal.erase(std::remove_if(journal.begin(), journal.end(), [](const std::string& line) { return line.starts_with("create"); }),
                journal.end());
  EXPECT_EQ(journal, (Lines{"start extension helper", "start exporter sink", "start processor pass/2", "start processor pass",
                            "start receiver source", "ready"}));
  EXPECT_TRUE(graph_.is_ready());
  EXPECT_NE(graph_.find_extension({"helper", ""}), nullptr);
  EXPECT_TRUE(send(5).is_ok());
  EXPECT_EQ(world_->items("sink traces"), 5u);
  EXPECT_TRUE(graph_.stop(5000));
  journal = world_->take_journal();
  ASSERT_EQ(journal.size(), 11u);
  journal.resize(6);
  EXPECT_EQ(journal, (Lines{"not ready", "stop receiver source", "stop processor pass", "stop processor pass/2", "stop exporter sink",
                            "stop extension helper"}));
  EXPECT_EQ(graph_.find_extension({"helper", ""}), nullptr);
}

TEST_F(GraphTest, ProcessorsAreCountedWithoutTheirHelp) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  EXPECT_EQ(kit_.metric("otelcol_processor_incoming_items{processor=\"pass\",otel_signal=\"traces\"}"), 0);
  EXPECT_EQ(kit_.metric("otelcol_processor_dropped_log_records{processor=\"pass/2\"}"), 0);
  EXPECT_TRUE(send(5).is_ok());
  EXPECT_EQ(kit_.metric("otelcol_processor_incoming_items{processor=\"pass\",otel_signal=\"traces\"}"), 5);
  EXPECT_EQ(kit_.metric("otelcol_processor_outgoing_items{processor=\"pass/2\",otel_signal=\"traces\"}"), 5);
  graph_.stop(5000);
}

TEST_F(GraphTest, FanOutAndFanInThroughAConnector) {
  ASSERT_TRUE(graph_
                  .start(decode(R"(
receivers: {source: , source/2: }
exporters: {sink/a: , sink/b: , sink/c: }
connectors: {join: }
service:
  pipelines:
    traces/1: {receivers: [source], exporters: [sink/a, join]}
    traces/2: {receivers: [source/2], exporters: [sink/b, join]}
    traces/all: {receivers: [join], exporters: [sink/c]}
)"))
                  .is_ok());
  EXPECT_TRUE(send(5).is_ok());
  EXPECT_TRUE(send(7, otlp::Signal::traces, "source/2").is_ok());
  EXPECT_EQ(world_->items("sink/a traces"), 5u);
  EXPECT_EQ(world_->items("sink/b traces"), 7u);
  EXPECT_EQ(world_->items("sink/c traces"), 12u);
  graph_.stop(5000);
}

TEST_F(GraphTest, ReceiversHaveNoOutputForSignalsNobodyWants) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  EXPECT_FALSE(send(1, otlp::Signal::logs).is_ok());
  graph_.stop(5000);
}

TEST_F(GraphTest, AFailedStartStopsWhatHadStarted) {
  Status status = graph_.start(decode(R"(
receivers: {source: {fails: start}}
exporters: {sink: }
service: {pipelines: {traces: {receivers: [source], exporters: [sink]}}}
)"));
  EXPECT_EQ(status.message(), "cannot start the receiver source: address in use");
  Lines journal = world_->take_journal();
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "stop exporter sink"), 1);
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "stop receiver source"), 0) << "it never started";
  EXPECT_EQ(std::count_if(journal.begin(), journal.end(), [](const std::string& line) { return line.starts_with("destroy"); }), 2);
}

TEST_F(GraphTest, StopHandsOnWhatProcessorsHold) {
  ASSERT_TRUE(graph_
                  .start(decode(R"(
receivers: {source: }
processors: {pass: {value: keep}}
exporters: {sink: }
connectors: {join: }
service:
  pipelines:
    traces: {receivers: [source], processors: [pass], exporters: [join]}
    traces/2: {receivers: [join], processors: [pass], exporters: [sink]}
)"))
                  .is_ok());
  EXPECT_TRUE(send(5).is_ok());
  EXPECT_EQ(world_->items("sink traces"), 0u);
  EXPECT_TRUE(graph_.stop(5000));
  EXPECT_EQ(world_->items("sink traces"), 5u) << "through two processors that both held it";
}

TEST_F(GraphTest, ReloadWithTheSameConfigurationTouchesNothing) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  world_->take_journal();
  EXPECT_TRUE(graph_.reload(decode(base_yaml)).is_ok());
  EXPECT_EQ(world_->take_journal(), Lines{});
  EXPECT_TRUE(send(1).is_ok());
  graph_.stop(5000);
}

TEST_F(GraphTest, ReloadExchangesOnlyTheChangedProcessorAndDrainsIt) {
  std::string keeping = base_yaml;
  keeping.replace(keeping.find("pass/2: }"), 9, "pass/2: {value: keep}}");
  ASSERT_TRUE(graph_.start(decode(keeping)).is_ok());
  EXPECT_TRUE(send(5).is_ok());
  EXPECT_EQ(world_->items("sink traces"), 0u);
  world_->take_journal();
  EXPECT_TRUE(graph_.reload(decode(base_yaml)).is_ok());
  EXPECT_EQ(world_->take_journal(),
            (Lines{"create processor pass/2", "start processor pass/2", "stop processor pass/2", "destroy processor pass/2"}));
  EXPECT_EQ(world_->items("sink traces"), 5u) << "what the old one held";
  EXPECT_TRUE(send(3).is_ok());
  EXPECT_EQ(world_->items("sink traces"), 8u);
  graph_.stop(5000);
}

TEST_F(GraphTest, ReloadMayAddAndRemovePipelinesAroundARunningReceiver) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  world_->take_journal();
  std::string more = R"(
receivers: {source: }
processors: {pass: , pass/2: }
exporters: {sink: , sink/new: }
extensions: {helper: }
service:
  extensions: [helper]
  pipelines:
    traces: {receivers: [source], processors: [pass, pass/2], exporters: [sink]}
    traces/new: {receivers: [source], exporters: [sink/new]}
)";
  EXPECT_TRUE(graph_.reload(decode(more)).is_ok());
  EXPECT_EQ(world_->take_journal(), (Lines{"create exporter sink/new", "start exporter sink/new"})) << "the receiver keeps its socket";
  EXPECT_TRUE(send(4).is_ok());
  EXPECT_EQ(world_->items("sink traces"), 4u);
  EXPECT_EQ(world_->items("sink/new traces"), 4u);
  EXPECT_TRUE(graph_.reload(decode(base_yaml)).is_ok());
  EXPECT_EQ(world_->take_journal(), (Lines{"stop exporter sink/new", "destroy exporter sink/new"}));
  EXPECT_TRUE(send(4).is_ok());
  EXPECT_EQ(world_->items("sink traces"), 8u);
  EXPECT_EQ(world_->items("sink/new traces"), 4u);
  graph_.stop(5000);
}

TEST_F(GraphTest, AChangedReceiverIsStoppedBeforeItsSuccessorStarts) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  world_->take_journal();
  std::string changed = base_yaml;
  changed.replace(changed.find("source: }"), 9, "source: {value: other}}");
  EXPECT_TRUE(graph_.reload(decode(changed)).is_ok());
  EXPECT_EQ(world_->take_journal(),
            (Lines{"create receiver source", "stop receiver source", "start receiver source", "destroy receiver source"}));
  EXPECT_TRUE(send(1).is_ok());
  graph_.stop(5000);
}

TEST_F(GraphTest, AReceiverIsExchangedWhenItsSignalsChange) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  EXPECT_TRUE(graph_.reload(decode(base_yaml + "    logs: {receivers: [source], exporters: [sink]}\n")).is_ok());
  EXPECT_TRUE(send(2, otlp::Signal::logs).is_ok());
  EXPECT_EQ(world_->items("sink logs"), 2u);
  graph_.stop(5000);
}

TEST_F(GraphTest, WhoAskedForAChangedExtensionIsExchangedToo) {
  auto yaml = [](const std::string& value) {
    return R"(
receivers: {source: }
exporters: {sink: {extension: helper}, sink/other: }
extensions: {helper: {value: )" +
           value + R"(}}
service:
  extensions: [helper]
  pipelines: {traces: {receivers: [source], exporters: [sink, sink/other]}}
)";
  };
  ASSERT_TRUE(graph_.start(decode(yaml("a"))).is_ok());
  world_->take_journal();
  EXPECT_TRUE(graph_.reload(decode(yaml("b"))).is_ok());
  Lines journal = world_->take_journal();
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "start exporter sink"), 1);
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "start exporter sink/other"), 0);
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "ready"), 1) << "the new extension learns that the program is ready";
  EXPECT_TRUE(send(1).is_ok());
  graph_.stop(5000);
}

TEST_F(GraphTest, AFailedReloadLeavesTheOldConfigurationRunning) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  for (std::string failure : {"create", "start"}) {
    for (std::string what : {"source", "pass", "sink", "helper"}) {
      std::string changed = base_yaml;
      // `pass: ,` has a neighbour, the others stand alone.
      size_t at = changed.find(what + ": ");
      changed.insert(at + what.size() + 2, "{fails: " + failure + "}");
      EXPECT_FALSE(graph_.reload(decode(changed)).is_ok()) << what << " " << failure;
      EXPECT_TRUE(send(1).is_ok()) << what << " " << failure;
      EXPECT_NE(graph_.find_extension({"helper", ""}), nullptr) << what << " " << failure;
    }
  }
  EXPECT_EQ(world_->items("sink traces"), 8u);
  EXPECT_EQ(kit_.sink->count("the old one goes on"), 8u);
  EXPECT_TRUE(graph_.stop(5000));
}

TEST_F(GraphTest, FailedReloadsLeaveNoReceiversBehind) {
  ASSERT_TRUE(graph_.start(decode(base_yaml)).is_ok());
  std::string changed = base_yaml;
  changed.insert(changed.find("source: ") + 8, "{fails: start}");
  for (int round = 0; round < 3; round++) EXPECT_FALSE(graph_.reload(decode(changed)).is_ok());
  Lines journal = world_->take_journal();
  auto created = std::count(journal.begin(), journal.end(), "create receiver source");
  auto destroyed = std::count(journal.begin(), journal.end(), "destroy receiver source");
  EXPECT_GT(created, 3);
  EXPECT_EQ(created - destroyed, 1) << "only the one that runs is there";
  EXPECT_TRUE(graph_.stop(5000));
}

TEST_F(GraphTest, NothingIsLostWhileReloadsHappenUnderLoad) {
  auto yaml = [](int round) {
    std::string n = std::to_string(round);
    return R"(
receivers: {source: }
processors: {pass: {value: ")" +
           n + R"("}}
exporters: {sink/keep: , sink/)" +
           n + R"(: }
service:
  pipelines:
    traces: {receivers: [source], processors: [pass], exporters: [sink/keep, sink/)" +
           n + R"(]}
)";
  };
  ASSERT_TRUE(graph_.start(decode(yaml(0))).is_ok());
  Consumer* next = world_->outputs.with([](auto& all) { return all["source"].traces; });
  std::atomic<bool> is_over{false};
  std::atomic<size_t> sent{0};
  std::atomic<size_t> answered{0};
  std::atomic<size_t> running{2};
  // Each loop keeps itself busy, one batch a task.
  struct Sender {
    std::function<void()> step;
  };
  std::vector<std::unique_ptr<Sender>> senders;
  for (size_t i = 0; i < 2; i++) {
    auto& sender = *senders.emplace_back(std::make_unique<Sender>());
    net::EventLoop& loop = kit_.loops.at(i);
    sender.step = [&, i] {
      if (is_over) {
        running--;
        return;
      }
      sent++;
      next->consume(test::make_batch(kit_.ledger, 1), [&](Status status) { answered += status.is_ok(); });
      kit_.loops.at(i).post([&sender] { sender.step(); });
    };
    loop.post([&sender] { sender.step(); });
  }
  for (int round = 1; round <= 20; round++) EXPECT_TRUE(graph_.reload(decode(yaml(round))).is_ok());
  is_over = true;
  while (running > 0) std::this_thread::yield();
  EXPECT_TRUE(graph_.stop(5000));
  EXPECT_GT(sent, 0u);
  EXPECT_EQ(answered, sent);
  EXPECT_EQ(world_->items("sink/keep traces"), sent);
  size_t elsewhere = 0;
  for (int round = 0; round <= 20; round++) elsewhere += world_->items("sink/" + std::to_string(round) + " traces");
  EXPECT_EQ(elsewhere, sent);
}

// A journal behind the processor, in another pipeline, would store what came over the wire in place of what the processor made of it.
TEST_F(GraphTest, WhatHasPassedAProcessorIsNotTakenForWhatCameOverTheWire) {
  test::FakeConsumer processor;
  processor.hold();
  CountedEntrance entrance(processor, kit_.metrics.counter("items", "", {}));
  Batch batch = test::make_batch(kit_.ledger, 1);
  batch.packed = std::make_shared<const Packed>(Packed{Compression::gzip, Slice::copy_of("packed", kit_.ledger)});
  entrance.consume(std::move(batch), [](const Status&) {});
  ASSERT_EQ(processor.kept.size(), 1u);
  EXPECT_EQ(processor.kept.front().packed, nullptr);
}

}  // namespace
}  // namespace vigia::pipeline
