// Scenario: batches are set aside on disks that fill up, fail and lose power, and on the machine's own; others list, read, remove and resend
// them meanwhile.
// Guarantee: what put() took is there and as it was, until the limits remove it, the oldest first and counted; damage is reported and harmless.

#include "pipeline/dead_letters.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/test_faulty_files.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using test::RecordingSink;

const std::string directory = "/s/dead-letters/traces%2Fx/otlp%2Fedge";

class DeadLettersTest : public ::testing::Test {
 protected:
  std::unique_ptr<DeadLetters> open(FileSystem& files, const std::string& where, const DeadLetterLimits& limits = {}) {
    return std::make_unique<DeadLetters>(files, clock_, Logger(sink_), metrics_, DeadLetterPlace{where, "traces/x", "otlp/edge"}, limits);
  }
  std::unique_ptr<DeadLetters> open(const DeadLetterLimits& limits = {}) { return open(files_, directory, limits); }
  Batch batch(size_t items, const std::string& body) {
    Batch batch = test::make_batch(ledger_, items, 0);
    // Two requests behind each other are one.
    batch.payload.append(Slice::copy_of(body.substr(0, body.size() / 2), ledger_));
    batch.payload.append(Slice::copy_of(body.substr(body.size() / 2), ledger_));
    return batch;
  }
  static std::vector<std::string> names(DeadLetters& letters) {
    std::vector<std::string> names;
    const std::vector<ListedDeadLetter> listed = letters.list().value();
    for (const ListedDeadLetter& letter : listed) names.push_back(letter.name);
    return names;
  }
  std::vector<std::string> bodies(DeadLetters& letters) {
    std::vector<std::string> bodies;
    for (const std::string& name : names(letters)) bodies.push_back(letters.read(name).value().body);
    return bodies;
  }
  double metric(const std::string& name) {
    std::string text = metrics_.prometheus_text(), series = "\n" + name + "{exporter=\"otlp/edge\",pipeline=\"traces/x\"} ";
    size_t at = text.find(series);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size()));
  }

  vigia::test::FaultyFiles files_{11};
  ManualClock clock_;
  MemoryLedger ledger_;
  MetricRegistry metrics_;
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
};

TEST(DeadLetterPaths, EveryNameIsOnePartOfAPath) {
  EXPECT_EQ(dead_letter_directory("/s", "traces/x", "otlp/edge"), directory);
  EXPECT_EQ(dead_letter_directory("/s", "logs", ".."), "/s/dead-letters/logs/%2E.");
  EXPECT_EQ(dead_letter_directory("/s", "logs", "otlp/a.b%ñ"), "/s/dead-letters/logs/otlp%2Fa.b%25%C3%B1");
}

TEST(DeadLetterPaths, APlaceTellsWhatItsPipelineIsFor) {
  for (otlp::Signal signal : otlp::all_signals)
    for (const char* rest : {"", "/edge", "/traces"}) {
      std::string pipeline = std::string(otlp::signal_name(signal)) + rest;
      EXPECT_EQ(dead_letter_signal(dead_letter_directory("/metrics", pipeline, "logs")), signal) << pipeline;
    }
  EXPECT_EQ(dead_letter_signal("/s/dead-letters/tracing/otlp"), std::nullopt);
  EXPECT_EQ(dead_letter_signal(""), std::nullopt);
}

TEST(DeadLetterNames, NothingElseIsTaken) {
  EXPECT_TRUE(is_dead_letter_name("1700000000000-3.dead"));
  for (const char* name :
       {"", ".dead", "-.dead", "1-.dead", "-1-2.dead", "1.dead", "1-2.dead.new", "../1-2.dead", "1-2", "a-2.dead", "1--2.dead"})
    EXPECT_FALSE(is_dead_letter_name(name)) << name;
}

TEST_F(DeadLettersTest, EverythingComesBackAsItWas) {
  auto client = std::make_shared<Client>();
  client->peer_address = "10.0.0.1:5";
  client->customer = "Ñandú \"S.A.\"\n";
  client->metadata = {{"x-a", "1"}, {"x-a", "back\\slash, \x01 and \xff"}, {"", ""}};
  Batch batch = this->batch(7, std::string("a\nb\0c}", 6));
  batch.client = client;
  auto letters = open();
  ASSERT_TRUE(letters->put(batch, "the backend said: \"no\"").is_ok());
  auto listed = letters->list().value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].name, "1700000000000-1.dead");
  EXPECT_TRUE(listed[0].damage.is_ok()) << listed[0].damage.to_string();
  EXPECT_EQ(listed[0].bytes, files_.used_bytes());
  DeadLetter letter = letters->read(listed[0].name).value();
  EXPECT_EQ(letter.head, listed[0].head);
  EXPECT_EQ(letter.body, std::string("a\nb\0c}", 6));
  DeadLetterHead expected{"traces/x", "otlp/edge", otlp::Signal::traces, "the backend said: \"no\"", 1'700'000'000'000, 7, *client, 6};
  EXPECT_EQ(letter.head, expected);
  EXPECT_EQ(metric("otelcol_exporter_dead_letter_items"), 7);
  EXPECT_EQ(metric("otelcol_exporter_dead_letters"), 1);
  EXPECT_EQ(metric("otelcol_exporter_dead_letters_bytes"), static_cast<double>(listed[0].bytes));
}

TEST_F(DeadLettersTest, AnEmptyBodyAndALongReasonAreFine) {
  auto letters = open();
  ASSERT_TRUE(letters->put(Batch(), std::string(100'000, 'r')).is_ok());
  DeadLetter letter = letters->read(names(*letters).at(0)).value();
  EXPECT_EQ(letter.body, "");
  EXPECT_EQ(letter.head.reason, std::string(max_reason_bytes, 'r'));
}

TEST_F(DeadLettersTest, AHeadOfManyMetadataIsListed) {
  auto client = std::make_shared<Client>();
  for (int i = 0; i < 300; i++) client->metadata.emplace_back("x-" + std::to_string(i), std::string(100, 'v'));
  Batch batch = this->batch(1, "body");
  batch.client = client;
  auto letters = open();
  ASSERT_TRUE(letters->put(batch, "r").is_ok());
  auto listed = letters->list().value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_TRUE(listed[0].damage.is_ok());
  EXPECT_EQ(listed[0].head.client.metadata.size(), 300u);
}

TEST_F(DeadLettersTest, WhatIsNotThereHoldsNothing) {
  SystemFiles files;
  EXPECT_TRUE(list_dead_letters(files, "/nowhere/at/all").value().empty());
  EXPECT_EQ(read_dead_letter(files, "/nowhere", "1-1.dead").status().code(), StatusCode::not_found);
  EXPECT_EQ(read_dead_letter(files, "/nowhere", "../secret").status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(open()->remove("../secret").code(), StatusCode::invalid_argument);
}

TEST_F(DeadLettersTest, TheOldestMakeRoomAndAreCounted) {
  auto letters = open({3, 1 << 20});
  for (int i = 0; i < 5; i++) {
    ASSERT_TRUE(letters->put(batch(1, "body " + std::to_string(i)), "r").is_ok());
    clock_.advance_ms(i == 2 ? 0 : 1);
  }
  EXPECT_EQ(bodies(*letters), (std::vector<std::string>{"body 2", "body 3", "body 4"}));
  EXPECT_EQ(metric("otelcol_exporter_dead_letters_removed"), 2);
  EXPECT_EQ(metric("otelcol_exporter_dead_letters"), 3);
  EXPECT_EQ(sink_->count("too many dead letters: the oldest were removed"), 2u);
  // The books are found again by the next life.
  letters = open({2, 1 << 20});
  ASSERT_TRUE(letters->put(batch(1, "body 5"), "r").is_ok());
  EXPECT_EQ(bodies(*letters), (std::vector<std::string>{"body 4", "body 5"}));
}

TEST_F(DeadLettersTest, BytesAreLimitedToo) {
  auto letters = open({100, 2000});
  for (char c : {'a', 'b', 'c'}) ASSERT_TRUE(letters->put(batch(1, std::string(700, c)), "r").is_ok());
  EXPECT_LE(files_.used_bytes(), 2000u);
  EXPECT_EQ(bodies(*letters), (std::vector<std::string>{std::string(700, 'b'), std::string(700, 'c')}));
  EXPECT_EQ(letters->put(batch(1, std::string(2000, 'd')), "r").code(), StatusCode::resource_exhausted);
  EXPECT_EQ(bodies(*letters).size(), 2u) << "what cannot be kept removes nobody";
}

TEST_F(DeadLettersTest, WhatOthersRemovedMakesNoRoomTwice) {
  auto letters = open({3, 1 << 20});
  for (char c : {'a', 'b', 'c'}) ASSERT_TRUE(letters->put(batch(1, {c}), "r").is_ok());
  auto other = open();
  ASSERT_TRUE(other->remove(names(*other)[1]).is_ok());
  ASSERT_TRUE(resend_dead_letter(files_, directory, names(*other)[1]).is_ok());
  for (char c : {'d', 'e'}) ASSERT_TRUE(letters->put(batch(1, {c}), "r").is_ok());
  EXPECT_EQ(bodies(*letters), (std::vector<std::string>{"a", "d", "e"}));
  EXPECT_EQ(metric("otelcol_exporter_dead_letters_removed"), 0);
  auto resent = list_dead_letters(files_, directory + "/resend").value();
  ASSERT_EQ(resent.size(), 1u);
  EXPECT_EQ(read_dead_letter(files_, directory + "/resend", resent[0].name).value().body, "c");
}

TEST_F(DeadLettersTest, DamageIsReportedAndDoesNotSpread) {
  auto letters = open();
  for (char c : {'a', 'b', 'c', 'd'}) ASSERT_TRUE(letters->put(batch(1, std::string(50, c)), "r").is_ok());
  auto before = letters->list().value();
  files_.damage(directory + "/" + before[0].name, before[0].bytes - 20, 1);  // its body
  files_.damage(directory + "/" + before[1].name, 0, 1);                     // its head
  ASSERT_TRUE(files_.open_file(directory + "/" + before[2].name, FileMode::update).value()->truncate(before[2].bytes - 1).is_ok());
  auto after = letters->list().value();
  ASSERT_EQ(after.size(), 4u);
  EXPECT_TRUE(after[0].damage.is_ok()) << "a listing reads heads only";
  EXPECT_EQ(after[1].damage.message(), "it does not begin as a dead letter does");
  EXPECT_EQ(after[2].damage.code(), StatusCode::data_loss);
  EXPECT_TRUE(after[3].damage.is_ok());
  EXPECT_EQ(letters->read(after[0].name).status().message(),
            "cannot read the dead letter " + directory + "/" + after[0].name + ": its check does not fit its content");
  for (int i : {1, 2}) EXPECT_EQ(letters->read(after[static_cast<size_t>(i)].name).status().code(), StatusCode::data_loss);
  EXPECT_EQ(letters->read(after[3].name).value().body, std::string(50, 'd'));
  EXPECT_TRUE(letters->remove(after[1].name).is_ok());
}

TEST_F(DeadLettersTest, AnyBytesAreReadWithoutHarm) {
  Random random(3);
  std::string good =
      encode_dead_letter({"p", "e", otlp::Signal::logs, "r", 1, 2, {"peer", {{"k", "v"}}, "c"}, 0}, batch(1, "body").payload);
  ASSERT_TRUE(decode_dead_letter(good).is_ok());
  for (int round = 0; round < 20'000; round++) {
    std::string bad = good.substr(0, random.below(good.size() + 1));
    for (uint64_t i = random.below(4); i > 0 && !bad.empty(); i--) bad[random.below(bad.size())] = static_cast<char>(random.next());
    (void)decode_dead_letter_head(bad);
    EXPECT_EQ(decode_dead_letter(bad).is_ok(), bad == good);
  }
  for (const char* line :
       {"{\"vigia_dead_letter\":1,\"body_bytes\":9223372036854775807}\n", "{\"vigia_dead_letter\":1,\"body_bytes\":-1}\n",
        "{\"vigia_dead_letter\":1,\"time_ms\":9223372036854775807,\"body_bytes\":0}\n"})
    EXPECT_FALSE(decode_dead_letter(std::string(line) + "12345678").is_ok()) << line;
  EXPECT_EQ(decode_dead_letter_head("{\"vigia_dead_letter\":2}\n").status().code(), StatusCode::failed_precondition);
  EXPECT_TRUE(decode_dead_letter_head("{\"vigia_dead_letter\":1,\"later\":\"x\",\"more\":5}\n").is_ok());
}

TEST_F(DeadLettersTest, AFullDiskRefusesAndLeavesNothingHalfDone) {
  auto letters = open();
  ASSERT_TRUE(letters->put(batch(1, "first"), "r").is_ok());
  uint64_t used = files_.used_bytes();
  files_.set_capacity_bytes(used + 100);
  EXPECT_EQ(letters->put(batch(1, std::string(500, 'x')), "r").code(), StatusCode::resource_exhausted);
  EXPECT_EQ(files_.used_bytes(), used);
  EXPECT_EQ(bodies(*letters), std::vector<std::string>{"first"});
  files_.set_capacity_bytes(0);
  EXPECT_TRUE(letters->put(batch(1, std::string(500, 'x')), "r").is_ok());
}

// Every life ends with the power or the process, most disks fail now and then.
TEST_F(DeadLettersTest, WhatWasTakenSurvivesWhateverTheDiskDoes) {
  for (uint64_t seed = 0; seed < 200; seed++) {
    vigia::test::FaultyFiles disk(seed);
    Random random(seed);
    std::vector<std::string> taken;
    size_t tried = 0;
    for (int life = 0; life < 4; life++) {
      if (random.below(3) > 0) disk.set_faults({0, 0.05, 0.1, 0.02});
      auto letters = open(disk, directory);
      for (uint64_t i = random.below(8); i > 0; i--) {
        clock_.advance_ms(static_cast<int64_t>(random.below(2)));
        std::string body = "body " + std::to_string(tried++) + std::string(random.below(3000), '.');
        if (letters->put(batch(1, body), "r").is_ok()) taken.push_back(body);
      }
      disk.set_faults({});
      if (random.below(2))
        disk.crash();
      else
        disk.kill();
      letters = open(disk, directory);
      std::vector<std::string> there = bodies(*letters);
      for (const std::string& body : taken)
        ASSERT_EQ(std::count(there.begin(), there.end(), body), 1) << "seed " << seed << " life " << life;
      ASSERT_LE(there.size(), tried);
    }
  }
}

TEST_F(DeadLettersTest, TheMachinesOwnFilesDoTheSame) {
  SystemFiles files;
  std::string storage = ::testing::TempDir() + "dead_letters_test_" + std::to_string(::getpid());
  std::filesystem::remove_all(storage);
  std::string where = dead_letter_directory(storage, "traces/x", "otlp/edge");
  auto letters = open(files, where, {2, 1 << 20});
  for (char c : {'a', 'b', 'c'}) ASSERT_TRUE(letters->put(batch(1, {c}), "r").is_ok());
  EXPECT_EQ(bodies(*letters), (std::vector<std::string>{"b", "c"}));
  std::string unfinished = where + "/1700000000000-99.dead.new";
  ASSERT_TRUE(files.write_file_atomically(unfinished, "half").is_ok());
  ASSERT_TRUE(resend_dead_letter(files, where, names(*letters)[0]).is_ok());
  EXPECT_EQ(bodies(*letters), std::vector<std::string>{"c"});
  EXPECT_EQ(list_dead_letters(files, where + "/resend").value().size(), 1u);
  letters = open(files, where, {2, 1 << 20});
  ASSERT_TRUE(letters->put(batch(1, "d"), "r").is_ok());
  EXPECT_FALSE(files.exists(unfinished));
  EXPECT_EQ(bodies(*letters), (std::vector<std::string>{"c", "d"}));
  std::filesystem::remove_all(storage);
}

}  // namespace
}  // namespace vigia::pipeline
