#pragma once

// A registry of agents that runs on a port of its own, in a directory that goes away again, and somebody who asks it. For tests only.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "extensions/agent_registry/factory.h"
#include "extensions/test_environment.h"
#include "otlp/json_value.h"
#include "pipeline/agent_directory.h"
#include "pipeline/component.h"

namespace vigia::extensions {

using otlp::JsonValue;

inline constexpr std::string_view document_of_the_seed = R"({
  "agent_id": "tfo-agent-prod-node-01",
  "version": "1.0.0-CE",
  "hostname": "prod-node-01",
  "ip_address": "10.0.1.15",
  "workspace_id": "550e8400-e29b-41d4-a716-446655440000",
  "tenant_id": "660e8400-e29b-41d4-a716-446655440001",
  "capabilities": ["otlp_grpc", "otlp_http", "prometheus_scrape"],
  "resource_attributes": {
    "os.type": "linux",
    "os.description": "Ubuntu 22.04",
    "host.arch": "amd64",
    "service.name": "tfo-otel-agent",
    "service.version": "1.0.0-CE"
  },
  "registered_at": "2025-12-13T10:00:00Z",
  "last_seen_at": "2025-12-13T10:00:00Z"
})";

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  JsonValue json;

  std::string text(std::string_view field) const {
    const JsonValue* value = json.find(field);
    return value ? value->string : std::string();
  }
};

class AgentRegistryTest : public ::testing::Test {
 protected:
  AgentRegistryTest() : directory_(::testing::TempDir() + "agent_registry_test_" + std::to_string(::getpid())) { remove_all(); }
  ~AgentRegistryTest() override {
    stop();
    remove_all();
  }

  void remove_all() {
    Result<std::vector<std::string>> names = environment_.files.list(directory_);
    if (!names.is_ok()) return;
    for (const std::string& name : *names) EXPECT_TRUE(environment_.files.remove(directory_ + "/" + name).is_ok());
    ::rmdir(directory_.c_str());
  }

  void start(const std::string& more = "") {
    std::string errors;
    extension_ = environment_.create(agent_registry_extension(), "endpoint: 127.0.0.1:0\ndirectory: " + directory_ + "\n" + more, errors);
    ASSERT_NE(extension_, nullptr) << errors;
    Status started = extension_->start();
    ASSERT_TRUE(started.is_ok()) << started.to_string();
    port_ = environment_.ports["agent_registry"];
  }
  void stop() {
    if (extension_) environment_.stop(*extension_);
    extension_.reset();
  }

  Answer ask(const std::string& method, const std::string& path, const std::string& headers = "", std::string_view body = "") {
    std::string whole = TestEnvironment::ask(port_, method, path, headers, std::string(body));
    Answer answer;
    size_t end = whole.find("\r\n\r\n");
    if (end == std::string::npos) return answer;
    answer.head = whole.substr(0, end + 2);
    answer.body = whole.substr(end + 4);
    answer.status = std::atoi(answer.head.c_str() + std::string("HTTP/1.1 ").size());
    if (auto json = otlp::parse_json(answer.body); json.is_ok()) answer.json = *json;
    return answer;
  }
  Answer get(const std::string& path, const std::string& headers = "") { return ask("GET", path, headers); }
  Answer enroll(std::string_view body, const std::string& headers = "") {
    return ask("POST", "/api/v1/agents/register", "Content-Type: application/json\r\n" + headers, body);
  }
  Answer beat(const std::string& id, const std::string& headers = "") {
    return ask("POST", "/api/v1/agents/" + id + "/heartbeat", headers);
  }
  std::vector<std::string> ids(const std::string& path, const std::string& headers = "") {
    Answer answer = get(path, headers);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    if (const JsonValue* agents = answer.json.find("agents"))
      for (const JsonValue& agent : agents->items) ids.push_back(agent.find("agent_id")->string);
    return ids;
  }
  pipeline::AgentDirectory& as_directory() { return dynamic_cast<pipeline::AgentDirectory&>(*extension_); }
  // Recognition is not answered: wait for what it does.
  void wait_for(const std::function<bool()>& condition) {
    for (int64_t end_ms = environment_.clock.steady_ms() + 10'000; !condition() && environment_.clock.steady_ms() < end_ms;)
      pause_thread_ms(2);
    EXPECT_TRUE(condition());
  }
  bool has_metric(const std::string& line) { return environment_.metrics.prometheus_text().find(line + "\n") != std::string::npos; }

  std::string directory_;
  TestEnvironment environment_;
  std::unique_ptr<pipeline::Extension> extension_;
  int port_ = 0;
};

}  // namespace vigia::extensions
