// Scenario: detectors that answer, fail, and do not answer, while data comes.
// Guarantee: data waits for them, never longer than the timeout, and goes on with what was found; what waits has a limit; a stop lets
// everything go.

#include <gtest/gtest.h>

#include "ottl/test_telemetry.h"
#include "pipeline/test_kit.h"
#include "processors/resourcedetection/config.h"
#include "processors/resourcedetection/factory.h"

namespace vigia::processors {
namespace {

using namespace ottl::test;
using otlp::Signal;
using pipeline::test::Answer;
using pipeline::test::FakeConsumer;
using pipeline::test::Kit;

auto decode_yaml(const std::string& yaml) {
  return pipeline::test::decode_text<ResourceDetectionConfig>(yaml,
                                                              [](config::Section& in, ResourceDetectionConfig& out) { decode(in, out); });
}

// A server that takes connections, and says nothing.
constexpr const char* silent_detector = "{detectors: [env, docker], docker: {endpoint: 'unix:///nowhere/docker.sock'}, timeout: 3s";

class ResourceDetectionTest : public testing::Test {
 protected:
  void make(const std::string& yaml) {
    auto decoded = decode_yaml(yaml);
    ASSERT_EQ(decoded->errors(), "");
    pipeline::Context context = kit_.context("resourcedetection");
    context.environment = [this](const std::string& name) {
      return name == "OTEL_RESOURCE_ATTRIBUTES" ? std::optional(variable_) : std::nullopt;
    };
    processor_ = *resourcedetection_processor().create(context, std::any(decoded->config), Signal::logs, next_);
  }
  void start() {
    ASSERT_TRUE(processor_->start().is_ok());
    kit_.settle();
  }
  void stop() {
    std::promise<void> stopped;
    processor_->stop(0, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    kit_.settle();
    processor_.reset();
  }
  void send(const std::string& request, Answer& answer) {
    pipeline::Batch batch;
    batch.signal = Signal::logs;
    batch.item_count = 1;
    batch.payload.append(Slice::copy_of(request, kit_.ledger));
    processor_->consume(std::move(batch), answer.done());
  }
  std::string sent(const std::string& request) {
    Answer answer;
    send(request, answer);
    EXPECT_TRUE(answer.get().is_ok());
    return next_.taken().empty() ? "" : next_.taken().back().bytes;
  }

  Kit kit_;
  FakeConsumer next_;
  std::unique_ptr<pipeline::Processor> processor_;
  std::string variable_ = "env=prod,zone=a%20b";
};

const std::string library = text_field(1, "lib");
const std::string before = group(attribute(1, "env", text_value("dev")), library, {text_field(5, "x")});

TEST_F(ResourceDetectionTest, OverridesOrKeepsWhatIsThere) {
  make("{}");
  start();
  EXPECT_EQ(sent(before),
            group(attribute(1, "env", text_value("prod")) + attribute(1, "zone", text_value("a b")), library, {text_field(5, "x")}));
  EXPECT_EQ(kit_.metric("vigia_resourcedetection_attributes{"), 2);
  stop();
  make("override: false");
  start();
  EXPECT_EQ(sent(before),
            group(attribute(1, "env", text_value("dev")) + attribute(1, "zone", text_value("a b")), library, {text_field(5, "x")}));
  stop();
  make("attributes: [zone]");
  start();
  EXPECT_EQ(sent(before),
            group(attribute(1, "env", text_value("dev")) + attribute(1, "zone", text_value("a b")), library, {text_field(5, "x")}));
  stop();
}

TEST_F(ResourceDetectionTest, NothingFoundChangesNothing) {
  variable_ = "";
  make("{}");
  start();
  EXPECT_EQ(sent(before), before);
  stop();
}

TEST_F(ResourceDetectionTest, DataWaitsForTheDetectorsAndNoLongerThanTheTimeout) {
  make(std::string(silent_detector) + "}");
  Answer early, late;
  start();
  send(before, early);
  EXPECT_EQ(early.count(), 0U);
  kit_.advance_ms(900);
  EXPECT_EQ(next_.tries(), 0U);
  kit_.advance_ms(2'100);
  EXPECT_EQ(next_.items(), 1U);
  EXPECT_TRUE(early.get().is_ok());
  EXPECT_NE(next_.taken()[0].bytes.find("prod"), std::string::npos) << "what others found is there";
  send(before, late);
  EXPECT_EQ(next_.items(), 2U);
  EXPECT_EQ(kit_.metric("vigia_resourcedetection_incomplete{"), 1);
  EXPECT_GE(kit_.sink->count("cannot detect a part of the resource"), 2U) << "it was tried again";
  EXPECT_GE(kit_.sink->count("mount Docker's socket"), 1U);
  stop();
}

TEST_F(ResourceDetectionTest, WhatWaitsHasALimit) {
  make(std::string(silent_detector) + "}");
  start();
  Answer answer, refused;
  for (int i = 0; i < 1000; i++) send(before, answer);
  EXPECT_EQ(kit_.metric("vigia_resourcedetection_waiting_batches{"), 1000);
  send(before, refused);
  EXPECT_TRUE(refused.get().is_retryable());
  EXPECT_EQ(kit_.metric("vigia_resourcedetection_refused_batches{"), 1);
  stop();
  EXPECT_EQ(next_.items(), 1000U);
}

TEST_F(ResourceDetectionTest, AStopLetsEverythingGo) {
  make(std::string(silent_detector) + "}");
  start();
  Answer answer;
  send(before, answer);
  stop();
  EXPECT_EQ(next_.taken().back().bytes, before);
}

TEST_F(ResourceDetectionTest, RefreshingFollowsAndKeepsWhatWasGood) {
  make("refresh_interval: 1m");
  start();
  EXPECT_NE(sent(before).find("prod"), std::string::npos);
  variable_ = "env=stage";
  kit_.advance_ms(60'000);
  EXPECT_NE(sent(before).find("stage"), std::string::npos);
  variable_ = "broken";
  kit_.advance_ms(60'000);
  kit_.advance_ms(5'000);
  EXPECT_NE(sent(before).find("stage"), std::string::npos);
  stop();
}

TEST_F(ResourceDetectionTest, TheSystemByItsOwnName) {
  make(
      "{detectors: [system], system: {hostname_sources: [os], resource_attributes: {os.type: {enabled: false}, host.arch: {enabled: "
      "true}}}}");
  ASSERT_TRUE(processor_->start().is_ok());
  Answer answer;
  send(before, answer);
  for (int i = 0; i < 1000 && answer.count() == 0; i++) kit_.settle();
  ASSERT_EQ(answer.count(), 1U);
  std::string bytes = next_.taken().back().bytes;
  EXPECT_NE(bytes.find("host.name"), std::string::npos);
  EXPECT_NE(bytes.find("host.arch"), std::string::npos);
  EXPECT_EQ(bytes.find("os.type"), std::string::npos);
  EXPECT_EQ(bytes.find("host.id"), std::string::npos);
  stop();
}

TEST(ResourceDetectionConfigTest, Mistakes) {
  auto says = [](const std::string& yaml, const std::string& what) {
    std::string errors = decode_yaml(yaml)->errors();
    EXPECT_NE(errors.find(what), std::string::npos) << errors;
  };
  says("detectors: [system, heroku]", "the detector \"heroku\" is not in this build; it has env, system, docker, ec2, gcp, azure, aks");
  says("detectors: []", "name at least one of");
  says("system: {hostname_sources: [guess]}", "expected dns, os, cname or lookup");
  says("system: {resource_attributes: {host.color: {enabled: true}}}", "does not find the attribute \"host.color\"");
  says("ec2: {endpoint: somewhere}", "expected http://host:port or unix:///path");
  says("ec2: {tags: [a]}", "tags_from_imds: true");
  says("azure: {tags: ['(']}", "missing");
  says("timeout: 0s", "must be positive");
  says("sytem: {}", "system");
}

TEST(ResourceDetectionConfigTest, EveryKey) {
  auto decoded = decode_yaml(
      "{detectors: [env, system, ec2], override: false, timeout: 2s, refresh_interval: 5m, fail_on_missing_metadata: true, retry: "
      "{enabled: true}, "
      "system: {hostname_sources: [lookup, os], resource_attributes: {host.id: {enabled: true}}}, "
      "ec2: {endpoint: 'http://127.0.0.1:1', tags: [^a], tags_from_imds: true, max_attempts: 3}}");
  EXPECT_EQ(decoded->errors(), "");
  const ResourceDetectionConfig& config = decoded->config;
  EXPECT_FALSE(config.overrides);
  EXPECT_EQ(config.timeout_ms, 2'000);
  EXPECT_EQ(config.refresh_interval_ms, 300'000);
  EXPECT_EQ(config.hostname_sources, (std::vector{HostnameSource::lookup, HostnameSource::os}));
  EXPECT_EQ(config.by_detector.at("ec2").endpoint, "http://127.0.0.1:1");
  EXPECT_EQ(config.by_detector.at("gcp").endpoint, "http://169.254.169.254");
}

}  // namespace
}  // namespace vigia::processors
