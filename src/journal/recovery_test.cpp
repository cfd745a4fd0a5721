// A journal's directory after a start: nothing that was synced is missing, nothing torn is taken for damage, nothing void comes back.

#include "journal/recovery.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "journal/coding.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

using test::LogBuilder;

class RecoveryTest : public ::testing::Test {
 protected:
  Recovered recover() {
    damage_ = std::make_unique<DamageKeeper>(files_, test::directory, Logger());
    Result<Recovered> recovered = journal::recover(files_, test::directory, {"a", "b"}, *damage_, Logger());
    EXPECT_TRUE(recovered.is_ok()) << (recovered.is_ok() ? "" : recovered.status().message());
    return recovered.is_ok() ? std::move(*recovered) : Recovered();
  }
  // The numbers that the first cursor still has to get.
  static std::vector<uint64_t> waiting(const Books& books) {
    std::vector<uint64_t> numbers;
    Books::Position from;
    if (books.cursors().empty()) return numbers;
    while (std::optional<Books::Position> next = books.next_waiting(0, from)) {
      numbers.push_back(next->number);
      from = {next->file, next->number + 1};
    }
    return numbers;
  }
  void activate(const std::string& name) { log_.books.set_active(log_.books.find_or_add_cursor(name), true); }
  size_t damaged_files() {
    size_t count = 0;
    for (const std::string& path : files_.paths()) count += path.ends_with(".damaged");
    return count;
  }

  MemoryLedger ledger_;
  vigia::test::FaultyFiles files_{1};
  LogBuilder log_{files_, ledger_};
  std::unique_ptr<DamageKeeper> damage_;
};

using Numbers = std::vector<uint64_t>;

TEST_F(RecoveryTest, AnEmptyDirectoryIsAFreshJournal) {
  Recovered recovered = recover();
  EXPECT_EQ(recovered.next_file, 1u);
  EXPECT_EQ(recovered.next_record, 1u);
}

TEST_F(RecoveryTest, WhatWasReleasedStaysReleased) {
  activate("a");
  log_.begin_file();
  log_.write({"one", "two", "three"});
  log_.write({"four"}, {{0, 1, 2, 1, 1, 100}});
  ASSERT_TRUE(log_.sync().is_ok());
  files_.crash();
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, 3, 4}));
  EXPECT_EQ(recovered.next_record, 5u);
  EXPECT_EQ(recovered.next_file, 2u);
  EXPECT_EQ(damage_->damaged_bytes(), 0u);
}

TEST_F(RecoveryTest, OlderFilesAreKnownFromTheCheckpointAlone) {
  activate("a");
  log_.begin_file();
  std::vector<RecordPlace> places = log_.write({"one", "two"});
  log_.books.release(0, places[0]);
  std::string first_path = log_.path();
  log_.begin_file();
  log_.write({"three"});
  ASSERT_TRUE(log_.sync().is_ok());
  // Whoever read the old file's records now would stumble.
  files_.damage(first_path, places[0].offset, 8);
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{2, 3}));
  EXPECT_EQ(damage_->damaged_bytes(), 0u);
}

TEST_F(RecoveryTest, ATornTailIsCutAndIsNoDamage) {
  activate("a");
  log_.begin_file();
  log_.write({"one"});
  ASSERT_TRUE(log_.sync().is_ok());
  std::vector<RecordPlace> torn = log_.write({std::string(3000, 'x'), "three"});
  files_.damage(log_.path(), torn[0].offset + 100, 1);
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1}));
  EXPECT_EQ(recovered.next_record, 2u);
  EXPECT_EQ(damaged_files(), 0u);
  EXPECT_EQ(damage_->lost_records(), 0u);
}

TEST_F(RecoveryTest, DamageBelowWhatWasSyncedIsKeptAsideAndCounted) {
  activate("a");
  log_.begin_file();
  std::vector<RecordPlace> places = log_.write({"one", "two", "three"});
  ASSERT_TRUE(log_.sync().is_ok());
  log_.write({"four"});
  ASSERT_TRUE(log_.sync().is_ok());
  files_.damage(log_.path(), places[1].offset, 50);
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, 3, 4}));
  EXPECT_EQ(damage_->lost_records(), 1u);
  EXPECT_EQ(damage_->damaged_bytes(), places[1].bytes);
  EXPECT_EQ(damaged_files(), 1u);
}

// A sync failed: what was not acknowledged was written again to the next file, under the same numbers.
TEST_F(RecoveryTest, WhatTheNextFileBeginsWithIsVoidInTheOneBefore) {
  activate("a");
  log_.begin_file();
  log_.write({"one"});
  ASSERT_TRUE(log_.sync().is_ok());
  Books before = log_.books;
  log_.write({"two", "refused"});
  files_.fail_next_sync();
  ASSERT_FALSE(log_.sync().is_ok());
  log_.books = before;
  log_.next_record = 2;
  log_.begin_file();
  std::vector<RecordPlace> again = log_.write({"two"});
  ASSERT_TRUE(log_.sync().is_ok());
  EXPECT_EQ(waiting(recover().books), (Numbers{1, 2}));
  // The same when the new file's checkpoint is lost, so that the old file has to be read.
  files_.damage(log_.path(), file_header_bytes, 8);
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, 2}));
  EXPECT_EQ(recovered.books.next_waiting(0, {again[0].file, 0})->number, 2u) << "the copy that was acknowledged";
}

// The damage lies right before what a failed sync made void: the void records must not hide that one is missing.
TEST_F(RecoveryTest, DamageBeforeVoidRecordsIsCountedAsLost) {
  activate("a");
  log_.begin_file();
  std::vector<RecordPlace> places = log_.write({"one", "two"});
  ASSERT_TRUE(log_.sync().is_ok());
  Books before = log_.books;
  log_.write({"void"});
  files_.fail_next_sync();
  ASSERT_FALSE(log_.sync().is_ok());
  std::string old_path = log_.path();
  log_.books = before;
  log_.next_record = 3;
  log_.begin_file();
  log_.write({"three"});
  ASSERT_TRUE(log_.sync().is_ok());
  files_.damage(old_path, places[1].offset, 4);
  files_.damage(log_.path(), file_header_bytes, 8);  // so that the old file has to be read
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, 3}));
  EXPECT_EQ(damage_->lost_records(), 1u);
}

TEST_F(RecoveryTest, AFileThatWasOnlyBegunIsForgotten) {
  activate("a");
  log_.begin_file();
  log_.write({"one"});
  ASSERT_TRUE(log_.sync().is_ok());
  std::string torn = std::string(test::directory) + "/" + FileIdentity{2, 5}.name();
  ASSERT_TRUE(files_.open_file(torn, FileMode::create).is_ok());
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1}));
  EXPECT_EQ(recovered.next_file, 3u);
  EXPECT_FALSE(files_.exists(torn));
}

TEST_F(RecoveryTest, AFinishedFileWhoseRemovalWasNotSafeIsRemovedAgain) {
  activate("a");
  log_.begin_file();
  std::vector<RecordPlace> places = log_.write({"one"});
  std::string first_path = log_.path();
  log_.books.release(0, places[0]);
  log_.begin_file();
  log_.books.remove_file(1);
  log_.begin_file();
  log_.write({"two"});
  ASSERT_TRUE(log_.sync().is_ok());
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{2}));
  EXPECT_FALSE(files_.exists(first_path));
}

TEST_F(RecoveryTest, WithoutAnyCheckpointEverybodyGetsEverything) {
  activate("a");
  log_.begin_file();
  log_.write({"one", "two"});
  ASSERT_TRUE(log_.sync().is_ok());
  files_.damage(log_.path(), file_header_bytes, 8);
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, 2}));
  ASSERT_EQ(recovered.books.cursors().size(), 2u);
  EXPECT_EQ(recovered.books.cursor(1).wanted.records, 2u);
}

TEST_F(RecoveryTest, ANewerProgramsFileIsRefusedAndLeftAlone) {
  FileHeader header{{1, 7}, 1, 0};
  std::string bytes = encode_file_header(header);
  put_at<uint32_t>(bytes.data() + 8, format_version + 1);
  put_at(bytes.data() + 56, hash64(std::string_view(bytes).substr(0, 56), 7));
  std::string path = std::string(test::directory) + "/" + header.identity.name();
  ASSERT_TRUE(files_.write_file_atomically(path, bytes).is_ok());
  DamageKeeper damage(files_, test::directory, Logger());
  Result<Recovered> recovered = journal::recover(files_, test::directory, {}, damage, Logger());
  ASSERT_FALSE(recovered.is_ok());
  EXPECT_NE(recovered.status().message().find("was written by a newer one"), std::string::npos) << recovered.status().message();
  EXPECT_TRUE(files_.exists(path));
}

// A file whose directory could not be made safe is given up and not seen any more; the next one takes its number. A power cut brings it back.
TEST_F(RecoveryTest, AFileThatCameBackDoesNotHideTheOneThatTookItsNumber) {
  for (uint64_t ghost_nonce : {uint64_t{1}, uint64_t{0xFFFFFFFFFF}}) {
    vigia::test::FaultyFiles files(ghost_nonce);
    MemoryLedger ledger;
    test::LogBuilder builder(files, ledger);
    builder.books.set_active(builder.books.find_or_add_cursor("a"), true);
    std::string checkpoint = builder.books.encode();
    ASSERT_TRUE(LogWriter::create(files, test::directory, {{1, ghost_nonce}, 1, 0}, checkpoint).is_ok());
    builder.begin_file();
    builder.write({"one", "two"});
    ASSERT_TRUE(builder.sync().is_ok());
    DamageKeeper damage(files, test::directory, Logger());
    Result<Recovered> recovered = journal::recover(files, test::directory, {"a"}, damage, Logger());
    ASSERT_TRUE(recovered.is_ok());
    EXPECT_EQ(recovered->books.cursor(0).wanted.records, 2u);
  }
}

// Its header's check fits, and still nobody has written so many: what is missing is counted, not gone through.
TEST_F(RecoveryTest, AnAbsurdFirstRecordOfTheNextFileCostsNothing) {
  activate("a");
  log_.begin_file();
  log_.write({"one"});
  ASSERT_TRUE(log_.sync().is_ok());
  log_.next_record = uint64_t{1} << 61;
  log_.begin_file();
  log_.write({"far away"});
  ASSERT_TRUE(log_.sync().is_ok());
  files_.damage(log_.path(), file_header_bytes, 8);  // so that the old file has to be read
  Recovered recovered = recover();
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, uint64_t{1} << 61}));
  EXPECT_EQ(damage_->lost_records(), (uint64_t{1} << 61) - 2);
}

TEST_F(RecoveryTest, WhatTheCheckpointSaysOfAFileIsNoMoreThanItCanHold) {
  activate("a");
  log_.begin_file();
  log_.write({"one", "two"});
  ASSERT_TRUE(log_.sync().is_ok());
  log_.books.skip_to(uint64_t{1} << 20);
  log_.books.set_file_size(1, uint64_t{1} << 40);
  uint64_t size = log_.writer().size_bytes();
  log_.begin_file();
  log_.write({"three"});
  ASSERT_TRUE(log_.sync().is_ok());
  Recovered recovered = recover();
  EXPECT_EQ(recovered.books.find_file(1)->size_bytes, size);
  EXPECT_LE(recovered.books.find_file(1)->end_record, 1 + size / frame_header_bytes);
  EXPECT_EQ(waiting(recovered.books), (Numbers{1, 2, 3}));
  EXPECT_EQ(recovered.books.cursor(0).wanted.records, 3u);
}

}  // namespace
}  // namespace vigia::journal
