// Scenario: batches of agents, of applications and of nobody in particular pass a gateway that wants to know who sends.
// Guarantee: who shows to be an agent is told of once an interval, as it says itself; all data goes on untouched.

#include <gtest/gtest.h>

#include "ottl/test_telemetry.h"
#include "pipeline/test_kit.h"
#include "processors/agent_recognition/factory.h"
#include "processors/agent_recognition/recognise.h"
#include "processors/agent_recognition/recognition_processor.h"

namespace vigia::processors {
namespace {

using otlp::Signal;
using ottl::test::attribute;
using ottl::test::group;
using ottl::test::text_field;
using ottl::test::text_value;
using pipeline::RecognisedAgent;
using Texts = std::vector<std::pair<std::string, std::string>>;

std::string attributes(uint32_t number, const Texts& texts) {
  std::string message;
  for (const auto& [key, value] : texts) message += attribute(number, key, text_value(value));
  return message;
}

pipeline::Batch batch_of(MemoryLedger& ledger, Signal signal, const std::string& request, const Texts& headers,
                         const std::string& peer = "10.0.0.1:4711") {
  pipeline::Batch batch;
  batch.signal = signal;
  batch.item_count = 1;
  batch.payload = Chain(Slice::copy_of(request, ledger));
  auto client = std::make_shared<pipeline::Client>();
  client->peer_address = peer;
  client->metadata = headers;
  batch.client = client;
  return batch;
}

const Texts seed_headers = {{"x-tenant-id", "t1"}, {"x-workspace-id", "w1"}};
const Texts seed_resource = {{"host.name", "prod-node-01"}, {"host.ip", "10.0.1.15"}, {"k8s.node.name", "node-a"}};
const Texts seed_item = {{"telemetryflow.workspace.id", "w1"}, {"agent.version", "1.0.0-CE"}, {"agent.type", "tfo-otel-agent"}};

// What document 3's configuration makes of each signal: resource attributes from `resource`, those of the items from `attributes`.
std::string seed_request(Signal signal) {
  std::string item;
  if (signal == Signal::traces) item = attributes(9, seed_item);
  if (signal == Signal::logs) item = attributes(6, seed_item);
  if (signal == Signal::metrics) item = text_field(1, "up") + text_field(5, text_field(1, attributes(7, seed_item)));
  return group(attributes(1, seed_resource), "", {item});
}

class RecogniseTest : public ::testing::Test {
 protected:
  std::optional<RecognisedAgent> seen(Signal signal, const std::string& request, const Texts& headers = seed_headers) {
    return recognise(batch_of(ledger_, signal, request, headers));
  }
  MemoryLedger ledger_;
};

TEST_F(RecogniseTest, the_documents_configuration_in_every_signal) {
  for (Signal signal : otlp::all_signals) {
    auto agent = seen(signal, seed_request(signal));
    ASSERT_TRUE(agent) << otlp::signal_name(signal);
    EXPECT_EQ(agent->customer, "t1");
    EXPECT_EQ(agent->workspace_id, "w1");
    EXPECT_EQ(agent->hostname, "prod-node-01");
    EXPECT_EQ(agent->node_id, "node-a");
    EXPECT_EQ(agent->version, "1.0.0-CE");
    EXPECT_EQ(agent->type, "tfo-otel-agent");
    EXPECT_EQ(agent->agent_id, "");
    EXPECT_EQ(agent->peer_ip, "10.0.0.1");
    EXPECT_EQ(agent->resource_attributes.size(), 3u);
  }
}

TEST_F(RecogniseTest, what_the_resource_says_goes_before_the_item) {
  std::string request = group(attributes(1, {{"agent.id", "own"}, {"agent.type", "a"}, {"agent.version", "1"}}), "",
                              {attributes(9, {{"agent.type", "b"}, {"host.name", "h"}})});
  auto agent = seen(Signal::traces, request);
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->agent_id, "own");
  EXPECT_EQ(agent->type, "a");
  EXPECT_EQ(agent->hostname, "h");
}

TEST_F(RecogniseTest, applications_are_no_agents) {
  std::string application = group(attributes(1, {{"host.name", "h"}, {"service.name", "shop"}}), "", {attributes(9, {{"x", "y"}})});
  EXPECT_FALSE(seen(Signal::traces, application));
  EXPECT_FALSE(seen(Signal::traces, seed_request(Signal::traces), {}));
  EXPECT_FALSE(seen(Signal::traces, seed_request(Signal::traces), {{"user-agent", "curl"}}));
  EXPECT_FALSE(seen(Signal::traces, ""));
  EXPECT_FALSE(seen(Signal::metrics, group("", "", {text_field(1, "no data")})));
  EXPECT_TRUE(seen(Signal::traces, group(attributes(1, {{"telemetryflow.anything", "x"}}), "", {}), {{"x-workspace-id", "w"}}));
}

TEST_F(RecogniseTest, long_texts_are_not_taken) {
  std::string request =
      group(attributes(1, {{"agent.type", std::string(256, 'x')}, {"agent.version", "1"}, {"host.name", std::string(5'000, 'h')}}), "", {});
  auto agent = seen(Signal::traces, request);
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->type, "");
  EXPECT_EQ(agent->hostname, "");
  EXPECT_TRUE(agent->resource_attributes.empty());
}

TEST_F(RecogniseTest, the_credential_goes_before_the_header) {
  pipeline::Batch batch = batch_of(ledger_, Signal::logs, seed_request(Signal::logs), seed_headers, "[2001:db8::1]:9");
  auto client = std::make_shared<pipeline::Client>(*batch.client);
  client->customer = "by-credential";
  batch.client = client;
  auto agent = recognise(batch);
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->customer, "by-credential");
  EXPECT_EQ(agent->peer_ip, "2001:db8::1");
}

class FakeDirectory final : public pipeline::Extension, public pipeline::AgentDirectory {
 public:
  void on_recognised(RecognisedAgent agent) override { agents.push_back(std::move(agent)); }
  std::vector<RecognisedAgent> agents;
};

class RecognitionTest : public ::testing::Test {
 protected:
  std::unique_ptr<pipeline::Processor> create(const RecognitionConfig& config = {}) {
    auto created = factory_.create(kit_.context("agent_recognition"), std::any(config), Signal::traces, next_);
    EXPECT_TRUE(created.is_ok());
    return std::move(created).value();
  }
  pipeline::test::Kit kit_;
  pipeline::ProcessorFactory factory_ = agent_recognition_processor();
  pipeline::test::FakeConsumer next_;
  FakeDirectory directory_;
};

TEST_F(RecognitionTest, once_a_minute_and_sender) {
  kit_.extensions[pipeline::ComponentId{"agent_registry", ""}] = &directory_;
  auto processor = create();
  ASSERT_TRUE(processor->start().is_ok());
  auto send = [&](const std::string& peer, const Texts& headers) {
    pipeline::test::Answer answer;
    processor->consume(batch_of(kit_.ledger, Signal::traces, seed_request(Signal::traces), headers, peer), answer.done());
    EXPECT_TRUE(answer.get().is_ok());
  };
  for (int i = 0; i < 5; i++) send("10.0.0.1:1", seed_headers);
  EXPECT_EQ(directory_.agents.size(), 1u);
  send("10.0.0.2:1", seed_headers);
  send("10.0.0.1:1", {{"x-tenant-id", "t2"}});
  EXPECT_EQ(directory_.agents.size(), 3u);
  send("10.0.0.1:1", {});
  EXPECT_EQ(directory_.agents.size(), 3u);
  kit_.advance_ms(60'000);
  for (int i = 0; i < 5; i++) send("10.0.0.1:1", seed_headers);
  EXPECT_EQ(directory_.agents.size(), 4u);
  ASSERT_EQ(next_.taken().size(), 13u);
  EXPECT_EQ(next_.taken()[0].bytes, seed_request(Signal::traces));
}

TEST_F(RecognitionTest, without_a_directory_the_start_says_what_to_do) {
  auto without = create();
  ASSERT_TRUE(without->start().is_ok());
  EXPECT_EQ(kit_.sink->count("Agents are not recognised"), 1u);
  pipeline::test::Answer answer;
  without->consume(batch_of(kit_.ledger, Signal::traces, seed_request(Signal::traces), seed_headers), answer.done());
  EXPECT_EQ(next_.taken().size(), 1u);
  RecognitionConfig config;
  config.is_registry_required = true;
  Status started = create(config)->start();
  ASSERT_FALSE(started.is_ok());
  EXPECT_NE(started.message().find("list it under service::extensions"), std::string::npos) << started.message();
}

TEST(SenderTimesTest, senders_that_share_a_slot_do_not_starve) {
  SenderTimes times;
  constexpr uint64_t a = uint64_t{1} << 32, b = uint64_t{2} << 32;
  EXPECT_TRUE(times.claim(a, 0, 1'000));
  EXPECT_FALSE(times.claim(a, 500, 1'000));
  EXPECT_TRUE(times.claim(b, 500, 1'000));
  EXPECT_TRUE(times.claim(a, 600, 1'000));
  EXPECT_TRUE(times.claim(a, 1'700, 1'000));
}

}  // namespace
}  // namespace vigia::processors
