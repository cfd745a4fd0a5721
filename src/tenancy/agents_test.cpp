// Scenario: agents of several customers come, beat, are asked for, move to another host and go; the table behind the register is read again.
// Guarantee: nobody sees or touches another customer's agent, pages follow one another without gaps or repetitions, and what was stored is
// found again as it was.

#include "tenancy/agents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "tenancy/agent_table.h"
#include "tenancy/test_database.h"

namespace vigia::tenancy {
namespace {

Agent agent_of(const std::string& customer, const std::string& id, const std::string& host = "", int64_t seen_ms = 1'000) {
  Agent agent;
  agent.key = {customer, id};
  agent.hostname = host;
  agent.node_id = host;
  agent.registered_ms = agent.last_seen_ms = seen_ms;
  return agent;
}

Agent full_agent() {
  Agent agent = agent_of("acme", "tfo-agent-prod-node-01", "prod-node-01", 5);
  agent.workspace_id = "550e8400-e29b-41d4-a716-446655440000";
  agent.type = "tfo-otel-agent";
  agent.version = "1.0.0-CE";
  agent.node_id = "node one";
  agent.ip_address = "2001:db8::1";
  agent.metrics_scheme = "https";
  agent.metrics_path = "/m";
  agent.metrics_port = 65'535;
  agent.capabilities = {"otlp_grpc", "prometheus_scrape"};
  agent.resource_attributes = {{"os.description", "Ubuntu 22.04 = \\t ñ"}, {"empty", ""}};
  agent.labels = {{"rack", "7"}};
  agent.is_recognised = true;
  return agent;
}

// All that is compared by value; a record has no other identity.
std::string text_of(const Agent& agent) {
  std::string text = agent.key.customer + "|" + agent.key.agent_id + "|" + agent.workspace_id + "|" + agent.type + "|" + agent.version +
                     "|" + agent.hostname + "|" + agent.node_id + "|" + agent.ip_address + "|" + agent.metrics_scheme + "|" +
                     agent.metrics_path + "|" + std::to_string(agent.metrics_port) + "|" + std::to_string(agent.is_recognised) + "|" +
                     std::to_string(agent.registered_ms) + "|" + std::to_string(agent.last_seen_ms);
  for (const std::string& capability : agent.capabilities) text += "|" + capability;
  for (const TextPairs* pairs : {&agent.resource_attributes, &agent.labels})
    for (const auto& [name, value] : *pairs) text += "|" + name + "=" + value;
  return text;
}

const CustomerSet all;
CustomerSet only(const std::string& customer) { return {customer}; }

TEST(AgentsTest, customers_do_not_meet) {
  Agents agents;
  agents.put(agent_of("acme", "one", "host"));
  agents.put(agent_of("beta", "two", "host"));
  EXPECT_TRUE(agents.find(only("acme"), "one").is_ok());
  EXPECT_EQ(agents.find(only("beta"), "one").status().code(), StatusCode::not_found);
  EXPECT_EQ(agents.touch(only("beta"), "one", 9'000).code(), StatusCode::not_found);
  EXPECT_EQ(agents.get({"acme", "one"})->last_seen_ms, 1'000);
  EXPECT_EQ(agents.on_host("beta", "host")->agent->key.agent_id, "two");
  AgentQuery query;
  query.customers = only("beta");
  ASSERT_EQ(agents.list(query).size(), 1u);
  EXPECT_EQ(agents.list(query)[0].agent->key.agent_id, "two");
}

TEST(AgentsTest, the_same_id_of_two_customers_is_two_agents) {
  Agents agents;
  agents.put(agent_of("acme", "one", "a"));
  agents.put(agent_of("beta", "one", "b"));
  EXPECT_EQ(agents.find(only("beta"), "one")->agent->hostname, "b");
  Result<SeenAgent> found = agents.find(all, "one");
  EXPECT_EQ(found.status().code(), StatusCode::failed_precondition);
  EXPECT_TRUE(agents.remove({"beta", "one"}));
  EXPECT_EQ(agents.find(all, "one")->agent->hostname, "a");
  EXPECT_FALSE(agents.remove({"beta", "one"}));
}

TEST(AgentsTest, touched_agents_are_told_once_and_again_after_a_failure) {
  Agents agents;
  for (const char* id : {"a", "b", "c"}) agents.put(agent_of("acme", id));
  for (int64_t now : {2'000, 3'000})
    for (const char* id : {"a", "b"}) ASSERT_TRUE(agents.touch(all, id, now).is_ok());
  std::vector<Agents::LastSeen> touched = agents.take_touched(100);
  ASSERT_EQ(touched.size(), 2u);
  EXPECT_EQ(touched[0].last_seen_ms, 3'000);
  EXPECT_FALSE(agents.has_touched());
  ASSERT_TRUE(agents.touch(all, "a", 4'000).is_ok());
  agents.give_back_touched(touched);
  EXPECT_EQ(agents.take_touched(1).size(), 1u);
  EXPECT_EQ(agents.take_touched(100).size(), 1u);
  // Who was removed meanwhile is nobody's business any more.
  ASSERT_TRUE(agents.touch(all, "c", 4'000).is_ok());
  agents.remove({"acme", "c"});
  EXPECT_TRUE(agents.take_touched(100).empty());
}

TEST(AgentsTest, who_registered_goes_before_who_was_recognised) {
  Agents agents;
  Agent recognised = agent_of("acme", "host", "host");
  recognised.is_recognised = true;
  agents.put(recognised);
  EXPECT_EQ(agents.on_host("acme", "host")->agent->key.agent_id, "host");
  agents.put(agent_of("acme", "own-name", "host"));
  EXPECT_EQ(agents.on_host("acme", "host")->agent->key.agent_id, "own-name");
  // An agent that moved is no longer found at its old place.
  agents.put(agent_of("acme", "own-name", "other"));
  EXPECT_EQ(agents.on_host("acme", "host")->agent->key.agent_id, "host");
  EXPECT_EQ(agents.on_host("acme", "other")->agent->key.agent_id, "own-name");
}

TEST(AgentsTest, status_and_workspace_narrow_a_list) {
  Agents agents;
  agents.put(agent_of("acme", "old", "", 1'000));
  Agent young = agent_of("acme", "young", "", 5'000);
  young.workspace_id = "w";
  agents.put(young);
  AgentQuery query;
  query.offline_before_ms = 2'000;
  query.status = AgentStatus::offline;
  ASSERT_EQ(agents.list(query).size(), 1u);
  EXPECT_EQ(agents.list(query)[0].agent->key.agent_id, "old");
  query.status = AgentStatus::online;
  EXPECT_EQ(agents.list(query)[0].agent->key.agent_id, "young");
  query.workspace_id = "other";
  EXPECT_TRUE(agents.list(query).empty());
  EXPECT_EQ(agents.count(2'000).offline, 1u);
  EXPECT_EQ(agents.count(2'000).online, 1u);
}

// Against the obvious way: sort all, take those that match.
TEST(AgentsTest, pages_cover_everything_once) {
  Random random(7);
  Agents agents;
  std::vector<AgentKey> expected;
  for (int i = 0; i < 300; i++) {
    Agent agent = agent_of("customer" + std::to_string(random.below(5)), "agent" + std::to_string(random.below(10'000)));
    if (agents.get(agent.key)) continue;
    expected.push_back(agent.key);
    agents.put(std::move(agent));
  }
  std::sort(expected.begin(), expected.end());
  for (size_t limit : {1u, 7u, 300u})
    for (int customer = -1; customer < 6; customer++) {
      AgentQuery query;
      query.limit = limit;
      if (customer >= 0) query.customers = only("customer" + std::to_string(customer));
      std::vector<AgentKey> wanted, seen;
      for (const AgentKey& key : expected)
        if (query.customers.contains(key.customer)) wanted.push_back(key);
      for (std::vector<SeenAgent> page = agents.list(query); !page.empty(); page = agents.list(query)) {
        for (const SeenAgent& one : page) seen.push_back(one.agent->key);
        query.after = seen.back();
      }
      EXPECT_EQ(seen, wanted) << limit << " " << customer;
    }
}

TEST(AgentTest, what_must_not_be_stored_is_named) {
  auto refused = [](const std::function<void(Agent&)>& change) {
    Agent agent = full_agent();
    change(agent);
    Status status = check_agent(agent);
    return status.is_ok() ? std::string() : status.message().substr(0, status.message().find(':'));
  };
  EXPECT_EQ(refused([](Agent&) {}), "");
  EXPECT_EQ(refused([](Agent& agent) { agent.key.customer = ""; }), "customer_id");
  EXPECT_EQ(refused([](Agent& agent) { agent.key.agent_id = "../x"; }), "agent_id");
  EXPECT_EQ(refused([](Agent& agent) { agent.key.agent_id = std::string(129, 'a'); }), "agent_id");
  EXPECT_EQ(refused([](Agent& agent) { agent.hostname = "a\nb"; }), "hostname");
  EXPECT_EQ(refused([](Agent& agent) { agent.version = std::string(129, '1'); }), "version");
  EXPECT_EQ(refused([](Agent& agent) { agent.ip_address = "10.0.0.256"; }), "ip_address");
  EXPECT_EQ(refused([](Agent& agent) { agent.ip_address = std::string("10.0.0.1\0x", 10); }), "ip_address");
  EXPECT_EQ(refused([](Agent& agent) { agent.metrics_scheme = "ftp"; }), "metrics_scheme");
  EXPECT_EQ(refused([](Agent& agent) { agent.metrics_path = "m"; }), "metrics_path");
  EXPECT_EQ(refused([](Agent& agent) { agent.capabilities.assign(33, "x"); }), "capabilities");
  EXPECT_EQ(refused([](Agent& agent) { agent.capabilities = {"a b"}; }), "capabilities");
  EXPECT_EQ(refused([](Agent& agent) { agent.labels.assign(65, {"a", "b"}); }), "labels");
  EXPECT_EQ(refused([](Agent& agent) { agent.labels = {{"", "b"}}; }), "labels");
  EXPECT_EQ(refused([](Agent& agent) { agent.resource_attributes = {{"a\tb", "c"}}; }), "resource_attributes");
  EXPECT_EQ(refused([](Agent& agent) {
              agent.resource_attributes.assign(20, {"a", std::string(1'000, 'x')});
            }),
            "resource_attributes and labels");
}

class AgentTableTest : public TemporaryDirectoryTest {};

TEST_F(AgentTableTest, agents_are_found_again_as_they_were) {
  {
    auto database = std::move(*Database::open(path(), control_plane_migrations()));
    AgentTable table = std::move(*AgentTable::create(*database));
    ASSERT_TRUE(table.put(full_agent()).is_ok());
    ASSERT_TRUE(table.put(agent_of("beta", "two")).is_ok());
    ASSERT_TRUE(table.put(agent_of("beta", "three")).is_ok());
    ASSERT_TRUE(table.remove({"beta", "three"}).is_ok());
    ASSERT_TRUE(table.set_last_seen({"beta", "two"}, 77).is_ok());
    ASSERT_TRUE(table.set_last_seen({"beta", "gone"}, 77).is_ok());
  }
  auto database = std::move(*Database::open(path(), control_plane_migrations()));
  AgentTable table = std::move(*AgentTable::create(*database));
  std::vector<Agent> loaded = std::move(*table.load());
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(text_of(loaded[0]), text_of(full_agent()));
  EXPECT_EQ(text_of(loaded[1]), text_of([] {
              Agent agent = agent_of("beta", "two");
              agent.last_seen_ms = 77;
              return agent;
            }()));
}

}  // namespace
}  // namespace vigia::tenancy
