// Scenario: durable exporters leave what the other side refuses for good, on disks that fill up and fail, for several tenants and pipelines.
// Guarantee: a batch is settled when its letter is safe and let go when it is not, so that the journal still has it; nobody's letters mix.

#include "pipeline/dead_letter_desk.h"

#include "pipeline/test_dead_letters.h"

namespace vigia::pipeline {
namespace {

using test::FakeRecord;

class DeadLetterDeskTest : public test::DeadLettersOnDiskTest {
 protected:
  std::shared_ptr<DeadLetterDesk> desk(const std::string& exporter = "otlp/edge", const std::string& pipeline = "traces/x",
                                       const DeadLetterLimits& limits = {}) {
    return std::make_shared<DeadLetterDesk>(context(exporter), shelf_, ComponentId{"file_storage", ""}, pipeline,
                                            std::vector<DeadLetterOwner>{{exporter, all_branches}}, limits);
  }
  std::shared_ptr<FakeRecord> leave(DeadLetterDesk& desk, const std::string& body, const std::string& customer = "") {
    auto record = std::make_shared<FakeRecord>();
    Batch batch = test::make_batch(kit_.ledger, 3, 0);
    batch.payload = Slice::copy_of(body, kit_.ledger);
    batch.client = std::make_shared<const Client>(Client{"10.0.0.1:5", {}, customer});
    batch.receipts.emplace_back(record);
    desk.set_aside(std::move(batch), invalid_argument("no"));
    settle();
    return record;
  }
};

TEST_F(DeadLetterDeskTest, ABatchIsSettledOnceItsLetterIsSafe) {
  auto record = leave(*desk(), "body");
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(record->kept, 0);
  files_.crash();
  std::vector<DeadLetter> letters = letters_in(directory_of("otlp/edge"));
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].body, "body");
  EXPECT_EQ(letters[0].head.items, 3u);
  EXPECT_NE(letters[0].head.reason.find("no"), std::string::npos);
}

// As what a processor refuses: nobody has parted the exporters yet.
TEST_F(DeadLetterDeskTest, WhatIsForSeveralExportersIsALetterOfEach) {
  auto desk = std::make_shared<DeadLetterDesk>(context("batch"), shelf_, ComponentId{"file_storage", ""}, "traces/x",
                                               std::vector<DeadLetterOwner>{{"otlp/a", 1}, {"otlp/b", 2}, {"otlp/c", 4}});
  Batch batch = test::make_batch(kit_.ledger, 3);
  std::vector<std::shared_ptr<FakeRecord>> records;
  for (uint64_t branch : {1, 4}) batch.receipts.emplace_back(records.emplace_back(std::make_shared<FakeRecord>()), branch);
  desk->set_aside(std::move(batch), invalid_argument("no"));
  settle();
  for (const auto& record : records) EXPECT_EQ(record->released, 1);
  EXPECT_EQ(letters_in(directory_of("otlp/a")).size(), 1u);
  EXPECT_EQ(letters_in(directory_of("otlp/b")).size(), 0u);
  EXPECT_EQ(letters_in(directory_of("otlp/c")).size(), 1u);
}

TEST_F(DeadLetterDeskTest, AFullDiskLetsTheBatchGoAndTakesItLater) {
  auto desk = this->desk();
  files_.set_capacity_bytes(files_.used_bytes() + 100);
  auto record = leave(*desk, std::string(500, 'x'));
  EXPECT_EQ(record->released, 0);
  EXPECT_EQ(record->kept, 1);
  EXPECT_EQ(kit_.sink->count("cannot keep a dead letter; the data stays in the queue"), 1u);
  EXPECT_TRUE(letters_in(directory_of("otlp/edge")).empty());
  files_.set_capacity_bytes(0);
  EXPECT_EQ(leave(*desk, std::string(500, 'x'))->released, 1);
}

TEST_F(DeadLetterDeskTest, WhatCannotBeMadeSafeIsLetGo) {
  auto desk = this->desk();
  EXPECT_EQ(leave(*desk, "first")->released, 1);
  files_.fail_next_sync();
  EXPECT_EQ(leave(*desk, "second")->kept, 1);
  files_.fail_next_directory_sync();
  EXPECT_EQ(leave(*desk, "third")->kept, 1);
  EXPECT_EQ(leave(*desk, "fourth")->released, 1);
  std::vector<DeadLetter> letters = letters_in(directory_of("otlp/edge"));
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[1].body, "fourth");
}

// The one who looks for letters to send again makes the directory at the start, before there is a letter.
TEST_F(DeadLetterDeskTest, ADirectoryThatIsThereAlreadyIsMadeSafeAllTheSame) {
  ASSERT_TRUE(files_.write_file_atomically(directory_of("otlp/edge"), "").is_ok());  // this disk knows no other directories
  uint64_t syncs = files_.sync_count();
  files_.fail_next_directory_sync();
  EXPECT_EQ(leave(*desk(), "body")->kept, 1);
  EXPECT_EQ(files_.sync_count(), syncs) << "nothing is written where nothing is safe";
}

TEST_F(DeadLetterDeskTest, AFullDeskRemovesTheOldestAndSettlesTheNewest) {
  auto desk = this->desk("otlp/edge", "traces/x", {2, 1 << 20});
  for (const char* body : {"first", "second", "third"}) EXPECT_EQ(leave(*desk, body)->released, 1) << body;
  std::vector<DeadLetter> letters = letters_in(directory_of("otlp/edge"));
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].body, "second");
  EXPECT_EQ(kit_.metric("otelcol_exporter_dead_letters_removed{"), 1);
}

TEST_F(DeadLetterDeskTest, WhatIsLargerThanTheDeskStaysInTheQueueAndRemovesNobody) {
  auto desk = this->desk("otlp/edge", "traces/x", {10, 2000});
  EXPECT_EQ(leave(*desk, "small")->released, 1);
  EXPECT_EQ(leave(*desk, std::string(3000, 'x'))->kept, 1);
  EXPECT_EQ(letters_in(directory_of("otlp/edge")).size(), 1u);
}

TEST_F(DeadLetterDeskTest, TenantsPipelinesAndExportersAreKeptApart) {
  auto edge = desk("otlp/edge"), other_exporter = desk("otlp/a"), other_pipeline = desk("otlp/edge", "traces/edge");
  leave(*edge, "one", "acme");
  leave(*edge, "two", "Ñandú \"S.A.\"");
  leave(*other_exporter, "three", "acme");
  leave(*other_pipeline, "four");
  std::vector<DeadLetter> letters = letters_in(directory_of("otlp/edge"));
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].head.client.customer, "acme");
  EXPECT_EQ(letters[1].head.client.customer, "Ñandú \"S.A.\"");
  for (const DeadLetter& letter : letters) EXPECT_EQ(letter.head.pipeline + " " + letter.head.exporter, "traces/x otlp/edge");
  EXPECT_EQ(letters_in(directory_of("otlp/a")).at(0).body, "three");
  EXPECT_EQ(letters_in(directory_of("otlp/edge", "traces/edge")).at(0).body, "four");
}

TEST_F(DeadLetterDeskTest, WithoutItsStorageTheDataStaysInTheQueue) {
  kit_.extensions.clear();
  auto desk = this->desk();
  EXPECT_EQ(leave(*desk, "body")->kept, 1);
  kit_.extensions[{"file_storage", ""}] = &storage_;
  EXPECT_EQ(leave(*desk, "body")->released, 1);
}

// In a reload the old exporter may still hand in what its successor's desk does not know of.
TEST_F(DeadLetterDeskTest, TwoDesksOfOneExporterOverwriteNothing) {
  auto old_desk = desk(), new_desk = desk();
  for (const char* body : {"one", "two"})
    for (const auto& each : {old_desk, new_desk}) EXPECT_EQ(leave(*each, body)->released, 1);
  EXPECT_EQ(letters_in(directory_of("otlp/edge")).size(), 4u);
}

}  // namespace
}  // namespace vigia::pipeline
