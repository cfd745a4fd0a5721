// Scenario: somebody moves dead letters to where they are sent again: good ones, damaged ones, those of others, more than are under way at once;
// the pipeline takes them, refuses them, or keeps them for a while.
// Guarantee: a letter is passed on as it was, and not again while it is under way; it goes once it is delivered and stays until then; what cannot
// be sent holds nothing else up.

#include "pipeline/resent_letters.h"

#include "otlp/generator.h"
#include "pipeline/test_dead_letters.h"

namespace vigia::pipeline {
namespace {

class ResentLettersTest : public test::DeadLettersOnDiskTest {
 protected:
  std::shared_ptr<ResentLetters> open(const std::string& exporter = "otlp/edge", const std::string& pipeline = "traces/x") {
    auto letters = std::make_shared<ResentLetters>(context(exporter), runner_, directory_of(exporter, pipeline), 4,
                                                   [this](Batch batch) { passed_.push_back(std::move(batch)); });
    EXPECT_TRUE(letters->prepare().is_ok());
    return letters;
  }
  // Polls where the program does.
  void poll(ResentLetters& letters) {
    shelf_.run_soon([&] { letters.poll(); });
    settle();
  }
  std::string request(size_t spans) {
    otlp::DataSetOptions options;
    options.batch = spans;
    Appender out(kit_.ledger, 1024);
    otlp::Generator::create(options).value().next_request(out);
    return std::string(out.take().view());
  }
  // A letter that is to be sent again; the name of its file.
  std::string add(const std::string& body,
                  const DeadLetterHead& head = {"traces/x", "otlp/edge", otlp::Signal::traces, "no", 1, 3, {}, 0}) {
    last_++;
    std::string name = std::to_string(1'700'000'000'000 + last_) + "-" + std::to_string(last_) + ".dead";
    EXPECT_TRUE(files_.write_file_atomically(resend_ + "/" + name, encode_dead_letter(head, Slice::copy_of(body, kit_.ledger))).is_ok());
    return name;
  }
  std::vector<std::string> waiting() { return files_.list(resend_).value(); }

  const std::string resend_ = directory_of("otlp/edge") + "/" + std::string(resend_directory_name);
  std::vector<Batch> passed_;
  int64_t last_ = 0;
};

TEST_F(ResentLettersTest, ALetterIsPassedOnAsItWasAndGoesOnceItIsDelivered) {
  auto letters = open();
  DeadLetterHead head{"traces/x", "otlp/edge", otlp::Signal::traces, "no", 1, 3, {"10.0.0.1:5", {{"x-a", "1"}}, "acme"}, 0};
  std::string body = request(3);
  add(body, head);
  poll(*letters);
  poll(*letters);
  ASSERT_EQ(passed_.size(), 1u) << "not again while it is under way";
  Batch batch = std::move(passed_[0]);
  passed_.clear();
  EXPECT_EQ(batch.signal, otlp::Signal::traces);
  EXPECT_EQ(batch.item_count, 3u);
  EXPECT_EQ(batch.payload.to_string(), body);
  EXPECT_EQ(batch.branches, 4u) << "for its exporter alone";
  EXPECT_EQ(batch.client->customer, "acme");
  EXPECT_EQ(batch.client->metadata, head.client.metadata);
  EXPECT_EQ(waiting().size(), 1u);
  batch.settle();
  settle();
  EXPECT_TRUE(waiting().empty());
}

TEST_F(ResentLettersTest, TheLettersOfTwoTenantsAreTwoBatches) {
  auto letters = open();
  for (const char* customer : {"acme", "umbrella"})
    add(request(3), {"traces/x", "otlp/edge", otlp::Signal::traces, "no", 1, 3, {"", {}, customer}, 0});
  poll(*letters);
  ASSERT_EQ(passed_.size(), 2u);
  EXPECT_EQ(passed_[0].client->customer, "acme");
  EXPECT_EQ(passed_[1].client->customer, "umbrella");
}

// The queue refuses it, or the program stops: it is let go of, unsettled.
TEST_F(ResentLettersTest, WhatIsRefusedStaysAndIsTriedAgain) {
  auto letters = open();
  add(request(3));
  for (int round = 0; round < 3; round++) {
    poll(*letters);
    ASSERT_EQ(passed_.size(), 1u) << round;
    passed_.clear();
    settle();
    EXPECT_EQ(waiting().size(), 1u);
  }
}

TEST_F(ResentLettersTest, OnlySoManyAreUnderWayAtOnce) {
  auto letters = open();
  for (int i = 0; i < 20; i++) add(request(1));
  poll(*letters);
  EXPECT_EQ(passed_.size(), 16u);
  for (Batch& batch : passed_) batch.settle();
  passed_.clear();
  settle();
  poll(*letters);
  EXPECT_EQ(passed_.size(), 4u);
}

TEST_F(ResentLettersTest, UnreadableLettersAreToldOnceAndHoldNobodyUp) {
  auto letters = open();
  for (int i = 0; i < 20; i++) files_.damage(resend_ + "/" + add(request(1)), 40, 1);
  add(request(1));
  for (int i = 0; i < 3; i++) poll(*letters);
  EXPECT_EQ(passed_.size(), 1u);
  EXPECT_EQ(kit_.sink->count("cannot send a dead letter again"), 20u);
  EXPECT_EQ(waiting().size(), 21u) << "nothing is removed that was not delivered";
}

TEST_F(ResentLettersTest, ADiskThatFailsForAMomentLosesNothing) {
  auto letters = open();
  add(request(1));
  files_.set_faults({.read_error = 1});
  poll(*letters);
  EXPECT_TRUE(passed_.empty());
  files_.set_faults({});
  poll(*letters);
  EXPECT_EQ(passed_.size(), 1u);
}

// By somebody's hand, say. What is behind the door trusts that data is what its pipeline is for.
TEST_F(ResentLettersTest, ALetterThatDoesNotBelongHereIsNotSent) {
  auto letters = open();
  add(request(1), {"logs", "otlp/edge", otlp::Signal::logs, "no", 1, 1, {}, 0});
  add("no request at all");
  poll(*letters);
  EXPECT_TRUE(passed_.empty());
  EXPECT_EQ(kit_.sink->count("cannot send a dead letter again"), 2u);
}

TEST_F(ResentLettersTest, ALettersItemsAreCountedAndNotBelieved) {
  auto letters = open();
  add(request(5), {"traces/x", "otlp/edge", otlp::Signal::traces, "no", 1, UINT64_MAX >> 1, {}, 0});
  poll(*letters);
  ASSERT_EQ(passed_.size(), 1u);
  EXPECT_EQ(passed_[0].item_count, 5u);
}

TEST_F(ResentLettersTest, WhatSomebodyTookBackMayComeOnceMore) {
  auto letters = open();
  std::string name = add(request(1));
  files_.damage(resend_ + "/" + name, 40, 1);
  poll(*letters);
  ASSERT_TRUE(files_.remove(resend_ + "/" + name).is_ok());
  poll(*letters);
  last_--;
  ASSERT_EQ(add(request(1)), name);
  poll(*letters);
  EXPECT_EQ(passed_.size(), 1u);
}

// Nobody looks there while the exporter is away; its successor by the same name does.
TEST_F(ResentLettersTest, LettersOfAnExporterThatIsGoneWaitForIt) {
  auto other = open("otlp/other");
  add(request(1));
  poll(*other);
  EXPECT_TRUE(passed_.empty());
  EXPECT_EQ(waiting().size(), 1u);
  auto letters = open();
  poll(*letters);
  EXPECT_EQ(passed_.size(), 1u);
}

TEST_F(ResentLettersTest, NothingElseInTheDirectoryIsTouched) {
  auto letters = open();
  for (const char* name : {"notes.txt", "1700000000000-1.dead.new"})
    ASSERT_TRUE(files_.write_file_atomically(resend_ + "/" + name, "mine").is_ok());
  poll(*letters);
  EXPECT_EQ(waiting().size(), 2u);
  EXPECT_TRUE(passed_.empty());
  EXPECT_EQ(kit_.sink->lines().size(), 0u);
}

}  // namespace
}  // namespace vigia::pipeline
