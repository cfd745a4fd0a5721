// Scenario: logs are rotated by renaming, and by copying and cutting; between two looks, with names that match and with names that do not. Guarantee: every line is delivered, and once.

#include "receivers/filelog/test_rotation.h"

namespace vigia::receivers::test {
namespace {

TEST_F(RotationTest, ARenamedFileIsReadToItsEndAndNotAgain) {
  start();
  logs_.append("app.log", lines(0, 10));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
  logs_.append("app.log", lines(10, 15));
  logs_.rename("app.log", "app.log.1");
  logs_.append("app.log", lines(100, 105));
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(joined(bodies(10, 15), bodies(100, 105))));
  logs_.append("app.log.1", lines(15, 17));
  EXPECT_EQ(reader_->look_and_read(), bodies(15, 17));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
}

TEST_F(RotationTest, ARenamedFileIsReadToItsEndWhenItsNameDoesNotMatch) {
  start("app.log");
  logs_.append("app.log", lines(0, 10));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
  logs_.append("app.log", lines(10, 15));
  logs_.rename("app.log", "old");
  EXPECT_EQ(reader_->look_and_read(), bodies(10, 15));
  logs_.append("app.log", lines(100, 101));
  logs_.append("old", lines(15, 16));
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(joined(bodies(15, 16), bodies(100, 101))));
  kit_.advance_ms(70'000);
  reader_->look();
  reader_->look();
  EXPECT_EQ(reader_->read_all(), Bodies());
}

TEST_F(RotationTest, SeveralRotationsBetweenTwoLooks) {
  start();
  logs_.append("app.log", lines(0, 10));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
  logs_.append("app.log", lines(10, 20));
  logs_.rename("app.log", "app.log.1");
  logs_.append("app.log", lines(20, 30));
  logs_.rename("app.log.1", "app.log.2");
  logs_.rename("app.log", "app.log.1");
  logs_.append("app.log", lines(30, 40));
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(bodies(10, 40)));
}

TEST_F(RotationTest, FilesThatMatchedForAMomentOnlyAreReadWhenSomebodyToldOfIt) {
  start("app.log");
  logs_.append("app.log", lines(0, 10));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
  auto rotate = [&](const std::string& from, const std::string& to) {
    logs_.rename(from, to);
    reader_->files().note_rename(logs_ / from, logs_ / to);
  };
  rotate("app.log", "app.log.1");
  for (int i = 1; i < 4; i++) {
    logs_.append("app.log", lines(10 * i, 10 * i + 10));
    for (int number = i; number > 0; number--) rotate("app.log." + std::to_string(number), "app.log." + std::to_string(number + 1));
    rotate("app.log", "app.log.1");
  }
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(bodies(10, 40)));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
}

TEST_F(RotationTest, ARemovedFileIsReadToItsEnd) {
  start();
  logs_.append("app.log", lines(0, 5));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  logs_.append("app.log", lines(5, 8));
  logs_.remove("app.log");
  EXPECT_EQ(reader_->look_and_read(), bodies(5, 8));
}

TEST_F(RotationTest, CopyTruncateGivesEachLineOnce) {
  start();
  logs_.append("app.log", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  logs_.append("app.log", lines(100, 120));
  logs_.copy("app.log", "app.log.1");
  logs_.truncate("app.log");
  logs_.append("app.log", lines(200, 205));
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(joined(bodies(100, 120), bodies(200, 205))));
  for (int i = 0; i < 3; i++) {
    kit_.advance_ms(10'000);
    EXPECT_EQ(reader_->look_and_read(), Bodies());
  }
}

TEST_F(RotationTest, CopyTruncateSeenInTheMiddle) {
  start();
  logs_.append("app.log", lines(0, 300));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 300));
  // Half of the copy is there, then all of it, and the log goes on meanwhile.
  logs_.append("app.log.1", logs_.read("app.log").substr(0, 200));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  logs_.append("app.log", lines(300, 310));
  EXPECT_EQ(reader_->look_and_read(), bodies(300, 310));
  logs_.append("app.log", lines(310, 320));
  logs_.copy("app.log", "app.log.1");
  EXPECT_EQ(reader_->look_and_read(), bodies(310, 320));
  logs_.append("app.log", lines(320, 321));
  logs_.copy("app.log", "app.log.1");
  logs_.truncate("app.log");
  EXPECT_EQ(reader_->look_and_read(), bodies(320, 321));
  logs_.append("app.log", lines(400, 401));
  EXPECT_EQ(reader_->look_and_read(), bodies(400, 401));
}

// The Collector waits until the file has grown beyond the old place, and loses what comes before it.
TEST_F(RotationTest, AFileThatWasCutGoesOnFromItsBeginning) {
  start("app.log");
  logs_.append("app.log", lines(0, 1000));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 1000));
  logs_.truncate("app.log");
  logs_.append("app.log", lines(5000, 5003));
  EXPECT_EQ(reader_->look_and_read(), bodies(5000, 5003));
}

TEST_F(RotationTest, AFileThatWasCutAndIsLongerThanBeforeIsReadFromItsBeginning) {
  start("app.log");
  logs_.append("app.log", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  logs_.truncate("app.log");
  logs_.append("app.log", lines(5000, 5500));
  EXPECT_EQ(reader_->look_and_read(), bodies(5000, 5500));
}

TEST_F(RotationTest, WhatToDoWithACutFileCanBeChosen) {
  start("app.log", "on_truncate: read_new\n");
  logs_.append("app.log", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  logs_.truncate("app.log");
  logs_.append("app.log", lines(200, 205));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  logs_.append("app.log", lines(205, 207));
  EXPECT_EQ(reader_->look_and_read(), bodies(205, 207));
}

TEST_F(RotationTest, ACutFileCanBeIgnoredUntilItHasGrown) {
  start("app.log", "on_truncate: ignore\n");
  logs_.append("app.log", "0123456789\n");
  EXPECT_EQ(reader_->look_and_read(), Bodies{"0123456789"});
  logs_.truncate("app.log");
  logs_.append("app.log", "a\n");
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  logs_.append("app.log", "bcdefgh\nnew\n");
  EXPECT_EQ(reader_->look_and_read(), Bodies{"ew"});
}

TEST_F(RotationTest, ManyFilesThatBeginAlikeAreAllRead) {
  start("*.log", "fingerprint_size: 100\n");
  std::string banner = lines(0, 50, "the same banner");
  for (int i = 0; i < 20; i++) logs_.append("service" + std::string(1, static_cast<char>('a' + i)) + ".log", banner);
  EXPECT_EQ(reader_->look_and_read().size(), 20 * 50U);
  for (int i = 0; i < 20; i++) logs_.append("service" + std::string(1, static_cast<char>('a' + i)) + ".log", lines(i, i + 1));
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(bodies(0, 20)));
  // One that comes later, too.
  logs_.append("late.log", banner);
  EXPECT_EQ(reader_->look_and_read().size(), 50U);
}

TEST_F(RotationTest, NumberedLogsThatAreAlikeAreReadAfterAWhile) {
  start("*.log");
  logs_.append("app-1.log", lines(0, 5));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  logs_.append("app-2.log", lines(0, 5));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  kit_.advance_ms(6'000);
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
}

TEST_F(RotationTest, NumberedLogsThatPartWaysAreReadAtOnce) {
  start("*.log");
  logs_.append("app-1.log", lines(0, 5));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  logs_.append("app-2.log", lines(0, 5));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  logs_.append("app-2.log", "something else\n");
  logs_.append("app-1.log", "and else\n");
  EXPECT_EQ(reader_->look_and_read(), Bodies{"and else"});
  EXPECT_EQ(reader_->look_and_read(), joined(bodies(0, 5), {"something else"}));
}

// Scenario: where a directory of logs should be there is something else, and a link leads in a circle.
TEST_F(RotationTest, WhatCannotBeLookedAtIsToldOnceAndReadWhenItCan) {
  logs_.append("app", "no directory");
  start("app/*.log");
  for (int i = 0; i < 3; i++) EXPECT_EQ(reader_->look_and_read(), Bodies());
  EXPECT_EQ(kit_.sink->count("cannot list"), 1U);
  logs_.remove("app");
  std::filesystem::create_directories(logs_ / "app");
  std::filesystem::create_symlink("circle.log", logs_ / "app/circle.log");
  logs_.append("app/good.log", lines(0, 2));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 2));
  reader_->look_and_read();
  EXPECT_EQ(kit_.sink->count("circle.log"), 1U);
  // It is told again when it happens again.
  std::filesystem::remove_all(logs_ / "app");
  logs_.append("app", "no directory");
  reader_->look_and_read();
  EXPECT_EQ(kit_.sink->count("cannot list"), 2U);
}

}  // namespace
}  // namespace vigia::receivers::test
