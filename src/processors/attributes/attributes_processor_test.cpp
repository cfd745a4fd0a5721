// Scenario: batches of all signals through `attributes` as it stands in a configuration file.
// Guarantee: the attributes of the chosen spans, log records and data points change as configured, nothing else does, and requests without
// a change go on as the same bytes; incomplete actions are refused with their position.

#include <gtest/gtest.h>

#include "ottl/test_telemetry.h"
#include "pipeline/test_kit.h"
#include "processors/attributes/config.h"
#include "processors/attributes/factory.h"

namespace vigia::processors {
namespace {

using namespace ottl::test;
using otlp::Signal;
using pipeline::test::Answer;
using pipeline::test::FakeConsumer;
using pipeline::test::Kit;

auto decode(const std::string& yaml) {
  return pipeline::test::decode_text<AttributesConfig>(
      yaml, [](config::Section& section, AttributesConfig& config) { config = decode_attributes_config(section); });
}

class AttributesTest : public ::testing::Test {
 protected:
  std::string edited(Signal signal, const std::string& yaml, const std::string& request,
                     std::shared_ptr<const pipeline::Client> client = nullptr) {
    auto decoded = decode(yaml);
    EXPECT_EQ(decoded->errors(), "");
    auto processor = attributes_processor().create(kit_.context("attributes"), std::any(decoded->config), signal, next_);
    if (!processor) return processor.status().message();
    pipeline::Batch batch;
    batch.signal = signal;
    batch.item_count = 1;
    batch.client = std::move(client);
    batch.payload = Chain(Slice::copy_of(request, kit_.ledger));
    Answer answer;
    (*processor)->consume(std::move(batch), answer.done());
    EXPECT_TRUE(answer.get().is_ok());
    return next_.taken().back().bytes;
  }

  Kit kit_;
  FakeConsumer next_;
};

const std::string shop = attribute(1, "service.name", text_value("shop"));
const std::string library = text_field(1, "lib");

TEST_F(AttributesTest, EditsSpans) {
  std::string yaml = R"({actions: [
    {key: env, value: prod, action: insert}, {key: env, value: never, action: insert}, {key: level, value: 7, action: upsert},
    {key: missing, value: 1.5, action: update}, {key: token, action: delete}, {key: ok, value: true, action: UPSERT},
    {key: quoted, value: "12", action: upsert}]})";
  std::string before =
      text_field(5, "GET /") + attribute(9, "token", text_value("x")) + attribute(9, "level", integer_value(3)) + varint_field(10, 1);
  std::string after = text_field(5, "GET /") + attribute(9, "level", integer_value(7)) + varint_field(10, 1) +
                      attribute(9, "env", text_value("prod")) + attribute(9, "ok", boolean_value(true)) +
                      attribute(9, "quoted", text_value("12"));
  EXPECT_EQ(edited(Signal::traces, yaml, group(shop, library, {before, before})), group(shop, library, {after, after}));
}

TEST_F(AttributesTest, EditsOnlyWhatIsChosen) {
  std::string yaml = R"({include: {match_type: strict, services: [shop]}, exclude: {match_type: regexp, span_names: ["^/health"]},
    actions: [{key: k, value: v, action: upsert}]})";
  std::string kept = text_field(5, "/health");
  std::string chosen = text_field(5, "/buy");
  std::string bank = attribute(1, "service.name", text_value("bank"));
  EXPECT_EQ(edited(Signal::traces, yaml, group(shop, library, {kept, chosen}) + group(bank, library, {chosen})),
            group(shop, library, {kept, chosen + attribute(9, "k", text_value("v"))}) + group(bank, library, {chosen}));
}

TEST_F(AttributesTest, KeepsEmptyGroups) {
  std::string request = group(shop, library, {}) + group(shop, library, {text_field(5, "x")});
  EXPECT_EQ(edited(Signal::traces, "actions: [{key: k, value: v, action: upsert}]", request),
            group(shop, library, {}) + group(shop, library, {text_field(5, "x") + attribute(9, "k", text_value("v"))}));
}

TEST_F(AttributesTest, EditsLogRecords) {
  std::string yaml = R"({include: {match_type: regexp, log_bodies: ["eve"]}, actions: [{key: user, action: hash}]})";
  std::string other = text_field(5, text_value("bob")) + attribute(6, "user", text_value("abc"));
  std::string chosen = text_field(5, text_value("eve")) + attribute(6, "user", text_value("abc"));
  std::string hashed = text_field(5, text_value("eve")) +
                       attribute(6, "user", text_value("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(edited(Signal::logs, yaml, group(shop, library, {other, chosen})), group(shop, library, {other, hashed}));
}

TEST_F(AttributesTest, EditsDataPointsOfEveryKindOfMetric) {
  struct Kind {
    uint32_t data;
    uint32_t attributes;
  };
  for (Kind kind : {Kind{5, 7}, Kind{7, 7}, Kind{9, 9}, Kind{10, 1}, Kind{11, 7}}) {
    auto metric = [&](const std::string& name, const std::string& added) {
      std::string point = fixed64_field(3, 5) + attribute(kind.attributes, "a", text_value("b")) + added;
      return text_field(1, name) + text_field(kind.data, text_field(1, point) + text_field(1, point));
    };
    std::string added = attribute(kind.attributes, "k", text_value("v"));
    std::string yaml = "{include: {match_type: strict, metric_names: [m]}, actions: [{key: k, value: v, action: upsert}]}";
    EXPECT_EQ(edited(Signal::metrics, yaml, group(shop, library, {metric("m", ""), metric("n", ""), metric("m", "")})),
              group(shop, library, {metric("m", added), metric("n", ""), metric("m", added)}));
  }
}

TEST_F(AttributesTest, SharesRequestsWithoutAChange) {
  auto decoded = decode("actions: [{key: absent, action: delete}, {key: absent, value: x, action: update}]");
  auto processor = attributes_processor().create(kit_.context("attributes"), std::any(decoded->config), Signal::traces, next_);
  ASSERT_TRUE(processor.is_ok());
  next_.hold();
  pipeline::Batch batch;
  Slice request = Slice::copy_of(group(shop, library, {text_field(5, "x")}), kit_.ledger);
  batch.payload = Chain(request);
  (*processor)->consume(std::move(batch), [](Status) {});
  ASSERT_EQ(next_.kept.size(), 1U);
  EXPECT_EQ(next_.kept[0].payload.slices()[0].data(), request.data());
  next_.release();
}

TEST_F(AttributesTest, TakesValuesFromTheRequest) {
  auto client = std::make_shared<pipeline::Client>();
  client->metadata = {{"x-tenant", "acme"}};
  EXPECT_EQ(edited(Signal::traces, "actions: [{key: tenant, from_context: metadata.x-tenant, action: insert}]",
                   group(shop, library, {text_field(5, "x")}), client),
            group(shop, library, {text_field(5, "x") + attribute(9, "tenant", text_value("acme"))}));
}

TEST(AttributesConfig, RefusesWhatIsWrong) {
  auto errors = [](const std::string& yaml) { return decode(yaml)->errors(); };
  EXPECT_NE(errors("{}").find("needs at least one action"), std::string::npos);
  EXPECT_NE(errors("actions: [{key: a, action: delete}, {key: b, action: insert}]").find("actions[1]"), std::string::npos);
  EXPECT_NE(errors("actions: [{key: b, action: insert}]").find("needs one of value"), std::string::npos);
  EXPECT_EQ(errors("actions: [{key: b, action: insert}]").find("came out empty"), std::string::npos);
  // What "value: ${env:NOT_SET}" comes to.
  std::string empty = errors("actions: [{key: b, value: , action: upsert}]");
  EXPECT_NE(empty.find("actions[0]::value: the value came out empty, perhaps because a variable is not set (upsert needs one of"),
            std::string::npos)
      << empty;
  EXPECT_EQ(errors("actions: [{key: b, value: '', action: upsert}]"), "");
  EXPECT_NE(errors("actions: [{key: b, action: inserd}]").find("insert"), std::string::npos);
  EXPECT_NE(errors("actions: [{key: b, action: extract, pattern: '('}]").find("cannot use pattern"), std::string::npos);
  EXPECT_NE(errors("actions: [{key: b, action: convert, converted_type: date}]").find("converted_type"), std::string::npos);
  EXPECT_NE(errors("{actions: [{key: b, action: delete}], include: {match_type: fuzzy, services: [a]}}").find("strict or regexp"),
            std::string::npos);
}

TEST_F(AttributesTest, RefusesPropertiesOfAnotherSignal) {
  EXPECT_NE(edited(Signal::logs, "{actions: [{key: b, action: delete}], include: {match_type: strict, services: [a]}}", "")
                .find("do not apply to log records"),
            std::string::npos);
}

}  // namespace
}  // namespace vigia::processors
