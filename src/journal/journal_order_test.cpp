// Scenario: a cursor that wants its records in order falls behind and catches up while new ones come.
// Guarantee: it holds new or old records, never both, and gets every one in its order.

#include <gtest/gtest.h>

#include "base/random.h"
#include "journal/journal.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

class JournalOrderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    JournalOptions options;
    options.directory = test::directory;
    options.cursors = {{"ordered", {}, WhenFull::reject, true}, {"any", {}, WhenFull::reject}};
    // Room for about three.
    options.live_bytes = 3'000;
    options.backlog_bytes = 3'000;
    Result<std::unique_ptr<Journal>> journal = Journal::open(options, {files_, clock_, ledger_, Logger(), 7});
    ASSERT_TRUE(journal.is_ok()) << journal.status().to_string();
    journal_ = std::move(*journal);
  }
  // Says whether the ordered cursor holds it.
  bool append() {
    bool is_live = false;
    journal_->append(test::make_record(ledger_, std::string(500, 'x'), "acme", 1), [&](Result<Appended> answer) {
      ASSERT_TRUE(answer.is_ok());
      is_live = (answer->live_cursors >> cursor() & 1) != 0;
      (is_live ? live_ : waiting_).push_back(answer->place);
      if (answer->live_cursors >> other() & 1) journal_->release(other(), answer->place, Origin::live);
    });
    journal_->work();
    if (is_live) taken_.push_back(live_.back().number);
    return is_live;
  }
  bool release_live() {
    RecordPlace place = live_.front();
    live_.erase(live_.begin());
    return journal_->release(cursor(), place, Origin::live);
  }
  // What is read is taken.
  size_t read() {
    Result<std::vector<ReadRecord>> records = journal_->read(cursor(), 1'000);
    EXPECT_TRUE(records.is_ok());
    for (ReadRecord& record : *records) {
      taken_.push_back(record.place.number);
      backlog_.push_back(record.place);
    }
    return records->size();
  }
  uint32_t cursor() { return journal_->cursor("ordered"); }
  uint32_t other() { return journal_->cursor("any"); }
  void expect_order() {
    for (size_t i = 1; i < taken_.size(); i++) EXPECT_EQ(taken_[i], taken_[i - 1] + 1);
  }

  vigia::test::FaultyFiles files_{1};
  ManualClock clock_;
  MemoryLedger ledger_;
  std::unique_ptr<Journal> journal_;
  std::vector<RecordPlace> live_;
  std::vector<RecordPlace> backlog_;
  std::vector<RecordPlace> waiting_;
  std::vector<uint64_t> taken_;
};

TEST_F(JournalOrderTest, OldOnesWaitForTheNewAndNewForTheOld) {
  while (append()) ASSERT_LT(live_.size(), 100u);
  ASSERT_GE(live_.size(), 2u);
  EXPECT_FALSE(journal_->is_readable(cursor())) << "new ones are on their way";
  EXPECT_EQ(read(), 0u);
  release_live();
  EXPECT_FALSE(append()) << "one waits, although there is room";
  while (live_.size() > 1) EXPECT_FALSE(release_live());
  EXPECT_TRUE(release_live()) << "the last one tells that there is something to read";
  EXPECT_TRUE(journal_->is_readable(cursor()));
  EXPECT_GT(read(), 0u);
  EXPECT_FALSE(append()) << "old ones are on their way";
  for (int round = 0; round < 100 && (journal_->has_waiting(cursor()) || !backlog_.empty()); round++) {
    for (const RecordPlace& place : std::exchange(backlog_, {})) journal_->release(cursor(), place, Origin::backlog);
    read();
  }
  EXPECT_TRUE(append()) << "nothing waits any more";
  expect_order();
}

TEST_F(JournalOrderTest, InAnyMixture) {
  Random random(11);
  for (int step = 0; step < 3'000; step++) {
    switch (random.below(4)) {
      case 0:
      case 1:
        append();
        break;
      case 2:
        if (!live_.empty()) release_live();
        break;
      default:
        if (!backlog_.empty()) {
          journal_->release(cursor(), backlog_.front(), Origin::backlog);
          backlog_.erase(backlog_.begin());
        } else {
          read();
        }
    }
    ASSERT_TRUE(live_.empty() || backlog_.empty());
  }
  expect_order();
  EXPECT_GT(taken_.size(), 300u);
}

}  // namespace
}  // namespace vigia::journal
