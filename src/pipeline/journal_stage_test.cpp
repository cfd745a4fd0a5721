// Scenario: the head of a durable pipeline between senders that come and go and consumers that take, keep, refuse or let go of what it gives
// them, with real files and real threads.
// Guarantee: what was answered reaches the consumer, also past a reload; what cannot be taken is tried again, but not without end at once.

#include "pipeline/journal_stage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "pipeline/storage.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

class FakeStorage final : public Extension, public Storage {
 public:
  explicit FakeStorage(std::string directory) { settings_.directory = std::move(directory); }
  const StorageSettings& storage() const override { return settings_; }

 private:
  StorageSettings settings_;
};

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

  const std::string directory_;
  FakeStorage storage_;
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
                         parts_.resolver,
                         parts_.find_extension,
                         parts_.report_port,
                         "1.0"};
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

}  // namespace
}  // namespace vigia::pipeline
