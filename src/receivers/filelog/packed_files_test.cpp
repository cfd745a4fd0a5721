// Scenario: logs are packed after they were read, before, half-way, and damaged. Guarantee: what is in them is delivered, and once.

#include "receivers/filelog/test_rotation.h"

namespace vigia::receivers::test {
namespace {

class PackedFilesTest : public RotationTest {};

TEST_F(PackedFilesTest, APackedFileIsNotReadAgain) {
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

TEST_F(PackedFilesTest, OfAPackedFileTheRestIsReadThatNobodyHadReadBefore) {
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

TEST_F(PackedFilesTest, APackedFileThatIsStillBeingWritten) {
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

TEST_F(PackedFilesTest, APackedFileOfItsOwnIsReadAndMayGrow) {
  start();
  logs_.write_packed("app.log.gz", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), bodies(0, 100));
  logs_.write_packed("app.log.gz", lines(100, 110));
  EXPECT_EQ(reader_->look_and_read(), bodies(100, 110));
}

TEST_F(PackedFilesTest, APackedFileIsLeftAloneWhereThatIsNotWanted) {
  reader_ = std::make_unique<Reader>(kit_, config_of("include: ['" + logs_ / "*" + "']\nstart_at: beginning"));
  logs_.write_packed("app.log.gz", lines(0, 100));
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  EXPECT_EQ(reader_->look_and_read(), Bodies());
  EXPECT_EQ(kit_.sink->count("compression: auto"), 1U);
}

TEST_F(PackedFilesTest, ADamagedPackedFileIsToldOnceAndHoldsNothingUp) {
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

}  // namespace
}  // namespace vigia::receivers::test
