// A fan-out commits to all branches or to none, and answers once with what matters most.

#include "pipeline/fan_out.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeConsumer;
using test::make_batch;

// A queue with room for so many items.
class Queue final : public Consumer {
 public:
  struct Books final : Reservation::Owner {
    explicit Books(size_t room) : free(room) {}
    void give_back(const Load& load) override { free += load.items; }
    size_t free;
  };
  explicit Queue(size_t room) : books(std::make_shared<Books>(room)) {}

  Result<Reservation> reserve(const Load& load) override {
    if (load.items > books->free) return unavailable("full");
    books->free -= load.items;
    return Reservation(books, load);
  }
  void consume(Batch batch, Done done) override {
    if (!batch.reservation.use(*books)) {
      if (batch.item_count > books->free) {
        done(unavailable("full"));
        return;
      }
      books->free -= batch.item_count;
    }
    items += batch.item_count;
    done(Status());
  }

  std::shared_ptr<Books> books;
  size_t items = 0;
};

TEST(FanOut, OneTargetIsPassedThrough) {
  MemoryLedger ledger;
  Queue queue(10);
  FanOut fan_out({&queue});
  Batch batch = make_batch(ledger, 10);
  auto room = fan_out.reserve(batch.load());
  ASSERT_TRUE(room.is_ok());
  batch.reservation = std::move(room).value();
  Answer answer;
  fan_out.consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_EQ(queue.items, 10u);
}

TEST(FanOut, AFullBranchRefusesForAllAndNothingIsHeldOrDuplicated) {
  MemoryLedger ledger;
  Queue first(100);
  Queue second(5);
  FanOut fan_out({&first, &second});
  EXPECT_FALSE(fan_out.reserve({1, 10, 0}).is_ok());
  EXPECT_EQ(first.books->free, 100u);
  Answer answer;
  fan_out.consume(make_batch(ledger, 10), answer.done());
  EXPECT_EQ(answer.count(), 1u);
  EXPECT_TRUE(answer.get().is_retryable());
  EXPECT_EQ(first.items, 0u) << "a branch got data that the sender will send again";
  EXPECT_EQ(first.books->free, 100u);
}

TEST(FanOut, ReservedRoomIsUsedInEveryBranch) {
  MemoryLedger ledger;
  Queue first(10);
  Queue second(10);
  FanOut inner({&first, &second});
  Queue third(10);
  FanOut outer({&inner, &third});
  Batch batch = make_batch(ledger, 10);
  auto room = outer.reserve(batch.load());
  ASSERT_TRUE(room.is_ok());
  EXPECT_EQ(first.books->free, 0u);
  batch.reservation = std::move(room).value();
  Answer answer;
  outer.consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  for (Queue* queue : {&first, &second, &third}) {
    EXPECT_EQ(queue->items, 10u);
    EXPECT_EQ(queue->books->free, 0u);
  }
}

TEST(FanOut, AReservationOfAnotherShapeIsReplaced) {
  MemoryLedger ledger;
  Queue retired(10);
  Queue first(10);
  Queue second(10);
  Batch batch = make_batch(ledger, 10);
  auto room = retired.reserve(batch.load());
  batch.reservation = std::move(room).value();
  FanOut fan_out({&first, &second});
  Answer answer;
  fan_out.consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_EQ(retired.books->free, 10u) << "room of the old graph went back";
}

TEST(FanOut, AnswersOnceAfterAllAndAPermanentErrorWins) {
  MemoryLedger ledger;
  FakeConsumer slow;
  FakeConsumer broken;
  slow.hold();
  broken.script({invalid_argument("bad")});
  FanOut fan_out({&slow, &broken});
  Answer answer;
  fan_out.consume(make_batch(ledger, 1), answer.done());
  EXPECT_EQ(answer.count(), 0u);
  slow.release(unavailable("later"));
  EXPECT_EQ(answer.count(), 1u);
  EXPECT_EQ(answer.get().code(), StatusCode::invalid_argument);
}

TEST(FanOut, OfRetryableErrorsTheLongestWaitIsAskedFor) {
  MemoryLedger ledger;
  FakeConsumer first;
  FakeConsumer second;
  first.script({unavailable("one").retryable_after_ms(100)});
  second.script({unavailable("two").retryable_after_ms(900)});
  FanOut fan_out({&first, &second});
  Answer answer;
  fan_out.consume(make_batch(ledger, 1), answer.done());
  EXPECT_TRUE(answer.get().is_retryable());
  EXPECT_EQ(answer.get().retry_delay_ms(), 900);
  EXPECT_EQ(answer.get().message(), "one");
}

// --- Data out of a journal ---

// The journal gives it to that one again, and to nobody else.
TEST(FanOut, WhatOneBranchWithAReceiptOfItsOwnRefusesIsLetGoForItAlone) {
  MemoryLedger ledger;
  Queue taking(100);
  Queue full(0);
  FanOut fan_out({&taking, &full});
  auto of_taking = std::make_shared<test::FakeRecord>();
  auto of_full = std::make_shared<test::FakeRecord>();
  Batch batch = make_batch(ledger, 10);
  batch.receipts.emplace_back(of_taking, 1);
  batch.receipts.emplace_back(of_full, 2);
  Answer answer;
  fan_out.consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok()) << "another try would give the first branch the same data again";
  EXPECT_EQ(taking.items, 10u);
  EXPECT_EQ(of_full->kept, 1);
}

TEST(FanOut, BesideAJournalOnlyQueuesInMemoryAreAskedForRoom) {
  MemoryLedger ledger;
  Queue journaled(0);
  Queue in_memory(5);
  FanOut fan_out({&journaled, &in_memory});
  Batch batch = make_batch(ledger, 10);
  batch.receipts.emplace_back(std::make_shared<test::FakeRecord>(), 1);
  Answer answer;
  fan_out.consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_retryable());
  EXPECT_EQ(in_memory.items, 0u);
  Load load = make_batch(ledger, 10).load();
  load.branches = 1;
  EXPECT_FALSE(fan_out.reserve(load).is_ok());
  load.branches = 0;
  EXPECT_TRUE(fan_out.reserve(load).is_ok());
}

// Behind a connector: the journal before it can only give the data to all of them again.
TEST(FanOut, BranchesThatShareAReceiptAreAllAskedForRoomFirst) {
  MemoryLedger ledger;
  Queue taking(100);
  Queue full(0);
  FanOut fan_out({&taking, &full});
  auto record = std::make_shared<test::FakeRecord>();
  Batch batch = make_batch(ledger, 10);
  batch.receipts.emplace_back(record);
  Answer answer;
  fan_out.consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_retryable());
  EXPECT_EQ(taking.items, 0u) << "it would get the same data with every try";
  EXPECT_EQ(record->kept, 1);
}

}  // namespace
}  // namespace vigia::pipeline
