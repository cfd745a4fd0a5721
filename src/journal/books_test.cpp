// The journal's books: who still wants what.

#include "journal/books.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace vigia::journal {
namespace {

class BooksTest : public ::testing::Test {
 protected:
  void begin_file(uint64_t number) { books_.begin_file({{number, number}, next_, next_, 1000, static_cast<int64_t>(number)}); }
  RecordPlace add(uint64_t items = 1, int64_t received_ns = 0) {
    RecordPlace place{books_.newest_file().identity.number, next_, 0, items, 100 * items, received_ns};
    EXPECT_EQ(books_.add(place.amount(), received_ns), next_);
    next_++;
    return place;
  }
  uint32_t cursor(const std::string& name) {
    uint32_t index = books_.find_or_add_cursor(name);
    books_.set_active(index, true);
    return index;
  }

  Books books_;
  uint64_t next_ = 1;
};

TEST_F(BooksTest, AFileIsFinishedWhenAllCursorsHaveReleasedAllOfIt) {
  uint32_t a = cursor("a"), b = cursor("b");
  begin_file(1);
  RecordPlace first = add(3), second = add(5);
  begin_file(2);
  RecordPlace third = add();
  EXPECT_EQ(books_.cursor(a).wanted, (Amount{3, 9, 900}));
  for (uint32_t each : {a, b}) EXPECT_TRUE(books_.release(each, first));
  EXPECT_TRUE(books_.release(a, second));
  EXPECT_TRUE(books_.finished_files().empty());
  EXPECT_TRUE(books_.release(b, second));
  ASSERT_EQ(books_.finished_files().size(), 1u);
  EXPECT_EQ(books_.finished_files()[0].number, 1u);
  EXPECT_FALSE(books_.release(b, second)) << "twice";
  EXPECT_EQ(books_.cursor(b).wanted, (Amount{1, 1, 100}));
  books_.release(a, third);
  books_.release(b, third);
  EXPECT_EQ(books_.finished_files().size(), 1u) << "the newest file stays";
}

TEST_F(BooksTest, WhatIsTakenIsNotWaitingUntilItIsGivenBack) {
  uint32_t a = cursor("a");
  begin_file(1);
  RecordPlace first = add(), second = add();
  EXPECT_EQ(books_.next_waiting(a, {})->number, first.number);
  EXPECT_TRUE(books_.take(a, first));
  EXPECT_FALSE(books_.take(a, first));
  EXPECT_EQ(books_.next_waiting(a, {})->number, second.number);
  EXPECT_TRUE(books_.release(a, second));
  EXPECT_FALSE(books_.next_waiting(a, {}).has_value());
  EXPECT_EQ(books_.cursor(a).held, (Amount{1, 1, 100}));
  EXPECT_TRUE(books_.give_back(a, first));
  EXPECT_EQ(books_.cursor(a).held, Amount{});
  EXPECT_EQ(books_.next_waiting(a, {})->number, first.number);
}

TEST_F(BooksTest, ANewCursorGetsWhatComesAfterTheNextFileBegins) {
  cursor("old");
  begin_file(1);
  add();
  uint32_t fresh = cursor("fresh");
  add();
  EXPECT_EQ(books_.cursor(fresh).wanted, Amount{});
  begin_file(2);
  RecordPlace third = add();
  EXPECT_EQ(books_.next_waiting(fresh, {})->number, third.number);
}

TEST_F(BooksTest, DroppingTheOldestSparesWhatIsInTheAir) {
  uint32_t a = cursor("a");
  begin_file(1);
  RecordPlace first = add(), second = add(2), third = add(4);
  begin_file(2);
  add(8);
  books_.take(a, second);
  std::optional<Books::Dropped> dropped = books_.drop_oldest(a);
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->amount, (Amount{2, 5, 500}));
  ASSERT_EQ(dropped->ranges.size(), 2u);
  EXPECT_EQ(dropped->ranges[0].first, first.number);
  EXPECT_EQ(dropped->ranges[1].first, third.number);
  EXPECT_EQ(books_.cursor(a).wanted, (Amount{2, 10, 1000}));
  EXPECT_TRUE(books_.finished_files().empty());
  books_.release(a, second);
  EXPECT_EQ(books_.finished_files().size(), 1u);
  EXPECT_EQ(books_.drop_oldest(a)->amount, (Amount{1, 8, 800}));
  EXPECT_FALSE(books_.drop_oldest(a));
}

TEST_F(BooksTest, LostRecordsDoNotKeepAFile) {
  uint32_t a = cursor("a");
  begin_file(1);
  RecordPlace first = add(7);
  add(9);
  begin_file(2);
  EXPECT_EQ(books_.lose(1, first.number + 1, 1), 1u);
  EXPECT_EQ(books_.lose(1, first.number + 1, 1), 0u) << "only once";
  books_.release(a, first);
  EXPECT_EQ(books_.cursor(a).wanted, Amount{});
  EXPECT_EQ(books_.finished_files().size(), 1u);
}

TEST_F(BooksTest, TheAgeOfTheOldestIsKnownWithinASecond) {
  uint32_t a = cursor("a");
  begin_file(1);
  constexpr int64_t second_ns = 1'000'000'000;
  std::vector<RecordPlace> places;
  for (int i = 0; i < 5000; i++) places.push_back(add(1, i * second_ns / 10));
  EXPECT_EQ(books_.oldest_ns(a), 0);
  for (int i = 0; i < 4321; i++) books_.release(a, places[static_cast<size_t>(i)]);
  EXPECT_NEAR(static_cast<double>(books_.oldest_ns(a)), 432.1 * second_ns, 4.0 * second_ns);
}

// The checkpoint holds all but what is in the air; everything else about random books must survive it.
TEST_F(BooksTest, ACheckpointTellsTheSameAsTheBooksAndAsAPlainModel) {
  for (uint64_t seed = 0; seed < 200; seed++) {
    SCOPED_TRACE(seed);
    Random random(seed);
    books_ = {};
    next_ = 1;
    std::vector<std::string> names = {"a", "b", "c"};
    std::vector<std::set<uint64_t>> wanted(names.size());
    std::vector<RecordPlace> places;
    uint64_t files = 0;
    for (const std::string& name : names) cursor(name);
    begin_file(++files);
    for (int step = 0; step < 300; step++) {
      uint64_t dice = random.below(20);
      if (dice == 0) begin_file(++files);
      if (dice < 10) {
        places.push_back(add(random.below(5)));
        for (std::set<uint64_t>& one : wanted) one.insert(places.back().number);
      } else if (!places.empty()) {
        auto index = static_cast<uint32_t>(random.below(names.size()));
        const RecordPlace& place = places[random.below(places.size())];
        EXPECT_EQ(books_.release(index, place), wanted[index].erase(place.number) == 1);
      }
    }
    std::optional<Books> copy = Books::decode(books_.encode());
    ASSERT_TRUE(copy);
    for (uint32_t index = 0; index < names.size(); index++) {
      EXPECT_EQ(copy->cursor(index).name, names[index]);
      EXPECT_EQ(copy->cursor(index).wanted, books_.cursor(index).wanted);
      EXPECT_EQ(copy->cursor(index).wanted.records, wanted[index].size());
      std::set<uint64_t> found;
      Books::Position from;
      while (std::optional<Books::Position> next = copy->next_waiting(index, from)) {
        found.insert(next->number);
        from = {next->file, next->number + 1};
      }
      EXPECT_EQ(found, wanted[index]);
    }
    EXPECT_EQ(copy->size_bytes(), books_.size_bytes());
  }
}

TEST_F(BooksTest, BrokenCheckpointsAreRefused) {
  cursor("a");
  begin_file(1);
  add();
  std::string checkpoint = books_.encode();
  for (size_t size = 0; size < checkpoint.size(); size++) EXPECT_FALSE(Books::decode(checkpoint.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(Books::decode(checkpoint + "x").has_value());
}

// What stands in a file may be damaged so that its check still fits.
TEST_F(BooksTest, WhatAFileDoesNotHoldIsNotWaiting) {
  uint32_t a = cursor("a");
  begin_file(1);
  add();
  begin_file(2);
  RecordPlace second = add();
  for (uint64_t number : {second.number - 1, second.number + 1, UINT64_MAX}) {
    EXPECT_FALSE(books_.is_waiting(a, 2, number)) << number;
    EXPECT_FALSE(books_.take(a, {2, number, 0, 1, 100, 0})) << number;
  }
  EXPECT_TRUE(books_.take(a, second));
}

TEST_F(BooksTest, NoTimeOfReceiptIsTooStrange) {
  uint32_t a = cursor("a");
  begin_file(1);
  for (int64_t received_ns : {INT64_MAX, INT64_MIN, INT64_MAX}) add(1, received_ns);
  EXPECT_GE(books_.oldest_ns(a), 0);
}

TEST_F(BooksTest, AFileThatIsShorterThanTheBooksSayHoldsFewerRecords) {
  uint32_t a = cursor("a");
  begin_file(1);
  std::vector<RecordPlace> places;
  for (int i = 0; i < 100; i++) places.push_back(add());
  begin_file(2);
  RecordPlace last = add();
  books_.release(a, places[3]);
  books_.release(a, places[90]);
  EXPECT_EQ(books_.fit_file(1, 2000), 75u) << "there are 1000 bytes from the beginning";
  EXPECT_EQ(books_.cursor(a).wanted.records, 24u + 1);
  EXPECT_EQ(books_.fit_file(1, 0), 25u);
  EXPECT_EQ(books_.cursor(a).wanted, (Amount{1, 1, 100}));
  EXPECT_EQ(books_.next_waiting(a, {})->number, last.number);
  EXPECT_EQ(books_.finished_files().size(), 1u);
}

}  // namespace
}  // namespace vigia::journal
