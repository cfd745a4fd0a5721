// The keys of a sending exporter's section.

#include "pipeline/sender_config.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

TEST(SenderConfig, KeysAndDefaults) {
  auto decoded = test::decode_text<SenderConfig>(R"(
timeout: 7s
retry_on_failure: {enabled: true, initial_interval: 1s, max_interval: 30s, max_elapsed_time: 0, multiplier: 2, randomization_factor: 0.1}
circuit_breaker: {enabled: false, failures: 7}
sending_queue:
  num_consumers: 20
  queue_size: 10000
  sizer: items
  block_on_overflow: true
  storage: file_storage
  batch: {flush_timeout: 1s, min_size: 10, max_size: 20}
)",
                                                 decode_sender);
  EXPECT_EQ(decoded->errors(), "");
  EXPECT_EQ(decoded->config.timeout_ms, 7000);
  EXPECT_EQ(decoded->config.retry.max_elapsed_time_ms, 0);
  EXPECT_FALSE(decoded->config.circuit_breaker.is_enabled);
  EXPECT_EQ(decoded->config.circuit_breaker.failures, 7u);
  EXPECT_EQ(decoded->config.queue.consumers, 20u);
  EXPECT_EQ(decoded->config.queue.sizer, Sizer::items);
  EXPECT_EQ(decoded->config.queue.storage, "file_storage");
  ASSERT_TRUE(decoded->config.queue.batch);
  EXPECT_EQ(decoded->config.queue.batch->max_size, 20u);
  EXPECT_EQ(decoded->diagnostics.warnings().size(), 0u);
}

TEST(SenderConfig, MistakesAreAllToldAtOnce) {
  auto decoded = test::decode_text<SenderConfig>(R"(
timeout: fast
retry_on_failure: {randomization_factor: 2}
circuit_breaker: {failures: 0}
sending_queue: {queue_size: 0, num_consumer: 3}
)",
                                                 decode_sender);
  EXPECT_EQ(decoded->diagnostics.error_count(), 5u) << decoded->errors();
  EXPECT_NE(decoded->errors().find("num_consumers"), std::string::npos) << decoded->errors();
}

}  // namespace
}  // namespace vigia::pipeline
