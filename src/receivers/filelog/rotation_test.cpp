// Scenario: logs are rotated by renaming, by copying and cutting, and by packing; between two looks, while the reader is away, with names that
// match and with names that do not. Guarantee: every line is delivered, and once.

#include <gtest/gtest.h>

#include <algorithm>

#include "receivers/filelog/test_log_directory.h"

namespace vigia::receivers::test {
namespace {

using Bodies = std::vector<std::string>;

Bodies sorted(Bodies all) {
  std::sort(all.begin(), all.end());
  return all;
}
Bodies joined(Bodies one, const Bodies& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

class RotationTest : public testing::Test {
 protected:
  RotationTest() : logs_(testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  FilelogConfig config(const std::string& pattern = "app.log*", const std::string& more = "") {
    return config_of("include: ['" + logs_ / pattern + "']\nstart_at: beginning\ncompression: auto\n" + more);
  }
  void start(const std::string& pattern = "app.log*", const std::string& more = "") {
    reader_ = std::make_unique<Reader>(kit_, config(pattern, more));
  }
  // Away and back, with what was delivered.
  void restart(const std::string& pattern = "app.log*", const std::string& more = "") {
    std::string positions = reader_->positions();
    start(pattern, more);
    reader_->restore(positions);
  }

  pipeline::test::Kit kit_;
  LogDirectory logs_;
  std::unique_ptr<Reader> reader_;
};

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

TEST_F(RotationTest, APackedFileIsNotReadAgain) {
  for (Compression compression : {Compression::gzip, Compression::zstd}) {
    for (const char* name : {"app.log", "app.log.1", "app.log.2.gz"}) logs_.remove(name);
    start();
    logs_.append("app.log", lines(0, 500));
    EXPECT_EQ(reader_->look_and_read(), bodies(0, 500));
    logs_.rename("app.log", "app.log.1");
    logs_.append("app.log", lines(600, 601));
    EXPECT_EQ(reader_->look_and_read(), bodies(600, 601));
    logs_.compress("app.log.1", "app.log.2.gz", compression);
    for (int i = 0; i < 3; i++) {
      EXPECT_EQ(reader_->look_and_read(), Bodies());
      kit_.advance_ms(6'000);
    }
  }
}

TEST_F(RotationTest, OfAPackedFileTheRestIsReadThatNobodyHadReadBefore) {
  start();
  logs_.append("app.log", lines(0, 500));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 500));
  std::string positions = reader_->positions();
  reader_.reset();
  logs_.append("app.log", lines(500, 700));
  logs_.compress("app.log", "app.log.1.gz");
  start();
  reader_->restore(positions);
  EXPECT_EQ(reader_->look_and_read(), bodies(500, 700));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
}

TEST_F(RotationTest, APackedFileThatIsStillBeingWritten) {
  start();
  logs_.append("app.log.1", lines(0, 3000));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 3000));
  logs_.write_packed("whole", lines(0, 3000));
  std::string whole = logs_.read("whole");
  for (size_t part = 0; part < 3; part++) {
    logs_.append("app.log.1.gz", whole.substr(part * whole.size() / 3, (part + 1) * whole.size() / 3 - part * whole.size() / 3));
    EXPECT_EQ(reader_->look_and_read(), Bodies()) << part;
  }
  logs_.remove("app.log.1");
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(reader_->look_and_read(), Bodies());
    kit_.advance_ms(6'000);
  }
}

TEST_F(RotationTest, APackedFileOfItsOwnIsReadAndMayGrow) {
  start();
  logs_.write_packed("app.log.gz", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  logs_.write_packed("app.log.gz", lines(100, 110));
  EXPECT_EQ(reader_->look_and_read(), bodies(100, 110));
}

TEST_F(RotationTest, APackedFileIsLeftAloneWhereThatIsNotWanted) {
  reader_ = std::make_unique<Reader>(kit_, config_of("include: ['" + logs_ / "*" + "']\nstart_at: beginning"));
  logs_.write_packed("app.log.gz", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  EXPECT_EQ(kit_.sink->count("compression: auto"), 1U);
}

TEST_F(RotationTest, ADamagedPackedFileIsToldOnceAndHoldsNothingUp) {
  start();
  logs_.write_packed("app.log.gz", lines(0, 3000));
  std::string whole = logs_.read("app.log.gz");
  for (size_t i = whole.size() / 2; i < whole.size(); i++) whole[i] = static_cast<char>(whole[i] ^ 0x55);
  logs_.remove("app.log.gz");
  logs_.append("app.log.gz", whole);
  logs_.append("app.log", lines(0, 3, "other"));
  Bodies all = reader_->look_and_read();
  EXPECT_EQ(std::count(all.begin(), all.end(), "other 0"), 1);
  for (int i = 0; i < 5; i++) reader_->look_and_read();
  EXPECT_LE(kit_.sink->count("cannot read a log file"), 2U);
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

TEST_F(RotationTest, ARestartGoesOnWhereThePipelineHadTaken) {
  start();
  logs_.append("app.log", lines(0, 10));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
  logs_.append("app.log", lines(10, 20));
  reader_->look();
  reader_->read_without_delivery();
  restart();
  EXPECT_EQ(reader_->look_and_read(), bodies(10, 20));
}

TEST_F(RotationTest, ARestartAfterRenaming) {
  for (const std::string pattern : {"app.log*", "app.log"}) {
    for (const char* name : {"app.log", "app.log.1"}) logs_.remove(name);
    start(pattern);
    logs_.append("app.log", lines(0, 10));
    EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
    std::string positions = reader_->positions();
    reader_.reset();
    logs_.append("app.log", lines(10, 20));
    logs_.rename("app.log", "app.log.1");
    logs_.append("app.log", lines(20, 25));
    start(pattern);
    reader_->restore(positions);
    EXPECT_EQ(sorted(reader_->look_and_read()), bodies(10, 25)) << pattern;
    restart(pattern);
    EXPECT_EQ(reader_->look_and_read(), Bodies()) << pattern;
  }
}

TEST_F(RotationTest, ARestartAfterCopyTruncate) {
  start();
  logs_.append("app.log", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  std::string positions = reader_->positions();
  reader_.reset();
  logs_.append("app.log", lines(100, 110));
  logs_.copy("app.log", "app.log.1");
  logs_.truncate("app.log");
  logs_.append("app.log", lines(110, 400));
  start();
  reader_->restore(positions);
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(bodies(100, 400)));
  restart();
  EXPECT_EQ(reader_->look_and_read(), Bodies());
}

TEST_F(RotationTest, AnotherFileWithTheSameInode) {
  start();
  logs_.append("app.log", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  std::string positions = reader_->positions();
  reader_.reset();
  // What a file system does that gives a number again, made certain.
  logs_.truncate("app.log");
  logs_.append("app.log", lines(0, 300, "other"));
  logs_.rename("app.log", "app.log.new");
  start();
  reader_->restore(positions);
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 300, "other"));
}

TEST_F(RotationTest, ALinkThatLeadsElsewhere) {
  start("link.log");
  logs_.append("first", lines(0, 5));
  logs_.append("second", lines(10, 15));
  std::filesystem::create_symlink(logs_ / "first", logs_ / "link.log");
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  logs_.append("first", lines(5, 7));
  std::filesystem::create_symlink(logs_ / "second", logs_ / "new");
  logs_.rename("new", "link.log");
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(joined(bodies(5, 7), bodies(10, 15))));
}

TEST_F(RotationTest, TwoNamesOfOneFileAreOneFile) {
  start("*.log");
  logs_.append("a.log", lines(0, 5));
  std::filesystem::create_symlink(logs_ / "a.log", logs_ / "b.log");
  std::filesystem::create_hard_link(logs_ / "a.log", logs_ / "c.log");
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
}

TEST_F(RotationTest, AFileThatBecomesADirectoryAndOneThatLosesItsPermission) {
  start("*.log");
  logs_.append("a.log", lines(0, 5));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  logs_.remove("a.log");
  std::filesystem::create_directories(logs_ / "a.log");
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  std::filesystem::remove(logs_ / "a.log");
  logs_.append("a.log", lines(10, 12));
  EXPECT_EQ(reader_->look_and_read(), bodies(10, 12));
}

TEST_F(RotationTest, MoreFilesThanMayBeOpenAreReadInTurn) {
  start("*.log", "max_concurrent_files: 4\n");
  for (int i = 0; i < 30; i++) logs_.append("f" + std::to_string(100 + i) + ".log", lines(i * 10, i * 10 + 10));
  Bodies all;
  for (int round = 0; round < 40; round++) all = joined(std::move(all), reader_->look_and_read());
  EXPECT_EQ(sorted(all), sorted(bodies(0, 300)));
  // Closed ones go on, also when they were renamed meanwhile.
  for (int i = 0; i < 30; i++) logs_.append("f" + std::to_string(100 + i) + ".log", lines(1000 + i, 1001 + i));
  for (int i = 0; i < 30; i += 3) logs_.rename("f" + std::to_string(100 + i) + ".log", "f" + std::to_string(100 + i) + ".old");
  all.clear();
  for (int round = 0; round < 40; round++) all = joined(std::move(all), reader_->look_and_read());
  EXPECT_EQ(sorted(all), sorted(bodies(1000, 1030)));
}

TEST_F(RotationTest, MaxBatchesBoundsHowManyFilesAreRead) {
  start("*.log", "max_concurrent_files: 4\nmax_batches: 1\n");
  for (int i = 0; i < 5; i++) logs_.append("f" + std::to_string(i) + ".log", lines(i, i + 1));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 2));
}

TEST_F(RotationTest, AFileIsDeletedOnceItWasDelivered) {
  start("*.log", "delete_after_read: true\n");
  logs_.append("a.log", lines(0, 5));
  reader_->look();
  reader_->read_without_delivery();
  reader_->look();
  EXPECT_TRUE(std::filesystem::exists(logs_ / "a.log"));
  EXPECT_EQ(reader_->read_all(), bodies(0, 5));
  EXPECT_FALSE(std::filesystem::exists(logs_ / "a.log"));
}

TEST_F(RotationTest, StartingAtTheEndLeavesOutWhatWasThere) {
  reader_ = std::make_unique<Reader>(kit_, config_of("include: ['" + logs_ / "*" + "']"));
  logs_.append("app.log", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  logs_.append("app.log", lines(100, 110));
  logs_.append("new.log", lines(500, 501));
  EXPECT_EQ(sorted(reader_->look_and_read()), sorted(joined(bodies(100, 110), bodies(500, 501))));
  logs_.copy("app.log", "app.log.1");
  logs_.truncate("app.log");
  EXPECT_EQ(reader_->look_and_read(), Bodies()) << "the copy of what was left out is left out";
}

TEST_F(RotationTest, DamagedPositionsAreNotBelieved) {
  start();
  logs_.append("app.log", lines(0, 10));
  reader_->look_and_read();
  std::string positions = reader_->positions();
  for (size_t i = 0; i < positions.size(); i++) {
    std::string damaged = positions;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    KnownFiles known;
    EXPECT_FALSE(read_positions(damaged, known).is_ok()) << i;
    EXPECT_EQ(known.size(), 0U);
  }
  KnownFiles known;
  EXPECT_FALSE(read_positions(std::string_view(positions).substr(0, positions.size() / 2), known).is_ok());
  EXPECT_TRUE(read_positions(positions, known).is_ok());
  EXPECT_EQ(write_positions(known), positions);
}

}  // namespace
}  // namespace vigia::receivers::test
