// Scenario: storages with what earlier configurations left there, drained or not, and a plan of what runs now.
// Guarantee: what holds data and is nobody's is found with its size and told of once; what is used, drained or foreign is not.

#include "pipeline/unused_data.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "pipeline/dead_letters.h"
#include "pipeline/journal_remains.h"
#include "pipeline/storage_place.h"
#include "pipeline/test_kit.h"
#include "pipeline/test_storage.h"

namespace vigia::pipeline {
namespace {

class UnusedDataTest : public ::testing::Test {
 protected:
  UnusedDataTest() : directory_(::testing::TempDir() + "unused_data_test_" + std::to_string(::getpid())), storage_(directory_) {
    std::filesystem::remove_all(directory_);
    kit_.extensions[{"file_storage", ""}] = &storage_;
  }
  ~UnusedDataTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<journal::Journal> open(const std::string& directory, std::vector<std::string> cursors = {"otlp"}) {
    journal::JournalOptions options;
    options.directory = directory;
    options.min_free_bytes = 0;
    for (std::string& name : cursors) options.cursors.push_back({std::move(name), {}, {}});
    EXPECT_TRUE(kit_.files.create_directories(directory).is_ok());
    auto journal = journal::Journal::open(options, {kit_.files, clock_, kit_.ledger, Logger()});
    EXPECT_TRUE(journal.is_ok()) << journal.status().message();
    return std::move(*journal);
  }
  std::vector<journal::RecordPlace> append(journal::Journal& journal, size_t count, size_t bytes = 100) {
    std::vector<journal::RecordPlace> places;
    for (size_t i = 0; i < count; i++) {
      journal::Record record;
      record.items = 1;
      record.body = Slice::copy_of(std::string(bytes, 'x'), kit_.ledger);
      journal.append(std::move(record), [&](Result<journal::Appended> answer) {
        ASSERT_TRUE(answer.is_ok());
        places.push_back(answer->place);
      });
      journal.work();
    }
    return places;
  }
  static void release_backlog(journal::Journal& journal, const std::string& name) {
    uint32_t cursor = journal.cursor(name);
    Result<std::vector<journal::ReadRecord>> records = journal.read(cursor, 1 << 20);
    ASSERT_TRUE(records.is_ok());
    for (const journal::ReadRecord& record : *records) journal.release(cursor, record.place, journal::Origin::backlog);
  }
  // A journal with so many records, of which all but the last `left` have been released.
  void leave_journal(const std::string& directory, size_t count, size_t left) {
    auto journal = open(directory);
    std::vector<journal::RecordPlace> places = append(*journal, count);
    for (size_t i = 0; i + left < count; i++) journal->release(0, places[i], journal::Origin::live);
    journal->flush();
  }
  void write(const std::string& path, const std::string& content) {
    ASSERT_TRUE(kit_.files.create_directories(std::filesystem::path(path).parent_path()).is_ok());
    ASSERT_TRUE(kit_.files.write_file_atomically(path, content).is_ok());
  }
  bool may_hold_data(const std::string& name) {
    std::string directory = directory_ + "/" + name;
    return pipeline::may_hold_data(kit_.files, directory, *kit_.files.list(directory));
  }
  // "kind pipeline exporter bytes", bytes of letters only.
  std::vector<std::string> found(const std::set<std::string>& used = {}, size_t most_entries = 1000) {
    std::vector<std::string> all;
    for (const UnusedData& data : find_unused_data(kit_.files, directory_, used, most_entries)) {
      EXPECT_TRUE(data.directory.starts_with(directory_));
      EXPECT_GT(data.bytes, 0u);
      const char* kinds[] = {"journal", "overflow", "letters"};
      all.push_back(std::string(kinds[static_cast<size_t>(data.kind)]) + " " + data.pipeline + " " + data.exporter);
    }
    return all;
  }

  const std::string directory_;
  test::FakeStorage storage_;
  SystemClock clock_;
  test::Kit kit_;
};

using Found = std::vector<std::string>;

TEST_F(UnusedDataTest, NamesComeBackFromTheirDirectories) {
  for (const char* name : {"traces", "traces/edge", "logs/a-b/c", "otlp/ñandú 50%", "forward to logs", "metrics/%2F"})
    EXPECT_EQ(name_of_directory(directory_name(name)), name);
  EXPECT_EQ(name_of_directory("traces%2Fx"), "traces/x") << "as dead letters write it";
  EXPECT_EQ(name_of_directory("50%"), "50%");
  EXPECT_EQ(name_of_directory("50%zz"), "50%zz");
}

TEST_F(UnusedDataTest, AJournalHoldsDataUntilEverythingIsReleased) {
  for (size_t left = 0; left <= 3; left++) {
    std::string name = "traces-" + std::to_string(left);
    leave_journal(directory_ + "/" + name, 3, left);
    EXPECT_EQ(may_hold_data(name), left > 0) << left;
  }
}

TEST_F(UnusedDataTest, OneOfSeveralExportersIsEnough) {
  {
    auto journal = open(directory_ + "/traces", {"a", "b"});
    for (const journal::RecordPlace& place : append(*journal, 2)) journal->release(0, place, journal::Origin::live);
    journal->flush();
  }
  EXPECT_TRUE(may_hold_data("traces"));
  {
    auto journal = open(directory_ + "/traces", {"b"});
    EXPECT_EQ(append(*journal, 1).size(), 1u);  // In another file.
    release_backlog(*journal, "b");
    journal->flush();
  }
  EXPECT_TRUE(may_hold_data("traces")) << "what is held live";
  {
    auto journal = open(directory_ + "/traces", {"b"});
    release_backlog(*journal, "b");
    journal->flush();
  }
  EXPECT_FALSE(may_hold_data("traces"));
}

TEST_F(UnusedDataTest, WhatCannotBeReadMayHoldData) {
  write(directory_ + "/traces/0000000001-8f3c21d09ab4e6f1.journal", "nonsense");
  EXPECT_TRUE(may_hold_data("traces"));
  write(directory_ + "/logs/lock", "");
  write(directory_ + "/logs/spare", "old");
  EXPECT_FALSE(may_hold_data("logs"));
}

TEST_F(UnusedDataTest, WhatIsNobodysIsFoundAndWhatIsDrainedForeignOrUsedIsNot) {
  leave_journal(directory_ + "/traces-old", 3, 1);
  leave_journal(directory_ + "/logs", 3, 3);
  leave_journal(directory_ + "/metrics", 3, 0);
  leave_journal(directory_ + "/other", 3, 3);
  leave_journal(directory_ + "/overflow/traces/otlp-a", 2, 2);
  leave_journal(directory_ + "/overflow/traces/otlp-b", 2, 2);
  write(dead_letter_directory(directory_, "traces/x", "otlp/edge") + "/1700000000000-1.dead", "letter");
  write(dead_letter_directory(directory_, "logs", "otlp") + "/resend/1700000000000-1.dead", "letter");
  write(dead_letter_directory(directory_, "metrics", "otlp") + "/note.txt", "no letter");
  write(directory_ + "/traces-file", "no directory");
  EXPECT_EQ(found(), (Found{"journal logs ", "journal traces/old ", "overflow traces otlp/a", "overflow traces otlp/b", "letters logs otlp",
                            "letters traces/x otlp/edge"}));
  EXPECT_EQ(found({directory_ + "/logs", directory_ + "/overflow/traces/otlp-b", dead_letter_directory(directory_, "logs", "otlp")}),
            (Found{"journal traces/old ", "overflow traces otlp/a", "letters traces/x otlp/edge"}));
  EXPECT_LT(found({}, 12).size(), 6u) << "it looks at no more than it may";
  EXPECT_EQ(find_unused_data(kit_.files, directory_ + "/nowhere", {}).size(), 0u);
}

TEST_F(UnusedDataTest, EachDirectoryIsToldOfOnceUntilItIsUsedAgain) {
  leave_journal(directory_ + "/traces", 3, 2);
  Plan without;
  without[{ComponentKind::extension, {"file_storage", ""}, "", {}, {}}] = {};
  Plan with = without;
  JournalStageConfig journal;
  journal.pipeline = "traces";
  journal.storage = {"file_storage", ""};
  with[{ComponentKind::journal, {}, "traces", {}, {}}].journal = journal;
  auto find = [&](const ComponentId& id) -> Extension* { return kit_.extensions.contains(id) ? kit_.extensions.at(id) : nullptr; };
  auto unused_bytes = [&] { return kit_.metric("vigia_storage_unused_bytes{storage=\"file_storage\"}"); };
  UnusedDataWatch watch(kit_.files, kit_.metrics, Logger(kit_.sink));
  watch.look(with, find);
  EXPECT_EQ(kit_.sink->lines().size(), 0u);
  EXPECT_EQ(unused_bytes(), 0);
  watch.look(without, find);
  watch.look(without, find);
  ASSERT_EQ(kit_.sink->lines().size(), 1u);
  EXPECT_EQ(kit_.sink->count("\"pipeline\":\"traces\", \"directory\":\"" + directory_ + "/traces\""), 1u) << kit_.sink->lines()[0].text;
  EXPECT_GT(unused_bytes(), 300);
  watch.look(with, find);
  EXPECT_EQ(unused_bytes(), 0);
  watch.look(without, find);
  EXPECT_EQ(kit_.sink->lines().size(), 2u);
  watch.look({}, find);
  EXPECT_EQ(unused_bytes(), -1) << "the storage does not run";
}

}  // namespace
}  // namespace vigia::pipeline
