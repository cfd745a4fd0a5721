// Scenario: a receiver that takes samples only in order goes away, refuses, and comes back, while data keeps coming.
// Guarantee: nothing overtakes what came before it, what waits together goes together, and what is on the disk is tried for ever.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeRecord;
using test::SenderTest;
using test::small_config;

class SenderOrderTest : public SenderTest {
 protected:
  static SenderConfig ordered() {
    SenderConfig config = small_config();
    config.queue.size = 100;
    config.queue.keeps_order = true;
    config.circuit_breaker.failures = 2;
    config.retry.max_elapsed_time_ms = 20'000;
    return config;
  }
  // One item whose body is a letter.
  void send_letter(char letter, std::shared_ptr<Receipt::Record> record = nullptr) {
    Answer answer;
    kit_.on_loop([&] {
      Batch batch = test::make_batch(kit_.ledger, 1);
      batch.payload = Chain(Slice::copy_of(std::string(1, letter), kit_.ledger));
      if (record) batch.receipts.emplace_back(record);
      sender_->consume(std::move(batch), answer.done());
    });
    kit_.settle();
  }
  void send_letters(std::string_view letters) {
    for (char letter : letters) send_letter(letter);
  }
};

TEST_F(SenderOrderTest, NothingOvertakesWhatFailed) {
  make(ordered());
  script({unavailable("down")});
  send_letters("abcd");
  for (int second = 0; second < 8; second++) kit_.advance_ms(1000);
  EXPECT_EQ(kit_.metric("vigia_exporter_circuit_opened_total{exporter=\"otlp/x\",data_type=\"traces\"}"), 1);
  for (const std::string& body : peer_.bodies) EXPECT_EQ(body, "a") << "a probe that failed comes first again";
  size_t tries = peer_.bodies.size();
  EXPECT_GE(tries, 3u);
  script({Status()});
  for (int second = 0; second < 4; second++) kit_.advance_ms(1000);
  ASSERT_EQ(peer_.bodies.size(), tries + 2);
  EXPECT_EQ(peer_.bodies[tries], "a");
  EXPECT_EQ(peer_.bodies[tries + 1], "bcd") << "what waited goes together";
  EXPECT_EQ(counter("sent"), 4);
}

TEST_F(SenderOrderTest, ALoneRequestDoesNotWaitForOthers) {
  make(ordered());
  send_letters("a");
  EXPECT_EQ(peer_.bodies, std::vector<std::string>{"a"});
  hold(true);
  send_letters("bcd");
  EXPECT_EQ(peer_.bodies.size(), 2u) << "one at a time";
  hold(false);
  release();
  EXPECT_EQ(peer_.bodies.back(), "cd");
}

TEST_F(SenderOrderTest, ARefusedRequestIsNotCutAndTheNextGoesOn) {
  make(ordered());
  std::vector<size_t> aside;
  sender_->set_aside_to([&](Batch batch, const Status&) {
    aside.push_back(batch.item_count);
    batch.settle();
  });
  hold(true);
  send_letters("abc");
  hold(false);
  script({invalid_argument("out of order"), Status()});
  release();
  EXPECT_EQ(peer_.bodies, (std::vector<std::string>{"a", "bc"}));
  EXPECT_EQ(aside, std::vector<size_t>{2});
  send_letters("d");
  EXPECT_EQ(peer_.bodies.back(), "d");
}

TEST_F(SenderOrderTest, InMemoryItGivesUpInTime) {
  make(ordered());
  script({unavailable("down")});
  send_letters("a");
  for (int second = 0; second < 60; second++) kit_.advance_ms(1000);
  EXPECT_EQ(counter("send_failed"), 1);
}

TEST_F(SenderOrderTest, FromTheDiskItTriesForEver) {
  SenderConfig config = ordered();
  config.queue.storage = "file_storage";
  make(config);
  script({unavailable("down")});
  auto first = std::make_shared<FakeRecord>();
  auto second = std::make_shared<FakeRecord>();
  send_letter('a', first);
  send_letter('b', second);
  for (int tick = 0; tick < 60; tick++) kit_.advance_ms(1000);
  EXPECT_EQ(first->kept, 0) << "it would come back behind the second";
  script({Status()});
  for (int tick = 0; tick < 4; tick++) kit_.advance_ms(1000);
  EXPECT_EQ(first->released + second->released, 2);
  EXPECT_EQ(peer_.bodies.back(), "b");
}

}  // namespace
}  // namespace vigia::pipeline
