// Scenario: an agent is asked for its health while all is well, and while its collector is away. Guarantee: the answer has the fields and the
// order of document 1, and beside them the flat ones of document 2.

#include "app/agent_health.h"

#include <gtest/gtest.h>

namespace vigia::app {

namespace {

constexpr int64_t second_ns = 1'000'000'000;
constexpr int64_t now_ns = 1'761'906'600 * second_ns;  // 2025-10-31T10:30:00Z

AgentCondition healthy() {
  AgentCondition condition;
  condition.is_running = true;
  condition.version = "1.0.0";
  condition.uptime_s = 259'200;
  condition.endpoint = "collector.tuempresa.com:4317";
  condition.delivery.last_success_wall_ns = now_ns - 15 * second_ns;
  condition.delivery.latency_ms = 12;
  condition.delivery.buffer_size = 512;
  condition.delivery.buffer_capacity = 2048;
  condition.cpu_percent = 5.2;
  condition.memory_mb = 87.3;
  condition.memory_percent = 8.5;
  return condition;
}

TEST(AgentHealth, Healthy) {
  EXPECT_EQ(agent_health_json(healthy(), now_ns),
            R"({"status":"healthy","timestamp":"2025-10-31T10:30:00Z","uptime_seconds":259200,"version":"1.0.0","checks":{)"
            R"("application":{"status":"healthy","message":"Agent running normally"},)"
            R"("collector_connectivity":{"status":"healthy","endpoint":"collector.tuempresa.com:4317",)"
            R"("last_successful_send":"2025-10-31T10:29:45Z","latency_ms":12},)"
            R"("buffer":{"status":"healthy","current_size":512,"max_size":2048,"usage_percent":25,"dropped_spans":0},)"
            R"("system_resources":{"status":"healthy","cpu_percent":5.2,"memory_mb":87.3,"memory_percent":8.5}},)"
            R"("collector_reachable":true,"buffer_usage":"25%","uptime":"72h"})");
}

TEST(AgentHealth, Degraded) {
  AgentCondition condition = healthy();
  condition.delivery.is_reachable = false;
  condition.delivery.last_success_wall_ns = now_ns - 900 * second_ns;
  condition.delivery.error = "connection timeout";
  condition.delivery.failures_in_a_row = 5;
  condition.delivery.buffer_size = 1536;
  condition.delivery.spans_dropped = 12;
  condition.cpu_percent = 6.8;
  condition.memory_mb = 95.1;
  condition.memory_percent = 9.3;
  EXPECT_EQ(agent_health_json(condition, now_ns),
            R"({"status":"degraded","timestamp":"2025-10-31T10:30:00Z","uptime_seconds":259200,"version":"1.0.0","checks":{)"
            R"("application":{"status":"healthy","message":"Agent running normally"},)"
            R"("collector_connectivity":{"status":"unhealthy","endpoint":"collector.tuempresa.com:4317",)"
            R"("last_successful_send":"2025-10-31T10:15:00Z","error":"connection timeout","retry_attempts":5},)"
            R"("buffer":{"status":"warning","current_size":1536,"max_size":2048,"usage_percent":75,"dropped_spans":12},)"
            R"("system_resources":{"status":"healthy","cpu_percent":6.8,"memory_mb":95.1,"memory_percent":9.3}},)"
            R"("collector_reachable":false,"buffer_usage":"75%","uptime":"72h"})");
}

TEST(AgentHealth, TheBuffersStateGoesByHowFullItIs) {
  AgentCondition condition = healthy();
  auto state_at = [&](double size) {
    condition.delivery.buffer_size = size;
    std::string json = agent_health_json(condition, now_ns);
    size_t at = json.find(R"("buffer":{"status":")") + 20;
    return json.substr(at, json.find('"', at) - at);
  };
  EXPECT_EQ(state_at(1433), "healthy");    // 69.97 %
  EXPECT_EQ(state_at(1434), "warning");    // 70.02 %
  EXPECT_EQ(state_at(1843), "warning");    // 89.99 %
  EXPECT_EQ(state_at(1844), "unhealthy");  // 90.04 %
  EXPECT_EQ(overall_state(condition), "degraded");
}

TEST(AgentHealth, TheUptimeLeavesOutWhatIsZero) {
  AgentCondition condition = healthy();
  for (auto [seconds, text] : {std::pair{0, "0s"}, std::pair{45, "45s"}, std::pair{3'900, "1h5m"}, std::pair{3'601, "1h1s"}}) {
    condition.uptime_s = seconds;
    EXPECT_TRUE(agent_health_json(condition, now_ns).ends_with(std::string("\"uptime\":\"") + text + "\"}")) << text;
  }
}

TEST(AgentHealth, BeforeTheFirstSendNothingIsWrong) {
  AgentCondition condition = healthy();
  condition.delivery.last_success_wall_ns = 0;
  EXPECT_EQ(overall_state(condition), "healthy");
  EXPECT_NE(agent_health_json(condition, now_ns).find(R"("last_successful_send":null)"), std::string::npos);
}

TEST(AgentHealth, ACollectorThatRefusesEverythingIsReachedAndNotWell) {
  AgentCondition condition = healthy();
  condition.delivery.refuses_everything = true;
  condition.delivery.last_success_wall_ns = 0;
  condition.delivery.error = "the last 5 sends were all refused for good: HTTP 400";
  EXPECT_EQ(overall_state(condition), "degraded");
  std::string json = agent_health_json(condition, now_ns);
  EXPECT_NE(json.find(R"("collector_connectivity":{"status":"unhealthy","endpoint":"collector.tuempresa.com:4317",)"
                      R"("last_successful_send":null,"error":"the last 5 sends were all refused for good: HTTP 400","retry_attempts":0})"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("collector_reachable":true)"), std::string::npos);
}

TEST(AgentHealth, AnErrorsTextCannotBreakTheJson) {
  AgentCondition condition = healthy();
  condition.delivery.is_reachable = false;
  condition.delivery.error = "said \"no\"\n";
  EXPECT_NE(agent_health_json(condition, now_ns).find(R"("error":"said \"no\"\n")"), std::string::npos);
}

TEST(AgentHealth, AProcessThatDoesNotRunIsUnhealthy) {
  AgentCondition condition = healthy();
  condition.is_running = false;
  EXPECT_EQ(overall_state(condition), "unhealthy");
}

}  // namespace

}  // namespace vigia::app
