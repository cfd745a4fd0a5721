// Scenario: the exporters of a journal change, from life to life and while it is open.
// Guarantee: who is gone and left data behind is told once; only those take places whom data waits for; what does not fit changes nothing.

#include <gtest/gtest.h>

#include "base/guarded.h"
#include "journal/journal.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

class Warnings final : public LogSink {
 public:
  bool is_enabled(LogLevel level) const override { return level == LogLevel::warn; }
  void write(LogLevel, std::string_view, const LogFields&, const LogFields& fields) override {
    exporters_.with([&](std::vector<std::string>& all) { all.push_back(std::get<std::string>(fields.front().value)); });
  }
  // Since the last call.
  std::vector<std::string> take() {
    return exporters_.with([](std::vector<std::string>& all) { return std::exchange(all, {}); });
  }

 private:
  Guarded<std::vector<std::string>> exporters_;
};

using Names = std::vector<std::string>;

class JournalCursorsTest : public ::testing::Test {
 protected:
  static JournalOptions options(const Names& names) {
    JournalOptions options;
    options.directory = test::directory;
    for (const std::string& name : names) options.cursors.push_back({name, {}, WhenFull::reject});
    return options;
  }
  static Names many(const std::string& prefix, size_t count) {
    Names names;
    for (size_t i = 0; i < count; i++) names.push_back(prefix + std::to_string(i));
    return names;
  }
  // A new life.
  Status open(const Names& names) {
    journal_ = nullptr;
    Result<std::unique_ptr<Journal>> journal = Journal::open(options(names), {files_, clock_, ledger_, Logger(warnings_), 7});
    if (!journal.is_ok()) return std::move(journal).status();
    journal_ = std::move(*journal);
    return {};
  }
  Status change(const Names& names) { return journal_->change_options(options(names)); }
  RecordPlace append() {
    RecordPlace place;
    journal_->append(test::make_record(ledger_, "body", "acme", 1), [&](Result<Appended> answer) {
      ASSERT_TRUE(answer.is_ok());
      place = answer->place;
    });
    journal_->work();
    return place;
  }
  uint64_t wanted(const std::string& name) { return journal_->cursor_state(journal_->cursor(name)).wanted.records; }

  vigia::test::FaultyFiles files_{1};
  ManualClock clock_;
  MemoryLedger ledger_;
  std::shared_ptr<Warnings> warnings_ = std::make_shared<Warnings>();
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalCursorsTest, WhoIsGoneAndLeftDataIsToldOnceInALife) {
  ASSERT_TRUE(open({"a", "b", "c"}).is_ok());
  RecordPlace place = append();
  journal_->release(journal_->cursor("c"), place, Origin::live);
  journal_->flush();
  ASSERT_TRUE(change({"a"}).is_ok());
  EXPECT_EQ(warnings_->take(), Names{"b"}) << "nothing waits for c";
  ASSERT_TRUE(change({"a"}).is_ok());
  EXPECT_EQ(warnings_->take(), Names{});
  ASSERT_TRUE(open({"a"}).is_ok());
  ASSERT_TRUE(change({"a"}).is_ok()) << "as a pipeline that joins does";
  EXPECT_EQ(warnings_->take(), Names{"b"});
  ASSERT_TRUE(change({"a", "b"}).is_ok());
  EXPECT_EQ(wanted("b"), 1u);
  ASSERT_TRUE(change({"a"}).is_ok());
  EXPECT_EQ(warnings_->take(), Names{"b"}) << "gone again";
}

TEST_F(JournalCursorsTest, OthersMayTakeThePlacesOfThoseNobodyWaitsFor) {
  ASSERT_TRUE(open(many("old", 64)).is_ok());
  RecordPlace place = append();
  for (const std::string& name : many("old", 64)) journal_->release(journal_->cursor(name), place, Origin::live);
  journal_->flush();
  Status status = open(many("new", 64));
  ASSERT_TRUE(status.is_ok()) << status.message();
  append();
  EXPECT_EQ(wanted("new63"), 1u);
}

TEST_F(JournalCursorsTest, AStartWithTooManyFailsAndLeavesEverythingAsItWas) {
  ASSERT_TRUE(open(many("old", 40)).is_ok());
  append();
  Status status = open(many("new", 25));
  EXPECT_EQ(status.code(), StatusCode::resource_exhausted);
  EXPECT_NE(status.message().find("65 exporters would need a place in it, and 64 have one"), std::string::npos) << status.message();
  ASSERT_TRUE(open(many("new", 24)).is_ok());
  ASSERT_TRUE(open(many("old", 40)).is_ok());
  EXPECT_EQ(wanted("old39"), 1u);
}

TEST_F(JournalCursorsTest, AChangeToTooManyChangesNothing) {
  ASSERT_TRUE(open(many("old", 40)).is_ok());
  EXPECT_FALSE(change(many("new", 40)).is_ok());
  append();
  EXPECT_EQ(wanted("old0"), 1u);
  EXPECT_EQ(wanted("old39"), 1u);
  EXPECT_EQ(warnings_->take(), Names{});
  ASSERT_TRUE(change(many("old", 64)).is_ok());
  append();
  EXPECT_EQ(wanted("old0"), 2u);
  EXPECT_EQ(wanted("old63"), 1u);
}

}  // namespace
}  // namespace vigia::journal
