#include "journal/journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { options_.directory = test::directory; }

  // A new life of the program.
  void open(std::vector<CursorOptions> cursors = {{"a", {}, WhenFull::reject}}) {
    journal_ = nullptr;
    options_.cursors = std::move(cursors);
    Result<std::unique_ptr<Journal>> journal = Journal::open(options_, environment());
    ASSERT_TRUE(journal.is_ok()) << journal.status().message();
    journal_ = std::move(*journal);
  }
  JournalEnvironment environment() { return {files_, clock_, ledger_, Logger(), 7}; }

  // Nothing for as long as there is no answer.
  std::shared_ptr<std::optional<Result<Appended>>> start_append(const std::string& body, uint64_t items = 1) {
    auto answer = std::make_shared<std::optional<Result<Appended>>>();
    journal_->append(test::make_record(ledger_, body, "acme", items), [answer](Result<Appended> result) { *answer = std::move(result); });
    return answer;
  }
  Result<Appended> append(const std::string& body, uint64_t items = 1) {
    auto answer = start_append(body, items);
    journal_->work();
    return std::move(**answer);
  }
  // What the journal reads to this cursor, which keeps it.
  std::vector<std::string> read_bodies(uint32_t cursor = 0) {
    std::vector<std::string> bodies;
    for (;;) {
      Result<std::vector<ReadRecord>> records = journal_->read(cursor, 1 << 20);
      EXPECT_TRUE(records.is_ok());
      if (!records.is_ok() || records->empty()) return bodies;
      for (ReadRecord& record : *records) {
        bodies.push_back(record.record.body.to_string());
        held_.push_back(record.place);
      }
    }
  }
  void idle() {
    for (int i = 0; i < 5; i++) {
      clock_.advance_ms(200);
      journal_->work();
    }
  }
  size_t journal_files() const {
    size_t count = 0;
    for (const std::string& path : files_.paths()) count += path.ends_with(".journal");
    return count;
  }

  MemoryLedger ledger_;
  ManualClock clock_;
  vigia::test::FaultyFiles files_{1};
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
  std::vector<RecordPlace> held_;
};

class LineSink final : public LogSink {
 public:
  bool is_enabled(LogLevel level) const override { return level >= LogLevel::info; }
  void write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) override {
    text += format_log_line(LogSettings(), 0, level, message, context, fields);
  }
  std::string text;
};

// A second program that is started with the same directory: whoever watches it start is not left wondering.
TEST_F(JournalTest, SaysWhomItWaitsFor) {
  open();
  auto sink = std::make_shared<LineSink>();
  JournalEnvironment second{files_, clock_, ledger_, Logger(sink), 7};
  EXPECT_FALSE(Journal::open(options_, second).is_ok());
  EXPECT_EQ(sink->text, "") << "it does not wait";
  EXPECT_FALSE(Journal::open(options_, second, 20).is_ok());
  for (std::string part :
       {std::string("Waiting for another process to let go of a directory"), std::string(test::directory), std::string("20ms")})
    EXPECT_NE(sink->text.find(part), std::string::npos) << part << " in " << sink->text;
  EXPECT_EQ(std::count(sink->text.begin(), sink->text.end(), '\n'), 1) << sink->text;
}

TEST_F(JournalTest, WhatIsAppendedIsHeldLiveAndGoneOnceItIsReleased) {
  open();
  Result<Appended> appended = append(std::string(2 << 20, 'x'));
  ASSERT_TRUE(appended.is_ok());
  EXPECT_EQ(appended->live_cursors, 1u);
  EXPECT_TRUE(read_bodies().empty()) << "it is held already";
  journal_->release(0, appended->place, Origin::live);
  idle();
  EXPECT_EQ(journal_files(), 0u);
  EXPECT_EQ(journal_->state().size_bytes, 0u);
}

TEST_F(JournalTest, OneSyncServesAllThatWaited) {
  open();
  auto first = start_append("one");
  auto second = start_append("two");
  EXPECT_FALSE(first->has_value()) << "nothing is answered before it is safe";
  journal_->work();
  EXPECT_TRUE((*first)->is_ok() && (*second)->is_ok());
  EXPECT_EQ(journal_->state().syncs, 1u);
}

TEST_F(JournalTest, ANewLifeReadsWhatWasNotReleased) {
  open();
  Result<Appended> first = append("one");
  append("two").value();
  journal_->release(0, first->place, Origin::live);
  idle();
  files_.kill();
  open();
  EXPECT_EQ(read_bodies(), std::vector<std::string>{"two"});
}

TEST_F(JournalTest, WhatIsGivenBackIsReadAgain) {
  open();
  Result<Appended> first = append("one");
  append("two").value();
  journal_->give_back(0, first->place, Origin::live);
  EXPECT_EQ(read_bodies(), std::vector<std::string>{"one"});
  journal_->give_back(0, held_.front(), Origin::backlog);
  EXPECT_EQ(read_bodies(), std::vector<std::string>{"one"});
}

TEST_F(JournalTest, NewAndOldDataHaveTheirBudgets) {
  options_.live_bytes = options_.backlog_bytes = 100'000;
  open();
  for (int i = 0; i < 10; i++) append(std::string(40'000, static_cast<char>('0' + i))).value();
  // Each budget may be passed by the record that reaches it.
  EXPECT_EQ(journal_->cursor_state(0).held.records, 3u);
  EXPECT_EQ(read_bodies().size(), 3u);
  EXPECT_FALSE(journal_->is_readable(0));
  EXPECT_TRUE(journal_->has_waiting(0));
  journal_->release(0, held_.front(), Origin::backlog);
  EXPECT_EQ(read_bodies().size(), 1u);
}

TEST_F(JournalTest, AFullQueueRefusesForAsLongAsTheDrainTakes) {
  open({{"a", {0, 10, 0}, WhenFull::reject}});
  Result<Appended> first = append("one", 6);
  Result<Appended> refused = append("two", 6);
  ASSERT_FALSE(refused.is_ok());
  EXPECT_TRUE(refused.status().is_retryable());
  EXPECT_GT(refused.status().retry_delay_ms(), 0);
  EXPECT_FALSE(append("large", 11).status().is_retryable()) << "it can never fit";
  journal_->release(0, first->place, Origin::live);
  EXPECT_TRUE(append("two", 6).is_ok());
}

TEST_F(JournalTest, DropOldestTakesNewcomersAndCountsWhatWent) {
  options_.live_bytes = 0;
  options_.file_bytes = 500;
  open({{"a", {3, 0, 0}, WhenFull::drop_oldest}, {"b", {}, WhenFull::reject}});
  for (int i = 0; i < 8; i++) append("body " + std::to_string(i) + std::string(300, 'x')).value();
  EXPECT_LE(journal_->cursor_state(0).wanted.records, 3u);
  EXPECT_EQ(journal_->cursor_state(0).wanted.records + journal_->cursor_state(0).dropped.records, 8u);
  EXPECT_EQ(read_bodies(1).size(), 8u) << "the other cursor keeps all";
}

TEST_F(JournalTest, DropOldestDropsLittleAtATime) {
  options_.live_bytes = 0;
  for (const Amount& quota : {Amount{160, 0, 0}, Amount{0, 160, 0}, Amount{0, 0, 160 * 150}}) {
    journal_ = nullptr;
    options_.directory += "x";
    ASSERT_TRUE(files_.create_directories(options_.directory).is_ok());
    open({{"a", quota, WhenFull::drop_oldest}});
    for (int i = 0; i < 400; i++) {
      Result<Appended> appended = append("a body");
      ASSERT_TRUE(appended.is_ok()) << appended.status().message() << " at " << i;
      CursorState state = journal_->cursor_state(0);
      if (state.dropped.records > 0) {
        EXPECT_GE(state.wanted.records, 120u) << i;
      }
    }
    EXPECT_GT(journal_->cursor_state(0).dropped.records, 200u);
  }
}

TEST_F(JournalTest, DropOldestHasSomethingToDropAlthoughNothingIsDelivered) {
  open({{"a", {20, 0, 0}, WhenFull::drop_oldest}});
  for (int i = 0; i < 100; i++) {
    Result<Appended> appended = append("body");
    ASSERT_TRUE(appended.is_ok()) << appended.status().message() << " at " << i;
    (void)journal_->read(0, 1 << 20).value();
  }
  EXPECT_GE(journal_->cursor_state(0).dropped.records, 80u);
  EXPECT_LE(journal_->cursor_state(0).held.records, 11u);
}

TEST_F(JournalTest, AFailedSyncMovesTheGroupToANewFile) {
  open();
  append("one").value();
  files_.fail_next_sync();
  EXPECT_TRUE(append("two").is_ok());
  EXPECT_EQ(journal_files(), 2u);
  files_.crash();
  open();
  EXPECT_EQ(read_bodies(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(JournalTest, TwoFailedSyncsRefuse) {
  open();
  files_.fail_next_sync(2);
  Result<Appended> refused = append("one");
  ASSERT_FALSE(refused.is_ok());
  EXPECT_TRUE(refused.status().is_retryable());
  EXPECT_TRUE(append("two").is_ok());
}

TEST_F(JournalTest, AFullDiskRefusesUntilThereIsRoom) {
  options_.min_free_bytes = 0;
  open();
  append("one").value();
  files_.set_capacity_bytes(files_.used_bytes() + 100);
  Result<Appended> refused = append(std::string(1000, 'x'));
  ASSERT_FALSE(refused.is_ok());
  EXPECT_TRUE(refused.status().is_retryable());
  files_.set_capacity_bytes(0);
  EXPECT_TRUE(append("two").is_ok());
}

TEST_F(JournalTest, RoomIsLeftForOthersOnTheDisk) {
  options_.min_free_bytes = 1 << 20;
  open();
  files_.set_capacity_bytes(1 << 19);
  Result<Appended> refused = append("one");
  ASSERT_FALSE(refused.is_ok());
  EXPECT_NE(refused.status().message().find("nearly full"), std::string::npos) << refused.status().message();
}

TEST_F(JournalTest, TheSizeLimitHolds) {
  options_.max_bytes = 4000;
  options_.file_bytes = 1000;
  open();
  int accepted = 0;
  for (int i = 0; i < 10; i++) accepted += append(std::string(500, 'x')).is_ok();
  EXPECT_GT(accepted, 3);
  EXPECT_LT(accepted, 10);
  EXPECT_LE(journal_->state().size_bytes, 5000u);
}

TEST_F(JournalTest, AnExporterThatIsGoneKeepsItsBacklogUntilItIsBack) {
  open({{"a", {}, WhenFull::reject}, {"b", {}, WhenFull::reject}});
  Result<Appended> one = append("one");
  journal_->release(0, one->place, Origin::live);
  idle();
  open({{"a", {}, WhenFull::reject}});
  Result<Appended> two = append("two");
  journal_->release(0, two->place, Origin::live);
  idle();
  open({{"a", {}, WhenFull::reject}, {"b", {}, WhenFull::reject}});
  EXPECT_TRUE(read_bodies(0).empty());
  EXPECT_EQ(read_bodies(1), std::vector<std::string>{"one"});
}

TEST_F(JournalTest, AReloadAddsACursorThatGetsWhatComesFromNowOn) {
  open({{"a", {}, WhenFull::reject}});
  append("one").value();
  options_.cursors = {{"b", {}, WhenFull::reject}, {"a", {}, WhenFull::reject}};
  ASSERT_TRUE(journal_->change_options(options_).is_ok());
  EXPECT_EQ(append("two")->live_cursors, 3u);
  EXPECT_EQ(journal_->cursor_state(journal_->cursor("b")).wanted.records, 1u);
  EXPECT_EQ(journal_->cursor_state(journal_->cursor("a")).wanted.records, 2u);
}

TEST_F(JournalTest, ADamagedRecordIsPassedOverCountedAndKeptAside) {
  open();
  Result<Appended> one = append("one");
  Result<Appended> two = append("two");
  append("three").value();
  files_.damage(std::string(test::directory) + "/" + files_.list(test::directory)->front(), two->place.offset + 60, 4);
  for (const Result<Appended>* held : {&one, &two}) journal_->give_back(0, (*held)->place, Origin::live);
  EXPECT_EQ(read_bodies(), std::vector<std::string>{"one"});
  EXPECT_EQ(journal_->state().lost_records, 1u);
  EXPECT_GT(journal_->state().damaged_bytes, 0u);
}

TEST_F(JournalTest, ADirectoryHasOneJournal) {
  open();
  EXPECT_FALSE(Journal::open(options_, environment()).is_ok());
}

TEST_F(JournalTest, WithAnIntervalTheAnswerDoesNotWaitForTheSync) {
  options_.sync = SyncPolicy::interval;
  open();
  append("one").value();
  EXPECT_EQ(journal_->state().syncs, 0u);
  clock_.advance_ms(options_.sync_interval_ms);
  journal_->work();
  EXPECT_EQ(journal_->state().syncs, 1u);
  files_.crash();
  open();
  EXPECT_EQ(read_bodies(), std::vector<std::string>{"one"});
}

TEST_F(JournalTest, WhatIsDroppedMakesRoomAlsoWhenNobodyElseCalls) {
  options_.max_bytes = 4 << 20;
  options_.file_bytes = 1 << 20;
  options_.live_bytes = 0;
  open({{"a", {}, WhenFull::drop_oldest}});
  while (append(std::string(600 << 10, 'x')).is_ok()) continue;
  idle();
  idle();
  uint64_t dropped = journal_->cursor_state(0).dropped.records;
  int wakes = 0;
  journal_->set_wake([&] { wakes++; });
  for (int i = 0; i < 20; i++) (void)start_append(std::string(3 << 20, 'x'));
  EXPECT_EQ(wakes, 1);
  EXPECT_LE(journal_->cursor_state(0).dropped.records, dropped + 2) << "a file's worth, until it has gone";
  for (int i = 0; i < 10 && wakes > 0; i++) {
    wakes = 0;
    idle();
    if (append(std::string(3 << 20, 'x')).is_ok()) return;
  }
  ADD_FAILURE() << "there is never room again";
}

TEST_F(JournalTest, ADrainedFileIsNotInTheWayOfARecordThatNeedsItsRoom) {
  options_.max_bytes = 1 << 20;
  open();
  Result<Appended> first = append(std::string(600 << 10, 'x'));
  journal_->release(0, first->place, Origin::live);
  idle();
  EXPECT_FALSE(append(std::string(600 << 10, 'y')).is_ok());
  idle();
  EXPECT_TRUE(append(std::string(600 << 10, 'y')).is_ok());
}

TEST_F(JournalTest, ARecordIsOnlyForThoseItIsAppendedFor) {
  open({{"a", {}, WhenFull::reject}, {"b", {1, 0, 0}, WhenFull::reject}});
  for (const char* body : {"one", "two"}) {
    Result<Appended> appended = resource_exhausted("");
    journal_->append(
        test::make_record(ledger_, body, "acme", 1), [&](Result<Appended> result) { appended = std::move(result); }, 1);
    journal_->work();
    ASSERT_TRUE(appended.is_ok()) << "the other one's quota does not matter";
    EXPECT_EQ(appended->live_cursors, 1u);
  }
  EXPECT_EQ(journal_->cursor_state(1).wanted.records, 0u);
  idle();
  files_.kill();
  open({{"a", {}, WhenFull::reject}, {"b", {1, 0, 0}, WhenFull::reject}});
  EXPECT_EQ(read_bodies(0).size(), 2u);
  EXPECT_TRUE(read_bodies(1).empty());
}

TEST_F(JournalTest, ManySmallRecordsDoNotHoldMoreMemoryThanFewLargeOnes) {
  options_.live_bytes = options_.backlog_bytes = 100'000;
  open();
  for (int i = 0; i < 500; i++) append("x").value();
  EXPECT_LT(journal_->cursor_state(0).held.records, 100u);
  EXPECT_LT(read_bodies().size(), 100u);
}

TEST_F(JournalTest, AFileThatCannotBeOpenedNowIsNotLost) {
  open();
  append("one").value();
  files_.kill();
  open();
  files_.set_faults({.open_error = 1});
  for (int i = 0; i < 20; i++) EXPECT_FALSE(journal_->read(0, 1 << 20).is_ok());
  files_.set_faults({});
  EXPECT_EQ(read_bodies(), std::vector<std::string>{"one"});
  EXPECT_EQ(journal_->state().lost_records, 0u);
}

}  // namespace
}  // namespace vigia::journal
