// Scenario: agents, operators, Prometheus and people with bad intentions speak to the registry over HTTP.
// Guarantee: nobody reaches another customer's agents, and every bad request gets a clear answer that changes nothing.

#include <gtest/gtest.h>

#include "extensions/agent_registry/test_registry.h"

namespace vigia::extensions {
namespace {

using Ids = std::vector<std::string>;

TEST_F(AgentRegistryTest, the_documents_agent_registers) {
  start();
  Answer first = enroll(document_of_the_seed);
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.text("agent_id"), "tfo-agent-prod-node-01");
  EXPECT_EQ(first.text("hostname"), "prod-node-01");
  EXPECT_EQ(first.text("ip_address"), "10.0.1.15");
  EXPECT_EQ(first.text("version"), "1.0.0-CE");
  EXPECT_EQ(first.text("workspace_id"), "550e8400-e29b-41d4-a716-446655440000");
  EXPECT_EQ(first.text("tenant_id"), "660e8400-e29b-41d4-a716-446655440001");
  EXPECT_EQ(first.text("customer_id"), "660e8400-e29b-41d4-a716-446655440001");
  EXPECT_EQ(first.text("agent_type"), "tfo-otel-agent");
  EXPECT_EQ(first.text("status"), "online");
  EXPECT_EQ(first.json.find("capabilities")->items.size(), 3u);
  EXPECT_EQ(first.json.find("resource_attributes")->find("os.description")->string, "Ubuntu 22.04");
  // Its own times are not the registry's.
  EXPECT_NE(first.text("registered_at").substr(0, 10), "2025-12-13");
  EXPECT_EQ(first.json.find("warnings"), nullptr) << first.body;
  Answer again = enroll(document_of_the_seed);
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.text("registered_at"), first.text("registered_at"));
  EXPECT_EQ(ids("/api/v1/agents"), Ids{"tfo-agent-prod-node-01"});
  EXPECT_TRUE(has_metric("vigia_agent_registry_registrations_total{result=\"new\"} 1"));
  EXPECT_TRUE(has_metric("vigia_agent_registry_registrations_total{result=\"known\"} 1"));
}

TEST_F(AgentRegistryTest, what_is_not_said_follows_from_the_rest) {
  start();
  Answer answer = enroll(R"({"hostname":"h","unknown":{"x":[1,2]},"resource_attributes":{"n":1,"r":1.5,"b":true,"z":null}})",
                         "X-Tenant-Id: acme\r\nX-Workspace-Id: w1\r\n");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.text("customer_id"), "acme");
  EXPECT_EQ(answer.text("workspace_id"), "w1");
  EXPECT_EQ(answer.text("node_id"), "h");
  EXPECT_EQ(answer.text("ip_address"), "127.0.0.1");
  EXPECT_EQ(answer.text("agent_id").substr(0, 6), "agent-");
  EXPECT_EQ(answer.json.find("resource_attributes")->find("r")->string, "1.5");
  EXPECT_EQ(answer.json.find("warnings")->items.size(), 1u) << answer.body;
  EXPECT_EQ(enroll(R"({"hostname":"h"})", "X-Tenant-Id: acme\r\n").text("agent_id"), answer.text("agent_id"));
  EXPECT_EQ(enroll(R"({"agent_id":"x"})").text("customer_id"), "default");
}

TEST_F(AgentRegistryTest, bad_documents_are_refused_by_field) {
  start();
  struct Case {
    const char* body;
    int status;
    const char* reason;
  };
  const Case cases[] = {
      {"", 400, "malformed JSON"},
      {"{", 400, "malformed JSON"},
      {"[]", 400, "the document: expected an object"},
      {"{}", 400, "agent_id"},
      {R"({"agent_id":7})", 400, "agent_id: expected a text"},
      {R"({"agent_id":"register"})", 400, "is the name of a path"},
      {R"({"agent_id":"../../etc"})", 400, "agent_id: expected letters, digits and"},
      {R"({"agent_id":"a\u0000b"})", 400, "agent_id"},
      {R"({"agent_id":"a","ip_address":"1.2.3"})", 400, "ip_address: expected an IPv4 or IPv6 address"},
      {R"({"agent_id":"a","metrics_port":65536})", 400, "metrics_port: expected a port"},
      {R"({"agent_id":"a","metrics_port":"80"})", 400, "metrics_port: expected a port"},
      {R"({"agent_id":"a","capabilities":"x"})", 400, "capabilities: expected a list of texts"},
      {R"({"agent_id":"a","capabilities":[1]})", 400, "capabilities: expected a list of texts"},
      {R"({"agent_id":"a","resource_attributes":[]})", 400, "resource_attributes: expected an object of texts"},
      {R"({"agent_id":"a","resource_attributes":{"k":{}}})", 400, "resource_attributes: k: expected a text, number or boolean"},
      {R"({"agent_id":"a","hostname":"a\nb"})", 400, "hostname: control characters"},
      {R"({"agent_id":"a","customer_id":"x","tenant_id":"y"})", 400, "customer_id and tenant_id"},
      {R"({"agent_id":"a","customer_id":"x y"})", 400, "customer_id: expected letters, digits and"},
      {"\xff\xfe", 400, "malformed JSON"},
  };
  for (const Case& one : cases) {
    Answer answer = enroll(one.body);
    EXPECT_EQ(answer.status, one.status) << one.body;
    EXPECT_NE(answer.text("error").find(one.reason), std::string::npos) << one.body << " " << answer.body;
  }
  std::string deep(5'000, '[');
  EXPECT_EQ(enroll(deep).status, 400);
  EXPECT_TRUE(ids("/api/v1/agents").empty());
}

TEST_F(AgentRegistryTest, requests_that_cannot_be_meant) {
  start("max_body_size: 2KiB");
  Answer method = ask("PUT", "/api/v1/agents/register");
  EXPECT_EQ(ask("GET", "/api/v1/agents/a/heartbeat").status, 405);
  EXPECT_EQ(method.status, 405);
  EXPECT_NE(method.head.find("allow: POST\r\n"), std::string::npos) << method.head;
  Answer unread = ask("POST", "/api/v1/agents", "", "x");
  EXPECT_EQ(unread.status, 405);
  EXPECT_NE(unread.head.find("allow: GET, HEAD\r\n"), std::string::npos) << unread.head;
  EXPECT_EQ(ask("POST", "/api/v1/agents/register", "", "{}").status, 415);
  EXPECT_EQ(ask("POST", "/api/v1/agents/register", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "{}").status, 415);
  EXPECT_EQ(enroll(std::string(3'000, ' ')).status, 413);
  for (const char* path : {"/api/v1/agentsx", "/api/v1/agents/a/b", "/api/v1/agents/a/heartbeat/c", "/api/v1/agents/%2e%2e/heartbeat",
                           "/api/v1/agents/%zz", "/api/v1/agents//heartbeat", "/"})
    EXPECT_EQ(get(path).status, 404) << path;
  EXPECT_EQ(ask("POST", "/api/v1/agents/a/heartbeat", "", "[]").status, 400);
  Answer head = ask("HEAD", "/api/v1/agents");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "status=away", "cursor=zz", "cursor=6161", "tenant=%g0"})
    EXPECT_EQ(get(std::string("/api/v1/agents?") + query).status, 400) << query;
}

// What is passed over would be answered with the agents of all.
TEST_F(AgentRegistryTest, parameters_that_nobody_knows_are_refused_by_name) {
  start();
  ASSERT_EQ(enroll(R"({"agent_id":"a","customer_id":"acme"})").status, 201);
  ASSERT_EQ(enroll(R"({"agent_id":"a","customer_id":"beta"})").status, 201);
  struct Case {
    const char* path;
    const char* reason;
  };
  const Case cases[] = {
      {"/api/v1/agents?tenat=acme", "tenat: unknown parameter; did you mean \"tenant\"? (known parameters: customer, customer_id, "},
      {"/api/v1/agents?limit=1&page=2", "page: unknown parameter (known parameters: "},
      {"/api/v1/agents?offset", "offset: unknown parameter"},
      {"/api/v1/agents?job=customer-agents", "job: unknown parameter"},
      {"/api/v1/agents/a?customer=acme&full=1", "full: unknown parameter (known parameters: customer, customer_id, tenant, tenant_id)"},
      {"/api/v1/agents/a/up?custmer=acme", "did you mean \"customer\"?"},
      {"/api/v1/sd/agents?jobs=customer-agents", "did you mean \"job\"?"},
  };
  for (const Case& one : cases) {
    Answer answer = get(one.path);
    EXPECT_EQ(answer.status, 400) << one.path;
    EXPECT_NE(answer.text("error").find(one.reason), std::string::npos) << one.path << " " << answer.body;
  }
  Answer endless = get("/api/v1/agents?" + std::string(2'000, 'x'));
  EXPECT_EQ(endless.status, 400);
  EXPECT_LT(endless.body.size(), 400u) << endless.body;
  EXPECT_EQ(ask("DELETE", "/api/v1/agents/a?tenat=acme").status, 400);
  EXPECT_EQ(get("/api/v1/agents/a?customer=acme").text("customer_id"), "acme");
  EXPECT_EQ(ask("DELETE", "/api/v1/agents/a?tenant=acme").status, 204);
  EXPECT_EQ(ids("/api/v1/agents?&status=online&"), Ids{"a"}) << "the other customer's";
}

// Every way in, as the other customer.
TEST_F(AgentRegistryTest, customers_cannot_cross) {
  start();
  const std::string acme = "X-Tenant-Id: acme\r\n", beta = "X-Tenant-Id: beta\r\n";
  ASSERT_EQ(enroll(R"({"agent_id":"a1","hostname":"acme-host","metrics_port":9,"capabilities":["prometheus_scrape"]})", acme).status, 201);
  ASSERT_EQ(enroll(R"({"agent_id":"b1","hostname":"beta-host"})", beta).status, 201);
  EXPECT_EQ(get("/api/v1/agents/a1", beta).status, 404);
  EXPECT_EQ(beat("a1", beta).status, 404);
  EXPECT_EQ(ask("DELETE", "/api/v1/agents/a1", beta).status, 404);
  EXPECT_EQ(ids("/api/v1/agents", beta), Ids{"b1"});
  EXPECT_EQ(get("/api/v1/agents?tenant=acme", beta).status, 403);
  EXPECT_EQ(get("/api/v1/sd/agents?customer=acme", beta).status, 403);
  EXPECT_EQ(get("/api/v1/sd/agents", beta).json.items.size(), 1u);
  EXPECT_EQ(get("/api/v1/sd/agents", beta).body.find("acme"), std::string::npos);
  EXPECT_NE(get("/api/v1/agents/a1/up", beta).status, 200);
  EXPECT_EQ(enroll(R"({"agent_id":"a1","customer_id":"acme"})", beta).status, 403);
  EXPECT_EQ(get("/api/v1/agents", "X-Tenant-Id: beta\r\nX-Scope-OrgID: acme\r\n").status, 403);
  EXPECT_EQ(get("/api/v1/agents", "X-Tenant-Id: ../acme\r\n").status, 400);
  // The same id is another agent, and changes nothing about the first.
  EXPECT_EQ(enroll(R"({"agent_id":"a1","hostname":"mine"})", beta).status, 201);
  EXPECT_EQ(get("/api/v1/agents/a1", acme).text("hostname"), "acme-host");
  EXPECT_EQ(get("/api/v1/agents/a1").status, 409);
  EXPECT_EQ(beat("a1").status, 409);
  EXPECT_EQ(beat("b1").status, 200);
  // A cursor carries no right.
  Answer page = get("/api/v1/agents?limit=1");
  std::string cursor = page.text("next_cursor");
  ASSERT_NE(cursor, "");
  EXPECT_EQ(ids("/api/v1/agents?cursor=" + cursor, beta), (Ids{"a1", "b1"}));
}

TEST_F(AgentRegistryTest, heartbeats_keep_an_agent_online) {
  start("offline_after: 1ms");
  ASSERT_EQ(enroll(document_of_the_seed).status, 201);
  wait_for([&] { return get("/api/v1/agents/tfo-agent-prod-node-01").text("status") == "offline"; });
  EXPECT_TRUE(has_metric("vigia_agent_registry_agents{status=\"offline\"} 1"));
  EXPECT_TRUE(has_metric("vigia_agent_up{customer_id=\"660e8400-e29b-41d4-a716-446655440001\",node_id=\"prod-node-01\"} 0"));
  EXPECT_EQ(ids("/api/v1/agents?status=offline").size(), 1u);
  EXPECT_TRUE(ids("/api/v1/agents?status=online").empty());
  stop();
  start();
  Answer answer = beat("tfo-agent-prod-node-01");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("status"), "online");
  EXPECT_EQ(answer.json.find("heartbeat_interval_seconds")->integer, 60);
  EXPECT_TRUE(has_metric("vigia_agent_up{customer_id=\"660e8400-e29b-41d4-a716-446655440001\",node_id=\"prod-node-01\"} 1"));
  EXPECT_EQ(beat("nobody").status, 404);
  EXPECT_EQ(ids("/api/v1/agents?status=online").size(), 1u);
}

TEST_F(AgentRegistryTest, lists_come_in_pages) {
  start();
  for (const char* id : {"c", "a", "b"}) ASSERT_EQ(enroll(std::string(R"({"agent_id":")") + id + "\"}").status, 201);
  Answer first = get("/api/v1/agents?limit=2");
  ASSERT_EQ(first.json.find("agents")->items.size(), 2u);
  EXPECT_EQ(first.json.find("agents")->items[0].find("agent_id")->string, "a");
  Answer second = get("/api/v1/agents?limit=2&cursor=" + first.text("next_cursor"));
  ASSERT_EQ(second.json.find("agents")->items.size(), 1u);
  EXPECT_EQ(second.json.find("agents")->items[0].find("agent_id")->string, "c");
  EXPECT_NE(second.body.find("\"next_cursor\":null"), std::string::npos);
}

// An agent behind a NAT, say: nobody can scrape it, but it sends its heartbeats.
TEST_F(AgentRegistryTest, who_cannot_be_scraped_is_up_by_its_heartbeats) {
  start();
  enroll(R"({"agent_id":"behind","customer_id":"acme","node_id":"n1"})");
  enroll(R"({"agent_id":"behind","customer_id":"beta","node_id":"n2"})");
  Answer all = get("/api/v1/sd/agents?job=customer-agents&customer=acme");
  ASSERT_EQ(all.json.items.size(), 1u) << all.body;
  const JsonValue& labels = *all.json.items[0].find("labels");
  EXPECT_EQ(labels.find("node_id")->string, "n1");
  EXPECT_EQ(labels.find("__scheme__")->string, "http");
  EXPECT_EQ(labels.find("__metrics_path__")->string, "/api/v1/agents/behind/up");
  EXPECT_EQ(labels.find("__param_customer")->string, "acme");
  EXPECT_FALSE(all.json.items[0].find("targets")->items[0].string.empty()) << "where we were asked";
  Answer page = get("/api/v1/agents/behind/up?customer=acme");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.head.find("content-type: text/plain; version=0.0.4"), std::string::npos) << page.head;
  EXPECT_EQ(get("/api/v1/agents/behind/up").status, 409) << "of which customer?";
  EXPECT_EQ(get("/api/v1/agents/nobody/up").status, 404);
  stop();
  start("offline_after: 1ms");
  EXPECT_EQ(beat("behind", "X-Tenant-Id: acme\r\n").status, 200);
  wait_for([&] { return get("/api/v1/agents/behind/up?customer=acme").status == 503; });
}

TEST_F(AgentRegistryTest, prometheus_gets_those_that_can_be_scraped) {
  start();
  const std::string scrapable = R"("capabilities":["prometheus_scrape"],"metrics_port":8080)";
  enroll(R"({"agent_id":"v4","customer_id":"acme","ip_address":"10.0.0.1","node_id":"n1","labels":{"rack.no":"7"},)" + scrapable + "}");
  enroll(R"({"agent_id":"v6","customer_id":"acme","ip_address":"2001:db8::1","agent_type":"tfo-otel-agent","metrics_path":"/health",)" +
         scrapable + "}");
  enroll(R"({"agent_id":"no-port","customer_id":"acme","capabilities":["prometheus_scrape"]})");
  enroll(R"({"agent_id":"not-able","customer_id":"acme","metrics_port":8080})");
  enroll(R"({"agent_id":"other","customer_id":"beta","ip_address":"10.0.0.9",)" + scrapable + "}");
  auto scraped = [&](const std::string& query) {
    size_t count = 0;
    for (const JsonValue& group : get("/api/v1/sd/agents" + query).json.items)
      if (!group.find("labels")->find("__param_customer")) count++;
    return count;
  };
  Answer all = get("/api/v1/sd/agents");
  EXPECT_NE(all.head.find("content-type: application/json"), std::string::npos);
  ASSERT_EQ(all.json.items.size(), 5u) << all.body;
  EXPECT_EQ(scraped(""), 3u);
  const JsonValue& labels = *all.json.items[2].find("labels");
  EXPECT_EQ(all.json.items[2].find("targets")->items[0].string, "10.0.0.1:8080");
  EXPECT_EQ(labels.find("customer_id")->string, "acme");
  EXPECT_EQ(labels.find("node_id")->string, "n1");
  EXPECT_EQ(labels.find("node")->string, "n1");
  EXPECT_EQ(labels.find("__metrics_path__")->string, "/metrics");
  EXPECT_EQ(labels.find("__scheme__")->string, "http");
  EXPECT_EQ(labels.find("__meta_vigia_label_rack_no")->string, "7");
  EXPECT_EQ(all.json.items[3].find("targets")->items[0].string, "[2001:db8::1]:8080");
  EXPECT_EQ(scraped("?job=tfo-otel-agent"), 1u);
  EXPECT_EQ(scraped("?job=customer-agents&customer=acme"), 1u);
  EXPECT_EQ(scraped("?tenant=beta"), 1u);
  stop();
  start("default_metrics_port: 8888");
  EXPECT_EQ(scraped("?customer=acme"), 3u);
}

TEST_F(AgentRegistryTest, a_full_registry_says_so_and_goes_on) {
  start("max_agents: 2");
  EXPECT_EQ(enroll(R"({"agent_id":"a"})").status, 201);
  EXPECT_EQ(enroll(R"({"agent_id":"b"})").status, 201);
  Answer refused = enroll(R"({"agent_id":"c"})");
  EXPECT_EQ(refused.status, 507);
  EXPECT_NE(refused.text("error").find("max_agents"), std::string::npos);
  EXPECT_EQ(enroll(R"({"agent_id":"b","hostname":"moved"})").status, 201);
  EXPECT_EQ(ask("DELETE", "/api/v1/agents/a").status, 204);
  EXPECT_EQ(ask("DELETE", "/api/v1/agents/a").status, 404);
  EXPECT_EQ(enroll(R"({"agent_id":"c"})").status, 201);
  EXPECT_TRUE(has_metric("vigia_agent_registry_max_agents 2"));
}

}  // namespace
}  // namespace vigia::extensions
