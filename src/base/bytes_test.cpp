// Shared buffers: every byte is charged once while anybody holds it, and given back when nobody does.

#include "base/bytes.h"

#include <gtest/gtest.h>

#include <thread>

namespace vigia {
namespace {

TEST(Bytes, ABufferIsChargedOnceHoweverManyHoldIt) {
  MemoryLedger ledger;
  {
    Slice whole = Slice::copy_of("hello world", ledger);
    int64_t charged = ledger.held_bytes();
    EXPECT_GE(charged, 11);
    Slice part = whole.sub(whole.view().substr(6));
    whole = {};
    EXPECT_EQ(ledger.held_bytes(), charged) << "a part keeps the whole block";
    EXPECT_EQ(part.view(), "world");
  }
  EXPECT_EQ(ledger.held_bytes(), 0);
}

TEST(Bytes, SlicesMayBeDroppedOnAnyThread) {
  MemoryLedger ledger;
  {
    Slice slice = Slice::copy_of(std::string(1000, 'x'), ledger);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
      threads.emplace_back([slice] {
        for (int k = 0; k < 10'000; k++) Slice copy = slice;
      });
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(ledger.held_bytes(), 0);
}

TEST(Bytes, AnAppenderGrowsAndGivesBackWhatItDidNotUse) {
  MemoryLedger ledger;
  Appender out(ledger, 1 << 20);
  std::string expected;
  for (int i = 0; i < 1000; i++) {
    out.append(std::to_string(i));
    expected += std::to_string(i);
  }
  Slice slice = out.take();
  EXPECT_EQ(slice.view(), expected);
  EXPECT_LT(ledger.held_bytes(), 64 * 1024);
  EXPECT_EQ(out.size(), 0u);
}

TEST(Bytes, TheLedgerKnowsItsLimit) {
  MemoryLedger ledger;
  EXPECT_FALSE(ledger.would_exceed(1 << 30)) << "no limit";
  ledger.set_limit_bytes(1000);
  Slice slice = Slice::copy_of(std::string(900, 'x'), ledger);
  EXPECT_FALSE(ledger.is_over_limit());
  EXPECT_TRUE(ledger.would_exceed(200));
  ledger.set_process_over_limit(true);
  EXPECT_TRUE(ledger.is_over_limit());
}

TEST(Bytes, ChainsJoinWithoutCopying) {
  MemoryLedger ledger;
  Chain one(Slice::copy_of("ab", ledger));
  Chain two(Slice::copy_of("cd", ledger));
  const char* place = two.slices()[0].data();
  one.append(std::move(two));
  EXPECT_EQ(one.to_string(), "abcd");
  EXPECT_EQ(one.size(), 4u);
  EXPECT_EQ(one.slices()[1].data(), place);
  EXPECT_TRUE(two.empty());
}

}  // namespace
}  // namespace vigia
