// Scenario: files are written, renamed and removed by others. Guarantee: the watcher calls once, tells what kind of change it was, and is silent
// until it is asked to wait again.

#include "net/file_watcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

namespace vigia::net {
namespace {

class FileWatcherTest : public testing::Test {
 protected:
  FileWatcherTest() : loops_(clock_, 1) {
    directory_ = testing::TempDir() + "watcher-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    loops_.start();
    on_loop([&] { watcher_ = std::move(FileWatcher::open(loops_.at(0)).value()); });
  }
  ~FileWatcherTest() override {
    on_loop([&] { watcher_.reset(); });
    loops_.stop();
    std::filesystem::remove_all(directory_);
  }

  void on_loop(const std::function<void()>& call) {
    std::promise<void> ended;
    loops_.at(0).post([&] {
      call();
      ended.set_value();
    });
    ended.get_future().wait();
  }
  // What is told of the change that `make` brings about.
  FileWatcher::Changes changes_of(const std::function<void()>& make) {
    std::promise<void> changed;
    on_loop([&] { watcher_->wait([&] { changed.set_value(); }); });
    make();
    EXPECT_EQ(changed.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
    FileWatcher::Changes changes;
    on_loop([&] { changes = watcher_->take(); });
    return changes;
  }
  void append(const std::string& name, const std::string& text) { std::ofstream(directory_ + "/" + name, std::ios::app) << text; }

  SystemClock clock_;
  LoopGroup loops_;
  std::string directory_;
  std::unique_ptr<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, TellsOfNamesThatComeAndGo) {
  on_loop([&] { ASSERT_TRUE(watcher_->watch_names(directory_).is_ok()); });
  EXPECT_TRUE(changes_of([&] { append("a", ""); }).names);
  FileWatcher::Changes renamed = changes_of([&] { std::filesystem::rename(directory_ + "/a", directory_ + "/b"); });
  EXPECT_TRUE(renamed.names);
  ASSERT_EQ(renamed.renames.size(), 1U);
  EXPECT_EQ(renamed.renames[0].from, "a");
  EXPECT_EQ(renamed.renames[0].to, "b");
  EXPECT_TRUE(changes_of([&] { std::filesystem::permissions(directory_ + "/b", std::filesystem::perms::owner_read); }).names);
  EXPECT_TRUE(changes_of([&] { std::filesystem::remove(directory_ + "/b"); }).names);
}

TEST_F(FileWatcherTest, TellsOfContentAndFollowsTheFileWhenItIsRenamed) {
  append("a", "1\n");
  FileWatcher::Id id = -1;
  on_loop([&] { id = watcher_->watch_content(directory_ + "/a").value(); });
  FileWatcher::Changes written = changes_of([&] { append("a", "2\n"); });
  EXPECT_EQ(written.contents, std::vector<FileWatcher::Id>{id});
  EXPECT_FALSE(written.names);
  std::filesystem::rename(directory_ + "/a", directory_ + "/b");
  EXPECT_EQ(changes_of([&] { append("b", "3\n"); }).contents, std::vector<FileWatcher::Id>{id});
  FileWatcher::Changes cut = changes_of([&] { std::filesystem::resize_file(directory_ + "/b", 0); });
  EXPECT_EQ(cut.contents, std::vector<FileWatcher::Id>{id});
}

TEST_F(FileWatcherTest, TellsWhenItsFileIsNoMore) {
  append("a", "1\n");
  FileWatcher::Id id = -1;
  on_loop([&] { id = watcher_->watch_content(directory_ + "/a").value(); });
  FileWatcher::Changes changes = changes_of([&] { std::filesystem::remove(directory_ + "/a"); });
  EXPECT_EQ(std::count(changes.ended.begin(), changes.ended.end(), id), 1);
}

TEST_F(FileWatcherTest, IsSilentWhenItWasNotAskedToWait) {
  on_loop([&] { ASSERT_TRUE(watcher_->watch_names(directory_).is_ok()); });
  int calls = 0;
  on_loop([&] { watcher_->wait([&] { calls++; }); });
  for (int i = 0; i < 50; i++) append("f" + std::to_string(i), "x");
  FileWatcher::Changes changes;
  for (int i = 0; i < 1000 && calls == 0; i++) on_loop([] {});
  on_loop([&] { EXPECT_EQ(calls, 1); });
  on_loop([&] { changes = watcher_->take(); });
  EXPECT_TRUE(changes.names);
}

TEST_F(FileWatcherTest, SaysWhenThereIsNothingToWatch) {
  on_loop([&] {
    EXPECT_EQ(watcher_->watch_names(directory_ + "/none").status().code(), StatusCode::not_found);
    EXPECT_FALSE(watcher_->watch_content(directory_ + "/none").is_ok());
  });
}

}  // namespace
}  // namespace vigia::net
