// Scenario: what is known of files meets what is there: after a restart, behind links, without a permission, with more files than may be open.
// Guarantee: every line is delivered, and once.

#include "receivers/filelog/test_rotation.h"

namespace vigia::receivers::test {
namespace {

class KnownFilesTest : public RotationTest {};

TEST_F(KnownFilesTest, ARestartGoesOnWhereThePipelineHadTaken) {
  start();
  logs_.append("app.log", lines(0, 10));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 10));
  logs_.append("app.log", lines(10, 20));
  reader_->look();
  reader_->read_without_delivery();
  restart();
  EXPECT_EQ(reader_->look_and_read(), bodies(10, 20));
}

TEST_F(KnownFilesTest, ARestartAfterRenaming) {
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

TEST_F(KnownFilesTest, ARestartAfterCopyTruncate) {
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

TEST_F(KnownFilesTest, AnotherFileWithTheSameInode) {
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

TEST_F(KnownFilesTest, ALinkThatLeadsElsewhere) {
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

TEST_F(KnownFilesTest, TwoNamesOfOneFileAreOneFile) {
  start("*.log");
  logs_.append("a.log", lines(0, 5));
  std::filesystem::create_symlink(logs_ / "a.log", logs_ / "b.log");
  std::filesystem::create_hard_link(logs_ / "a.log", logs_ / "c.log");
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 5));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
}

TEST_F(KnownFilesTest, AFileThatBecomesADirectoryAndOneThatLosesItsPermission) {
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

TEST_F(KnownFilesTest, MoreFilesThanMayBeOpenAreReadInTurn) {
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

TEST_F(KnownFilesTest, MaxBatchesBoundsHowManyFilesAreRead) {
  start("*.log", "max_concurrent_files: 4\nmax_batches: 1\n");
  for (int i = 0; i < 5; i++) logs_.append("f" + std::to_string(i) + ".log", lines(i, i + 1));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 2));
}

TEST_F(KnownFilesTest, AFileIsDeletedOnceItWasDelivered) {
  start("*.log", "delete_after_read: true\n");
  logs_.append("a.log", lines(0, 5));
  reader_->look();
  reader_->read_without_delivery();
  reader_->look();
  EXPECT_TRUE(std::filesystem::exists(logs_ / "a.log"));
  EXPECT_EQ(reader_->read_all(), bodies(0, 5));
  EXPECT_FALSE(std::filesystem::exists(logs_ / "a.log"));
}

TEST_F(KnownFilesTest, StartingAtTheEndLeavesOutWhatWasThere) {
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

TEST_F(KnownFilesTest, DamagedPositionsAreNotBelieved) {
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
