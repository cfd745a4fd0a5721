// Scenario: the registry is stopped, damaged and started again; senders of telemetry are recognised.
// Guarantee: what was answered with 201 is there afterwards, a damaged database keeps nobody away, and a sender that registers is one
// agent under its own name.

#include "extensions/agent_registry/agent_registry.h"

#include <gtest/gtest.h>

#include "extensions/agent_registry/test_registry.h"
#include "pipeline/api_routes.h"
#include "pipeline/test_kit.h"

namespace vigia::extensions {
namespace {

using Ids = std::vector<std::string>;

TEST_F(AgentRegistryTest, a_restart_finds_everybody) {
  start();
  ASSERT_EQ(enroll(document_of_the_seed).status, 201);
  Answer before = get("/api/v1/agents/tfo-agent-prod-node-01");
  wait_for([&] { return beat("tfo-agent-prod-node-01").text("last_seen_at") > before.text("last_seen_at"); });
  Answer beaten = get("/api/v1/agents/tfo-agent-prod-node-01");
  stop();
  start();
  Answer after = get("/api/v1/agents/tfo-agent-prod-node-01");
  EXPECT_EQ(after.body, beaten.body);
}

TEST_F(AgentRegistryTest, heartbeats_reach_the_disk_within_the_interval) {
  start("flush_interval: 100ms");
  ASSERT_EQ(enroll(R"({"agent_id":"a"})").status, 201);
  int64_t registered_ms = environment_.clock.wall_ns() / 1'000'000;
  wait_for([&] { return environment_.clock.wall_ns() / 1'000'000 > registered_ms + 5; });
  ASSERT_EQ(beat("a").status, 200);
  wait_for([&] {
    // A second reader of the file, as an operator's shell would be.
    auto database = tenancy::Database::open(directory_ + "/control.db", tenancy::control_plane_migrations());
    if (!database.is_ok()) return false;
    auto table = tenancy::AgentTable::create(**database);
    auto agents = table.is_ok() ? table->load() : Result<std::vector<tenancy::Agent>>(table.status());
    return agents.is_ok() && agents->size() == 1 && agents->front().last_seen_ms > registered_ms + 5;
  });
}

// Scenario: the registry's machine began in the wrong year, or its clock went back; then its clock is set.
TEST(RegistryClockTest, setting_the_clock_makes_nobody_offline_or_online) {
  for (int64_t step_ms : {int64_t{400} * 86'400'000, int64_t{-400} * 86'400'000}) {
    ManualClock clock;
    tenancy::Agents agents;
    RegistryClock registry_clock(clock, agents);
    tenancy::AgentQuery everybody;
    auto silent_for_ms = [&](const char* id) {
      int64_t now_ms = registry_clock.now_ms();
      return now_ms - agents.get({"acme", id})->last_seen_ms;
    };
    for (const char* id : {"silent", "lively"}) {
      tenancy::Agent agent;
      agent.key = {"acme", id};
      agent.last_seen_ms = registry_clock.now_ms();
      agents.put(agent);
    }
    clock.advance_ms(60'000);
    ASSERT_TRUE(agents.touch(everybody.customers, "lively", registry_clock.now_ms()).is_ok());
    clock.set_ahead_ms(step_ms);
    EXPECT_EQ(silent_for_ms("silent"), 60'000);
    EXPECT_EQ(silent_for_ms("lively"), 0);
    clock.advance_ms(5'000);
    EXPECT_EQ(silent_for_ms("lively"), 5'000);
    EXPECT_EQ(agents.take_touched(10).size(), 2u) << "the new dates are written down";
    // Less than a second is a clock that is slewed, and a matter of milliseconds.
    clock.set_ahead_ms(400);
    EXPECT_EQ(silent_for_ms("lively"), 5'400);
  }
}

TEST_F(AgentRegistryTest, a_damaged_database_is_set_aside) {
  ASSERT_TRUE(environment_.files.create_directories(directory_).is_ok());
  ASSERT_TRUE(environment_.files.write_file_atomically(directory_ + "/control.db", std::string(5'000, 'x')).is_ok());
  start();
  EXPECT_TRUE(ids("/api/v1/agents").empty());
  EXPECT_EQ(enroll(R"({"agent_id":"a"})").status, 201);
  size_t kept = 0;
  std::vector<std::string> names = std::move(*environment_.files.list(directory_));
  for (const std::string& name : names) kept += name.find("control.db.damaged-") == 0;
  EXPECT_EQ(kept, 1u);
}

TEST_F(AgentRegistryTest, one_registry_for_each_directory) {
  start();
  std::string errors;
  auto second = environment_.create(agent_registry_extension(), "endpoint: 127.0.0.1:0\ndirectory: " + directory_, errors);
  Status started = second->start();
  ASSERT_FALSE(started.is_ok());
  EXPECT_NE(started.message().find("does another program use it?"), std::string::npos) << started.message();
}

TEST_F(AgentRegistryTest, in_memory_nothing_is_written) {
  directory_ = "\"\"";
  start();
  EXPECT_EQ(enroll(R"({"agent_id":"a"})").status, 201);
  EXPECT_EQ(beat("a").status, 200);
  stop();
  start();
  EXPECT_EQ(beat("a").status, 404);
  directory_ = "nothing to remove";
}

TEST_F(AgentRegistryTest, senders_are_recognised_and_the_agents_own_name_wins) {
  start();
  pipeline::RecognisedAgent seen;
  seen.customer = "acme";
  seen.type = "tfo-otel-agent";
  seen.version = "1.0.0-CE";
  seen.hostname = "node-1";
  seen.peer_ip = "10.0.0.1";
  as_directory().on_recognised(seen);
  wait_for([&] { return ids("/api/v1/agents") == Ids{"node-1"}; });
  Answer answer = get("/api/v1/agents/node-1");
  EXPECT_EQ(answer.text("source"), "recognised");
  EXPECT_EQ(answer.json.find("capabilities")->items.size(), 3u);
  // Nobody has said that it can be scraped where its data comes from.
  EXPECT_NE(get("/api/v1/sd/agents").body.find("\"__metrics_path__\":\"/api/v1/agents/node-1/up\""), std::string::npos);
  ASSERT_EQ(enroll(R"({"agent_id":"own-name","hostname":"node-1","customer_id":"acme"})").status, 201);
  EXPECT_EQ(ids("/api/v1/agents"), Ids{"own-name"});
  // From now on its telemetry is its heartbeat.
  Answer before = get("/api/v1/agents/own-name");
  wait_for([&] {
    as_directory().on_recognised(seen);
    return get("/api/v1/agents/own-name").text("last_seen_at") > before.text("last_seen_at");
  });
  EXPECT_EQ(ids("/api/v1/agents"), Ids{"own-name"});
  EXPECT_EQ(get("/api/v1/agents/own-name").text("source"), "registered");
  // Another customer's host of the same name is another one.
  seen.customer = "beta";
  as_directory().on_recognised(seen);
  wait_for([&] { return ids("/api/v1/agents", "X-Tenant-Id: beta\r\n") == Ids{"node-1"}; });
}

TEST_F(AgentRegistryTest, what_cannot_be_stored_is_not_recognised) {
  start();
  pipeline::RecognisedAgent seen;
  seen.customer = "no such customer!";
  seen.hostname = "h";
  as_directory().on_recognised(seen);
  seen.customer = "acme";
  seen.hostname = "../h";
  as_directory().on_recognised(seen);
  enroll(R"({"agent_id":"a"})");
  EXPECT_EQ(ids("/api/v1/agents"), Ids{"a"});
}

TEST_F(AgentRegistryTest, an_api_port_serves_it_without_a_listener_of_its_own) {
  pipeline::ApiRoutes routes;
  pipeline::Context context = environment_.context("agent_registry");
  AgentRegistryConfig config;
  config.directory = "";
  {
    auto sink = std::make_shared<pipeline::test::RecordingSink>();
    pipeline::Context heard = context;
    heard.log = Logger(sink);
    AgentRegistryExtension nowhere(heard, config);
    ASSERT_TRUE(nowhere.start().is_ok());
    EXPECT_EQ(sink->count("give the extension an endpoint"), 1u);
    environment_.stop(nowhere);
  }
  context.api = &routes;
  AgentRegistryExtension registry(context, config);
  ASSERT_TRUE(registry.start().is_ok());
  EXPECT_NE(routes.find("/api/v1/agents"), nullptr);
  EXPECT_NE(routes.find("/api/v1/agents/a/heartbeat"), nullptr);
  EXPECT_NE(routes.find("/api/v1/sd/agents"), nullptr);
  EXPECT_EQ(routes.find("/api/v1/agentsx"), nullptr);
  EXPECT_EQ(routes.find("/health"), nullptr);
  environment_.stop(registry);
  EXPECT_TRUE(routes.prefixes().empty());
}

TEST(AgentRegistryConfigTest, mistakes_say_what_was_expected) {
  auto mistakes = [](const std::string& yaml) {
    return pipeline::test::decode_text<AgentRegistryConfig>(
               yaml, [](config::Section& section, AgentRegistryConfig& out) { out = decode_agent_registry(section); })
        ->errors();
  };
  EXPECT_EQ(mistakes(""), "");
  EXPECT_EQ(mistakes("offline_after: 5m\nremove_after: 0s\nmax_agents: 5\ndirectory: /d\nendpoint: localhost:0\nheartbeat_interval: 30s"),
            "");
  EXPECT_NE(mistakes("offline_after: 0s").find("must be positive"), std::string::npos);
  EXPECT_NE(mistakes("remove_after: 1m").find("must not be shorter than offline_after"), std::string::npos);
  EXPECT_NE(mistakes("max_agents: 0").find("must be from 1 to 1000000"), std::string::npos);
  EXPECT_NE(mistakes("flush_interval: 1h").find("must be from 100ms to 1m"), std::string::npos);
  EXPECT_NE(mistakes("max_agent: 1").find("max_agents"), std::string::npos);
}

}  // namespace
}  // namespace vigia::extensions
