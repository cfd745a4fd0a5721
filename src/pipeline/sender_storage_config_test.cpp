// What a sending queue's section says about its storage: who is named, and what happens when the disk's share is full;
// and what its overflow says.

#include "pipeline/sender_config.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

auto decoded(const std::string& queue) { return test::decode_text<SenderConfig>("sending_queue: " + queue, decode_sender); }

TEST(SenderConfigStorage, TheExtensionIsClaimedWhereItIsNamed) {
  auto result = decoded("{storage: file_storage/big}");
  EXPECT_EQ(result->errors(), "");
  std::vector<config::Claim> claims = result->diagnostics.take_claims();
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].topic, storage_topic);
  EXPECT_EQ(claims[0].value, "file_storage/big");
  EXPECT_EQ(claims[0].path, "test::sending_queue::storage");
}

TEST(SenderConfigStorage, NobodyIsClaimedForAQueueInMemoryOrNone) {
  for (const char* queue : {"{}", "{storage: ''}", "{storage: null}", "{enabled: false, storage: file_storage}"})
    EXPECT_TRUE(decoded(queue)->diagnostics.take_claims().empty()) << queue;
}

TEST(SenderConfigStorage, TheOldestIsDroppedOnlyFromADisk) {
  EXPECT_EQ(decoded("{}")->config.queue.when_full, WhenFull::reject);
  auto good = decoded("{storage: s, when_full: drop_oldest}");
  EXPECT_EQ(good->errors(), "");
  EXPECT_EQ(good->config.queue.when_full, WhenFull::drop_oldest);
  EXPECT_NE(decoded("{when_full: drop_oldest}")->errors().find("drop_oldest needs a queue on disk: set storage"), std::string::npos);
  EXPECT_NE(decoded("{storage: s, when_full: drop_oldest, block_on_overflow: true}")->errors().find("does not go with block_on_overflow"),
            std::string::npos);
  EXPECT_NE(decoded("{storage: s, when_full: drop_newest}")->errors().find("did you mean \"drop_oldest\"?"), std::string::npos);
}

auto decoded_overflow(const std::string& overflow, const std::string& queue = "{storage: s}") {
  return test::decode_text<SenderConfig>("overflow: " + overflow + "\nsending_queue: " + queue, decode_sender);
}

TEST(SenderConfigOverflow, ItIsOffUntilItSaysWhere) {
  EXPECT_FALSE(decoded("{storage: s}")->config.overflow.has_value());
  auto result = decoded_overflow("{to: file_storage/away}");
  EXPECT_EQ(result->errors(), "");
  ASSERT_TRUE(result->config.overflow.has_value());
  EXPECT_EQ(*result->config.overflow, (OverflowConfig{"file_storage/away", 300'000, 10'000}));
  std::vector<config::Claim> claims = result->diagnostics.take_claims();
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_EQ(claims[1].topic, storage_topic);
  EXPECT_EQ(claims[1].value, "file_storage/away");
  EXPECT_EQ(claims[1].path, "test::overflow::to");
}

TEST(SenderConfigOverflow, MistakesSayWhatWasExpected) {
  EXPECT_NE(decoded_overflow("{after: 1s}")->errors().find("must name a storage extension"), std::string::npos);
  EXPECT_NE(decoded_overflow("{to: s, after: 0s}")->errors().find("must be positive"), std::string::npos);
  EXPECT_NE(decoded_overflow("{to: s, replay_items_per_second: 0}")->errors().find("must be positive"), std::string::npos);
  for (const char* queue : {"{}", "{enabled: false, storage: s}"})
    EXPECT_NE(decoded_overflow("{to: s}", queue)->errors().find("set sending_queue.storage"), std::string::npos) << queue;
}

}  // namespace
}  // namespace vigia::pipeline
