// Scenario: sections as they stand in files, right and wrong.
// Guarantee: defaults where nothing is said, and every mistake is named with what to write instead.

#include "receivers/fluentforward/config.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::receivers {
namespace {

auto decode_yaml(const std::string& yaml) {
  return pipeline::test::decode_text<FluentForwardConfig>(yaml, [](config::Section& in, FluentForwardConfig& out) { decode(in, out); });
}

TEST(FluentForwardConfigTest, Defaults) {
  auto decoded = decode_yaml("");
  EXPECT_EQ(decoded->errors(), "");
  EXPECT_EQ(decoded->config.endpoint, "localhost:24224");
  EXPECT_FALSE(decoded->config.tls);
  EXPECT_EQ(decoded->config.max_message_bytes, size_t{32} << 20);
}

TEST(FluentForwardConfigTest, EveryKey) {
  auto decoded = decode_yaml(
      "{endpoint: /run/fluent.sock, security: {shared_key: k, self_hostname: h, users: [{username: u, password: p, customer: c}]}, "
      "customer: all, "
      "max_message_size: 1MiB, max_connections: 5, message_timeout: 5s, idle_timeout: 1h, max_retry_time: 1m}");
  EXPECT_EQ(decoded->errors(), "");
  const FluentForwardConfig& config = decoded->config;
  EXPECT_EQ(config.endpoint, "unix:///run/fluent.sock");
  EXPECT_EQ(config.security.shared_key, "k");
  EXPECT_EQ(config.security.self_hostname, "h");
  ASSERT_EQ(config.security.users.size(), 1U);
  EXPECT_EQ(config.security.users[0].customer, "c");
  EXPECT_EQ(config.customer, "all");
  EXPECT_EQ(config.max_message_bytes, size_t{1} << 20);
  EXPECT_EQ(config.max_connections, 5U);
  EXPECT_EQ(config.message_timeout_ms, 5'000);
  EXPECT_EQ(config.idle_timeout_ms, 3'600'000);
  EXPECT_EQ(config.max_retry_time_ms, 60'000);
}

TEST(FluentForwardConfigTest, Mistakes) {
  auto says = [](const std::string& yaml, const std::string& what) {
    std::string errors = decode_yaml(yaml)->errors();
    EXPECT_NE(errors.find(what), std::string::npos) << errors;
  };
  says("endpoint: nowhere", "expected host:port or unix:///path");
  says("security: {self_hostname: h}", "needs the key");
  says("security: {shared_key: k, users: [{username: u, password: p}, {username: u, password: q}]}", "stands here twice");
  says("security: {shared_key: k, users: [{username: u}]}", "needs a password");
  says("max_message_size: 10", "from 1KiB to 1GiB");
  says("max_retry_time: 0s", "must be positive");
  says("shared_key: k", "shared_key");
}

}  // namespace
}  // namespace vigia::receivers
