// Scenario: requests with several resources, one of them missing, through `resource` as it stands in a configuration file.
// Guarantee: every Resource is edited, in all signals, and everything around them stays byte for byte.

#include <gtest/gtest.h>

#include "ottl/test_telemetry.h"
#include "pipeline/test_kit.h"
#include "processors/resource/config.h"
#include "processors/resource/factory.h"

namespace vigia::processors {
namespace {

using namespace ottl::test;
using otlp::Signal;
using pipeline::test::Answer;
using pipeline::test::FakeConsumer;
using pipeline::test::Kit;

auto decode(const std::string& yaml) {
  return pipeline::test::decode_text<ResourceConfig>(
      yaml, [](config::Section& section, ResourceConfig& config) { config = decode_resource_config(section); });
}

std::string edited(Signal signal, const std::string& yaml, const std::vector<std::string>& requests) {
  Kit kit;
  FakeConsumer next;
  auto decoded = decode(yaml);
  EXPECT_EQ(decoded->errors(), "");
  auto processor = resource_processor().create(kit.context("resource"), std::any(decoded->config), signal, next);
  EXPECT_TRUE(processor.is_ok());
  pipeline::Batch batch;
  batch.signal = signal;
  for (const std::string& request : requests) batch.payload.append(Slice::copy_of(request, kit.ledger));
  Answer answer;
  (*processor)->consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  return next.taken().back().bytes;
}

const std::string library = text_field(1, "lib");
const std::string yaml =
    "attributes: [{key: env, value: prod, action: upsert}, {key: cloud.zone, from_attribute: zone, action: insert}, {key: zone, action: "
    "delete}]";

TEST(ResourceProcessor, EditsEveryResourceInAllSignals) {
  std::string before = attribute(1, "env", text_value("dev")) + attribute(1, "zone", text_value("a")) + varint_field(2, 4);
  std::string after = attribute(1, "env", text_value("prod")) + varint_field(2, 4) + attribute(1, "cloud.zone", text_value("a"));
  std::string request = group(before, library, {"", text_field(5, "x")}) + group(before, library, {}) + text_field(77, "unknown");
  std::string expected = group(after, library, {"", text_field(5, "x")}) + group(after, library, {}) + text_field(77, "unknown");
  for (Signal signal : otlp::all_signals) EXPECT_EQ(edited(signal, yaml, {request, request}), expected + expected);
}

TEST(ResourceProcessor, GivesAResourceToGroupsWithout) {
  std::string bare = text_field(1, text_field(2, text_field(1, library) + text_field(2, "")));
  std::string expected =
      text_field(1, text_field(1, attribute(1, "env", text_value("prod"))) + text_field(2, text_field(1, library) + text_field(2, "")));
  EXPECT_EQ(edited(Signal::logs, "attributes: [{key: env, value: prod, action: upsert}]", {bare}), expected);
}

TEST(ResourceProcessor, KeepsWhatNeedsNoChange) {
  std::string request = group(attribute(1, "env", text_value("dev")), library, {text_field(5, "x")});
  EXPECT_EQ(edited(Signal::traces, "attributes: [{key: env, value: prod, action: insert}]", {request}), request);
}

TEST(ResourceConfig, NeedsActions) { EXPECT_NE(decode("{}")->errors().find("needs at least one action"), std::string::npos); }

}  // namespace
}  // namespace vigia::processors
