// The machine's own files, and the twin in memory whose disk misbehaves.

#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/test_faulty_files.h"

namespace vigia {
namespace {

class SystemFilesTest : public ::testing::Test {
 protected:
  SystemFilesTest() : directory_(::testing::TempDir() + "files_test_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    EXPECT_TRUE(files_.create_directories(directory_).is_ok());
  }
  ~SystemFilesTest() override { std::filesystem::remove_all(directory_); }

  SystemFiles files_;
  const std::string directory_;
};

TEST_F(SystemFilesTest, ManyPartsAreWrittenInTheirOrderAndReadAgain) {
  std::unique_ptr<File> file = files_.open_file(directory_ + "/f", FileMode::create).value();
  std::vector<std::string> texts;
  std::string expected = "head";
  for (int i = 0; i < 3000; i++) expected += texts.emplace_back(std::to_string(i) + (i % 7 == 0 ? "" : ","));
  texts.emplace_back();
  std::vector<std::string_view> parts(texts.begin(), texts.end());
  std::string_view head = "head";
  ASSERT_TRUE(file->write_at(0, {&head, 1}).is_ok());
  ASSERT_TRUE(file->write_at(4, parts).is_ok());
  ASSERT_TRUE(file->sync().is_ok());
  ASSERT_TRUE(files_.sync_directory(directory_).is_ok());
  EXPECT_EQ(files_.read_file(directory_ + "/f").value(), expected);
  std::string out(expected.size() + 100, '\0');
  EXPECT_EQ(file->read_at(10, out.data(), out.size()).value(), expected.size() - 10);
  EXPECT_EQ(out.substr(0, expected.size() - 10), expected.substr(10));
  EXPECT_EQ(file->read_at(1 << 20, out.data(), 1).value(), 0u);
  ASSERT_TRUE(file->truncate(3).is_ok());
  EXPECT_EQ(file->size_bytes().value(), 3u);
}

TEST_F(SystemFilesTest, ADirectoryIsListedAgainAndAgainAsItIsThen) {
  std::unique_ptr<Directory> directory = files_.open_directory(directory_).value();
  auto names = [&] {
    std::set<std::string> names;
    EXPECT_TRUE(directory->rewind().is_ok());
    std::string_view name;
    for (;;) {
      Result<bool> more = directory->next(name);
      EXPECT_TRUE(more.is_ok());
      if (!more.is_ok() || !*more) return names;
      EXPECT_TRUE(names.emplace(name).second);
    }
  };
  EXPECT_TRUE(names().empty());
  std::set<std::string> expected;
  for (int i = 0; i < 2000; i++) {
    std::string name = "file with a long name so that one call does not give them all " + std::to_string(i);
    ASSERT_TRUE(files_.open_append(directory_ + "/" + name, false).is_ok());
    expected.insert(name);
  }
  EXPECT_EQ(names(), expected);
  ASSERT_TRUE(files_.remove(directory_ + "/" + *expected.begin()).is_ok());
  expected.erase(expected.begin());
  EXPECT_EQ(names(), expected);
  EXPECT_EQ(files_.open_directory(directory_ + "/nothing").status().code(), StatusCode::not_found);
}

TEST_F(SystemFilesTest, TheBeginningOfAFileALinkAndTheSpaceAroundThem) {
  ASSERT_TRUE(files_.write_file_atomically(directory_ + "/f", "0123456789").is_ok());
  char out[16];
  EXPECT_EQ(files_.read_start(directory_ + "/f", out, 4).value(), 4u);
  EXPECT_EQ(std::string(out, 4), "0123");
  EXPECT_EQ(files_.read_start(directory_ + "/f", out, sizeof out).value(), 10u);
  EXPECT_EQ(files_.read_start(directory_ + "/g", out, sizeof out).status().code(), StatusCode::not_found);
  std::filesystem::create_symlink("/some/where", directory_ + "/link");
  EXPECT_EQ(files_.read_link(directory_ + "/link", out, sizeof out).value(), 11u);
  EXPECT_EQ(std::string(out, 11), "/some/where");
  EXPECT_FALSE(files_.read_link(directory_ + "/f", out, sizeof out).is_ok());
  DiskSpace space = files_.disk_space(directory_).value();
  EXPECT_GE(space.total_bytes, space.free_bytes);
  EXPECT_GE(space.free_bytes, space.available_bytes);
  EXPECT_GT(space.total_bytes, 0u);
  EXPECT_FALSE(files_.disk_space(directory_ + "/nothing").is_ok());
}

TEST_F(SystemFilesTest, CreateWantsANewFileAndUpdateAnOldOne) {
  std::string path = directory_ + "/f";
  EXPECT_EQ(files_.open_file(path, FileMode::update).status().code(), StatusCode::not_found);
  EXPECT_EQ(files_.open_file(path, FileMode::read).status().code(), StatusCode::not_found);
  EXPECT_TRUE(files_.open_file(path, FileMode::create).is_ok());
  EXPECT_EQ(files_.open_file(path, FileMode::create).status().code(), StatusCode::already_exists);
  EXPECT_TRUE(files_.open_file(path, FileMode::update).is_ok());
}

TEST_F(SystemFilesTest, AFileOpenedForReadingRefusesToBeWrittenTo) {
  ASSERT_TRUE(files_.write_file_atomically(directory_ + "/f", "text").is_ok());
  auto file = files_.open_file(directory_ + "/f", FileMode::read).value();
  std::string_view part = "x";
  EXPECT_FALSE(file->write_at(0, {&part, 1}).is_ok());
  EXPECT_FALSE(file->truncate(0).is_ok());
  EXPECT_TRUE(file->sync().is_ok());
}

TEST_F(SystemFilesTest, PermissionsAreSetAsTold) {
  ASSERT_TRUE(files_.set_permissions(directory_, 0710).is_ok());
  auto permissions = std::filesystem::status(directory_).permissions();
  EXPECT_EQ(static_cast<unsigned>(permissions) & 07777, 0710u);
  EXPECT_EQ(files_.set_permissions(directory_ + "/none", 0700).code(), StatusCode::not_found);
}

TEST_F(SystemFilesTest, OnlyOneHoldsALock) {
  std::string path = directory_ + "/lock";
  {
    Result<std::unique_ptr<FileLock>> first = files_.lock(path);
    ASSERT_TRUE(first.is_ok());
    EXPECT_EQ(files_.lock(path).status().message(), "cannot lock " + path + ": another process uses the directory");
  }
  EXPECT_TRUE(files_.lock(path).is_ok());
}

TEST_F(SystemFilesTest, AFullDiskIsToldApartFromOtherErrors) {
  std::unique_ptr<File> full = files_.open_file("/dev/full", FileMode::update).value();
  std::string_view part = "x";
  Status status = full->write_at(0, {&part, 1});
  EXPECT_EQ(status.code(), StatusCode::resource_exhausted);
  EXPECT_EQ(status.message(), "cannot write /dev/full: No space left on device");
  EXPECT_GT(files_.free_bytes(directory_).value(), 0u);
}

// --- The twin ---

class FaultyFilesTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& path) { return files_.open_file(path, FileMode::create).value(); }
  static void write(File& file, uint64_t offset, std::string_view bytes) { EXPECT_TRUE(file.write_at(offset, {&bytes, 1}).is_ok()); }

  test::FaultyFiles files_{7};
};

TEST_F(FaultyFilesTest, WhatIsSyncedSurvivesAPowerCut) {
  for (int round = 0; round < 50; round++) {
    std::string path = "/d/" + std::to_string(round);
    auto file = create(path);
    write(*file, 0, std::string(3000, 'a'));
    ASSERT_TRUE(file->sync().is_ok());
    ASSERT_TRUE(files_.sync_directory("/d").is_ok());
    files_.crash();
    EXPECT_EQ(files_.read_file(path).value(), std::string(3000, 'a'));
  }
}

TEST_F(FaultyFilesTest, UnsyncedSectorsSurviveEachOnItsOwn) {
  size_t mixed = 0;
  for (int round = 0; round < 50; round++) {
    std::string path = "/d/" + std::to_string(round);
    auto file = create(path);
    write(*file, 0, std::string(5120, 'a'));
    ASSERT_TRUE(file->sync().is_ok());
    ASSERT_TRUE(files_.sync_directory("/d").is_ok());
    write(*file, 0, std::string(5120, 'b'));
    files_.crash();
    std::string left = files_.read_file(path).value();
    ASSERT_EQ(left.size(), 5120u);
    for (size_t i = 0; i < left.size(); i++) ASSERT_EQ(left[i], left[i / 512 * 512]) << "a sector is written whole";
    mixed += left.find('a') != std::string::npos && left.find('b') != std::string::npos;
  }
  EXPECT_GT(mixed, 40u);
}

TEST_F(FaultyFilesTest, AFailedSyncIsNotMadeGoodByTheNextOne) {
  size_t lost = 0;
  for (int round = 0; round < 50; round++) {
    std::string path = "/d/" + std::to_string(round);
    auto file = create(path);
    ASSERT_TRUE(files_.sync_directory("/d").is_ok());
    write(*file, 0, std::string(2048, 'x'));
    files_.fail_next_sync();
    EXPECT_FALSE(file->sync().is_ok());
    EXPECT_EQ(files_.read_file(path).value(), std::string(2048, 'x')) << "visible all the same";
    EXPECT_TRUE(file->sync().is_ok());
    files_.crash();
    lost += files_.read_file(path).value() != std::string(2048, 'x');
  }
  EXPECT_GT(lost, 25u);
}

TEST_F(FaultyFilesTest, CuttingAFileDoesNotSaveWhatAFailedSyncLeft) {
  size_t lost = 0;
  for (int round = 0; round < 50; round++) {
    std::string path = "/d/" + std::to_string(round);
    auto file = create(path);
    ASSERT_TRUE(files_.sync_directory("/d").is_ok());
    write(*file, 0, std::string(600, 'x'));
    files_.fail_next_sync();
    EXPECT_FALSE(file->sync().is_ok());
    ASSERT_TRUE(file->truncate(100).is_ok());
    files_.crash();
    std::string left = files_.read_file(path).value();
    lost += left.find_first_not_of('x') != std::string::npos;
  }
  EXPECT_GT(lost, 5u) << "nothing of it ever was on the disk";
}

TEST_F(FaultyFilesTest, NamesAreSafeWhenTheDirectoryIsSynced) {
  size_t gone = 0;
  for (int round = 0; round < 40; round++) {
    std::string path = "/d/" + std::to_string(round);
    ASSERT_TRUE(create(path)->sync().is_ok());
    files_.crash();
    gone += !files_.exists(path);
  }
  EXPECT_GT(gone, 5u);
  EXPECT_LT(gone, 35u);
}

TEST_F(FaultyFilesTest, AFailedSyncOfADirectoryIsNotMadeGoodByTheNextOne) {
  size_t gone = 0;
  for (int round = 0; round < 40; round++) {
    std::string first = "/d/first" + std::to_string(round), second = "/d/second" + std::to_string(round);
    ASSERT_TRUE(create(first)->sync().is_ok());
    files_.fail_next_directory_sync();
    EXPECT_FALSE(files_.sync_directory("/d").is_ok());
    EXPECT_TRUE(files_.exists(first)) << "visible all the same";
    ASSERT_TRUE(create(second)->sync().is_ok());
    ASSERT_TRUE(files_.sync_directory("/d").is_ok());
    files_.crash();
    gone += !files_.exists(first);
    EXPECT_TRUE(files_.exists(second));
  }
  EXPECT_GT(gone, 5u);
  EXPECT_LT(gone, 35u);
}

TEST_F(FaultyFilesTest, ANameThatIsChangedAnewAfterAFailedSyncIsSafeAgain) {
  for (int round = 0; round < 40; round++) {
    std::string kept = "/d/kept" + std::to_string(round), removed = "/d/removed" + std::to_string(round);
    for (const std::string& path : {kept + ".new", removed}) ASSERT_TRUE(create(path)->sync().is_ok());
    files_.fail_next_directory_sync();
    EXPECT_FALSE(files_.sync_directory("/d").is_ok());
    ASSERT_TRUE(files_.rename(kept + ".new", kept).is_ok());
    ASSERT_TRUE(files_.remove(removed).is_ok());
    ASSERT_TRUE(files_.sync_directory("/d").is_ok());
    files_.crash();
    EXPECT_TRUE(files_.exists(kept));
    EXPECT_FALSE(files_.exists(removed)) << "what was given up does not come back";
  }
}

TEST_F(FaultyFilesTest, AFileOpenedForReadingRefusesToBeWrittenTo) {
  write(*create("/d/f"), 0, "text");
  auto file = files_.open_file("/d/f", FileMode::read).value();
  std::string_view part = "x";
  EXPECT_EQ(file->write_at(0, {&part, 1}).message(), "cannot write /d/f: Bad file descriptor");
  EXPECT_EQ(file->truncate(0).message(), "cannot truncate /d/f: Bad file descriptor");
  EXPECT_TRUE(file->sync().is_ok()) << "whoever may read may sync";
  EXPECT_EQ(files_.read_file("/d/f").value(), "text");
}

TEST_F(FaultyFilesTest, ACutThatMakesAFileLargerNeedsRoom) {
  files_.set_capacity_bytes(1000);
  auto file = create("/d/f");
  EXPECT_TRUE(file->truncate(1000).is_ok());
  EXPECT_EQ(file->truncate(1001).message(), "cannot truncate /d/f: No space left on device");
  EXPECT_EQ(file->size_bytes().value(), 1000u);
  EXPECT_TRUE(file->truncate(10).is_ok());
  EXPECT_TRUE(file->truncate(500).is_ok());
}

TEST_F(FaultyFilesTest, ACrashLeavesHandlesDeadAndGivesLocksBack) {
  auto file = create("/d/f");
  auto lock = files_.lock("/d/lock").value();
  EXPECT_FALSE(files_.lock("/d/lock").is_ok());
  files_.kill();
  EXPECT_FALSE(file->sync().is_ok());
  auto next = files_.lock("/d/lock").value();
  lock = nullptr;
  EXPECT_FALSE(files_.lock("/d/lock").is_ok()) << "a dead holder gives nothing back";
  EXPECT_TRUE(files_.exists("/d/f")) << "only the process died";
}

TEST_F(FaultyFilesTest, AFullDiskTakesABeginning) {
  files_.set_capacity_bytes(1000);
  auto file = create("/d/f");
  std::string bytes(1500, 'x');
  std::string_view part = bytes;
  EXPECT_EQ(file->write_at(0, {&part, 1}).code(), StatusCode::resource_exhausted);
  EXPECT_EQ(files_.used_bytes(), 1000u);
  EXPECT_EQ(files_.free_bytes("/d").value(), 0u);
  ASSERT_TRUE(files_.remove("/d/f").is_ok());
  EXPECT_EQ(files_.free_bytes("/d").value(), 1000u);
}

TEST_F(FaultyFilesTest, TheSameSeedIsTheSameLife) {
  auto live = [](uint64_t seed) {
    test::FaultyFiles files(seed);
    files.set_faults({0, 0.2, 0.2, 0});
    auto file = files.open_file("/d/f", FileMode::create).value();
    (void)files.sync_directory("/d");
    for (int i = 0; i < 100; i++) {
      std::string bytes(200, static_cast<char>('a' + i % 26));
      std::string_view part = bytes;
      (void)file->write_at(static_cast<uint64_t>(i) * 150, {&part, 1});
      if (i % 7 == 0) (void)file->sync();
    }
    files.crash();
    return files.exists("/d/f") ? files.read_file("/d/f").value() : "gone";
  };
  EXPECT_EQ(live(1), live(1));
  EXPECT_NE(live(1), live(2));
}

}  // namespace
}  // namespace vigia
