// Scenario: the head of a durable pipeline between senders that come and go and consumers that take, keep, refuse or let go of what it gives
// them, with real files and real threads.
// Guarantee: what was answered reaches the consumer, also past a reload; what cannot be taken is tried again, but not without end at once.

#include "pipeline/journal_stage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "pipeline/fan_out.h"
#include "pipeline/test_kit.h"
#include "pipeline/test_storage.h"

namespace vigia::pipeline {
namespace {

// Says that it has taken what it gets, and lets go of it.
class Forgetful final : public Consumer {
 public:
  Result<Reservation> reserve(const Load&) override { return Reservation(); }
  void consume(Batch, Done done) override {
    tries++;
    done(Status());
  }
  std::atomic<int> tries{0};
};

bool wait_until(const std::function<bool()>& is_true) {
  for (int i = 0; i < 1'000 && !is_true(); i++) pause_thread_ms(10);
  return is_true();
}

class JournalStageTest : public ::testing::Test {
 protected:
  JournalStageTest() : directory_(::testing::TempDir() + "journal_stage_test_" + std::to_string(::getpid())), storage_(directory_) {
    std::filesystem::remove_all(directory_);
    kit_.extensions[{"file_storage", ""}] = &storage_;
  }
  ~JournalStageTest() override {
    kit_.settle();
    std::filesystem::remove_all(directory_);
  }

  JournalStageConfig config(std::vector<std::string> exporters, uint64_t memory_branches = 0) const {
    JournalStageConfig config;
    config.pipeline = "traces";
    config.storage = {"file_storage", ""};
    config.branch_count = exporters.size() + memory_branches;
    for (uint64_t branch = 0; branch < exporters.size(); branch++) config.cursors.push_back({exporters[branch], branch, {}, {}});
    return config;
  }
  std::unique_ptr<JournalStage> start(const JournalStageConfig& config, Consumer& next) {
    auto stage = std::make_unique<JournalStage>(context_, shelf_, config, next);
    Status status = stage->start();
    EXPECT_TRUE(status.is_ok()) << status.message();
    return stage;
  }
  Status send(JournalStage& stage, size_t items, size_t bytes = 100) {
    test::Answer answer;
    kit_.on_loop([&] { stage.consume(test::make_batch(kit_.ledger, items, bytes), answer.done()); });
    EXPECT_TRUE(wait_until([&] { return answer.count() > 0; }));
    return answer.get();
  }
  void stop(JournalStage& stage) {
    auto is_stopped = std::make_shared<std::atomic<bool>>(false);
    stage.stop(0, [is_stopped] { *is_stopped = true; });
    EXPECT_TRUE(wait_until([&] { return is_stopped->load(); }));
    kit_.settle();
  }

  std::vector<std::string> set_aside() const {
    return set_aside_.with([](const std::vector<std::string>& reasons) { return reasons; });
  }

  Guarded<std::vector<std::string>> set_aside_;  // Why.
  const std::string directory_;
  test::FakeStorage storage_;
  SystemClock clock_;
  test::Kit kit_;
  const Context parts_ = kit_.context("");
  const Context context_{parts_.id,
                         parts_.log,
                         parts_.metrics,
                         clock_,
                         parts_.files,
                         parts_.ledger,
                         parts_.loops,
                         parts_.background,
                         parts_.resolver,
                         parts_.find_extension,
                         parts_.report_port,
                         "1.0",
                         nullptr,
                         nullptr,
                         nullptr,
                         [this](Batch batch, const Status& why) {
                           set_aside_.with([&](std::vector<std::string>& reasons) { reasons.push_back(why.message()); });
                           batch.settle();
                         }};
  JournalShelf shelf_{kit_.files, clock_, kit_.ledger, Logger()};
};

TEST_F(JournalStageTest, WhatTheOldStageLetsGoOfIsTheNewOnesToRead) {
  test::FakeConsumer old_next;
  old_next.hold();
  std::unique_ptr<JournalStage> old_stage = start(config({"a"}), old_next);
  // More than what may be in memory.
  for (int i = 0; i < 30; i++) ASSERT_TRUE(send(*old_stage, 1, 1 << 20).is_ok());
  ASSERT_TRUE(wait_until([&] { return old_next.tries() >= 24; }));
  test::FakeConsumer next;
  std::unique_ptr<JournalStage> stage = start(config({"a"}), next);
  stop(*old_stage);
  old_stage = nullptr;
  kit_.on_loop([&] { old_next.release(); });
  EXPECT_TRUE(wait_until([&] { return next.items() == 30; })) << next.items();
  stop(*stage);
}

TEST_F(JournalStageTest, EachStageAppendsForItsOwnExportersWhileBothRun) {
  test::FakeConsumer old_next;
  test::FakeConsumer next;
  std::unique_ptr<JournalStage> old_stage = start(config({"a"}), old_next);
  std::unique_ptr<JournalStage> stage = start(config({"a", "b"}), next);
  ASSERT_TRUE(send(*old_stage, 1).is_ok());
  ASSERT_TRUE(send(*stage, 10).is_ok());
  ASSERT_TRUE(send(*old_stage, 100).is_ok());
  EXPECT_TRUE(wait_until([&] { return old_next.items() == 101 && next.items() == 10; }));
  EXPECT_EQ(kit_.metric("vigia_exporter_queue_items{exporter=\"b\""), 0);
  stop(*stage);  // As after a reload that failed.
  ASSERT_TRUE(send(*old_stage, 1000).is_ok());
  EXPECT_TRUE(wait_until([&] { return old_next.items() == 1101; }));
  stop(*old_stage);
}

TEST_F(JournalStageTest, WhatIsLetGoOfComesBackAfterAPause) {
  Forgetful next;
  std::unique_ptr<JournalStage> stage = start(config({"a"}), next);
  ASSERT_TRUE(send(*stage, 1).is_ok());
  int64_t begin_ms = clock_.steady_ms();
  ASSERT_TRUE(wait_until([&] { return next.tries >= 3; }));
  EXPECT_GE(clock_.steady_ms() - begin_ms, 1'000);
  stop(*stage);
}

TEST_F(JournalStageTest, AFullQueueInMemoryRefusesBeforeAnythingIsWritten) {
  test::FakeConsumer next;
  next.reserve_error = unavailable("sending queue is full");
  std::unique_ptr<JournalStage> stage = start(config({"a"}, 1), next);
  EXPECT_FALSE(send(*stage, 1).is_ok());
  EXPECT_EQ(kit_.metric("vigia_exporter_queue_items{exporter=\"a\""), 0);
  stop(*stage);
}

TEST_F(JournalStageTest, WhatIsRefusedForGoodIsSetAside) {
  test::FakeConsumer next;
  next.script({invalid_argument("not this one")});
  std::unique_ptr<JournalStage> stage = start(config({"a"}), next);
  ASSERT_TRUE(send(*stage, 7).is_ok());
  ASSERT_TRUE(send(*stage, 1).is_ok());
  ASSERT_TRUE(wait_until([&] { return next.items() == 1 && kit_.metric("vigia_exporter_queue_items{exporter=\"a\"") == 0; }));
  EXPECT_EQ(set_aside(), std::vector<std::string>{"not this one"});
  EXPECT_EQ(next.tries(), 2u);
  stop(*stage);
}

// Before the branches part, or in one of them.
TEST_F(JournalStageTest, WhatIsRefusedForGoodIsSetAsideForEachExporterThatItIsFor) {
  test::FakeConsumer next;
  next.script({invalid_argument("for both"), invalid_argument("for one"), invalid_argument("for the other")});
  std::unique_ptr<JournalStage> stage = start(config({"a", "b"}), next);
  ASSERT_TRUE(send(*stage, 7).is_ok());
  ASSERT_TRUE(wait_until([&] { return set_aside().size() == 2; }));
  EXPECT_EQ(set_aside(), (std::vector<std::string>{"for one", "for the other"}));
  stop(*stage);
}

TEST_F(JournalStageTest, ABranchThatTakesNothingDoesNotDisturbTheOther) {
  test::FakeConsumer good;
  test::FakeConsumer full;
  FanOut both({&good, &full});
  full.script({6, unavailable("full")});
  std::unique_ptr<JournalStage> stage = start(config({"a", "b"}), both);
  for (int i = 0; i < 5; i++) ASSERT_TRUE(send(*stage, 1).is_ok());
  EXPECT_TRUE(wait_until([&] { return full.items() == 5; }));
  EXPECT_EQ(good.items(), 5u);
  EXPECT_EQ(good.tries(), 5u) << "each once";
  EXPECT_TRUE(set_aside().empty());
  stop(*stage);
}

TEST_F(JournalStageTest, AFullJournalSaysSoBeforeAnybodyElseTakesTheData) {
  test::FakeConsumer next;
  next.hold();
  JournalStageConfig small = config({"a"});
  small.cursors.front().quota = {0, 10, 0};
  std::unique_ptr<JournalStage> stage = start(small, next);
  EXPECT_TRUE(stage->reserve({1, 8, 100}).is_ok());
  ASSERT_TRUE(send(*stage, 8).is_ok());
  EXPECT_TRUE(stage->reserve({1, 2, 100}).is_ok());
  Result<Reservation> room = stage->reserve({1, 3, 100});
  ASSERT_FALSE(room.is_ok());
  EXPECT_TRUE(room.status().is_retryable());
  EXPECT_GT(room.status().retry_delay_ms(), 0);
  kit_.on_loop([&] { next.release(); });
  stop(*stage);
}

}  // namespace
}  // namespace vigia::pipeline
