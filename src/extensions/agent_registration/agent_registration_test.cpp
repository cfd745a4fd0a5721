// Scenario: an agent registers with a registry that is there, forgets, refuses, or is away, and starts again on the same machine.
// Guarantee: it registers and beats by itself, again after the registry forgot it, under the same id; nothing of that fails its start.

#include "extensions/agent_registration/agent_registration.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/ids.h"
#include "extensions/agent_registration/factory.h"
#include "extensions/agent_registration/identity.h"
#include "extensions/agent_registry/factory.h"
#include "extensions/test_environment.h"
#include "otlp/json_value.h"
#include "pipeline/test_kit.h"

namespace vigia::extensions {
namespace {

using pipeline::RegistrationState;

class AgentRegistrationTest : public ::testing::Test {
 protected:
  AgentRegistrationTest() : directory_(::testing::TempDir() + "agent_registration_test_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    std::string errors;
    registry_ = environment_.create(agent_registry_extension(), "endpoint: 127.0.0.1:0\ndirectory: ''", errors);
    EXPECT_TRUE(registry_ && registry_->start().is_ok()) << errors;
    registry_port_ = environment_.ports["agent_registry"];
  }
  ~AgentRegistrationTest() override {
    if (agent_) environment_.stop(*agent_);
    environment_.stop(*registry_);
    std::filesystem::remove_all(directory_);
  }

  void start(const std::string& more, int port = 0) {
    std::string errors;
    std::string yaml = "endpoint: http://127.0.0.1:" + std::to_string(port ? port : registry_port_) +
                       "\nheartbeat_interval: 100ms\nretry: {initial_interval: 10ms, max_interval: 20ms}\n" + more;
    agent_ = environment_.create(agent_registration_extension(), yaml, errors);
    ASSERT_NE(agent_, nullptr) << errors;
    Status started = agent_->start();
    ASSERT_TRUE(started.is_ok()) << started.to_string();
  }
  RegistrationState state() { return dynamic_cast<pipeline::Registration&>(*agent_).registration(); }
  void wait_for(const std::function<bool(const RegistrationState&)>& condition) {
    for (int64_t end_ms = environment_.clock.steady_ms() + 10'000; !condition(state()) && environment_.clock.steady_ms() < end_ms;)
      pause_thread_ms(2);
    EXPECT_TRUE(condition(state())) << state().error;
  }
  std::string ask_registry(const std::string& method, const std::string& path) { return environment_.ask(registry_port_, method, path); }
  uint64_t heartbeats() { return environment_.metrics.counter("vigia_agent_registration_heartbeats_total", "", {}).value(); }

  std::string directory_;
  TestEnvironment environment_;
  std::unique_ptr<pipeline::Extension> registry_;
  std::unique_ptr<pipeline::Extension> agent_;
  int registry_port_ = 0;
};

TEST_F(AgentRegistrationTest, it_registers_with_all_it_knows_and_beats) {
  start(R"(
agent_id: node-one
customer_id: acme
workspace_id: 550e8400-e29b-41d4-a716-446655440000
hostname: prod-node-01
ip_address: 10.0.1.15
version: 1.2.3
metrics_port: 8080
resource_attributes: {os.type: plan9, rack: '7'}
labels: {tier: gold}
)");
  wait_for([&](const RegistrationState& state) { return state.is_registered && heartbeats() >= 2; });
  std::string answer = ask_registry("GET", "/api/v1/agents/node-one");
  auto json = otlp::parse_json(answer.substr(answer.find("\r\n\r\n") + 4));
  ASSERT_TRUE(json.is_ok());
  auto text = [&](const char* field) { return json->find(field) ? json->find(field)->string : std::string("(none)"); };
  EXPECT_EQ(text("customer_id"), "acme");
  EXPECT_EQ(text("workspace_id"), "550e8400-e29b-41d4-a716-446655440000");
  EXPECT_EQ(text("hostname"), "prod-node-01");
  EXPECT_EQ(text("node_id"), "prod-node-01");
  EXPECT_EQ(text("ip_address"), "10.0.1.15");
  EXPECT_EQ(text("version"), "1.2.3");
  EXPECT_EQ(text("agent_type"), "vigia-agent");
  EXPECT_EQ(json->find("metrics_port")->integer, 8080);
  EXPECT_EQ(json->find("capabilities")->items.size(), 3u);
  EXPECT_EQ(json->find("labels")->find("tier")->string, "gold");
  const otlp::JsonValue& attributes = *json->find("resource_attributes");
  EXPECT_EQ(attributes.find("os.type")->string, "plan9");
  EXPECT_EQ(attributes.find("host.name")->string, "prod-node-01");
  EXPECT_EQ(attributes.find("service.name")->string, "vigia-agent");
  EXPECT_EQ(attributes.find("service.version")->string, "1.2.3");
  EXPECT_NE(attributes.find("host.arch"), nullptr);
  EXPECT_GT(state().last_heartbeat_wall_ns, state().registered_wall_ns);
}

TEST_F(AgentRegistrationTest, it_comes_back_after_it_was_forgotten) {
  start("agent_id: node-one");
  wait_for([](const RegistrationState& state) { return state.is_registered; });
  int64_t first_ns = state().registered_wall_ns;
  EXPECT_NE(ask_registry("DELETE", "/api/v1/agents/node-one").find("HTTP/1.1 204"), std::string::npos);
  wait_for([&](const RegistrationState& state) { return state.is_registered && state.registered_wall_ns > first_ns; });
  EXPECT_NE(ask_registry("GET", "/api/v1/agents/node-one").find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(AgentRegistrationTest, a_registry_that_is_away_or_refuses_delays_nothing) {
  start("agent_id: node-one", 1);  // nobody listens there
  wait_for([](const RegistrationState& state) { return state.failed_attempts >= 3; });
  EXPECT_FALSE(state().is_registered);
  EXPECT_NE(state().error, "");
  environment_.stop(*agent_);
  start("agent_id: node-one\ncapabilities: ['not a name']");
  wait_for([](const RegistrationState& state) { return state.failed_attempts >= 2; });
  EXPECT_NE(state().error.find("HTTP 400"), std::string::npos) << state().error;
  EXPECT_NE(state().error.find("capabilities"), std::string::npos) << state().error;
}

TEST_F(AgentRegistrationTest, its_id_stays_the_same) {
  start("directory: " + directory_ + "\nhostname: a");
  std::string id = state().agent_id;
  EXPECT_TRUE(is_uuid(id)) << id;
  environment_.stop(*agent_);
  start("directory: " + directory_ + "\nhostname: renamed");
  EXPECT_EQ(state().agent_id, id);
  environment_.stop(*agent_);
  ASSERT_TRUE(environment_.files.write_file_atomically(directory_ + "/agent-id", "no id at all\n").is_ok());
  start("directory: " + directory_ + "\nhostname: renamed");
  EXPECT_TRUE(is_uuid(state().agent_id));
  EXPECT_EQ(*environment_.files.read_file(directory_ + "/agent-id"), state().agent_id + "\n");
}

// The files of a machine that does not exist.
class MachineFiles final : public FileSystem {
 public:
  std::map<std::string, std::string> texts;
  Result<std::string> read_file(const std::string& path) override {
    auto found = texts.find(path);
    if (found == texts.end()) return not_found(path);
    return found->second;
  }
  Result<std::string> read_small_file(const std::string& path, size_t) override { return read_file(path); }
  Result<std::unique_ptr<AppendFile>> open_append(const std::string&, bool) override { return unimplemented("no"); }
  Status write_file_atomically(const std::string&, std::string_view) override { return unavailable("read-only"); }
  Status rename(const std::string&, const std::string&) override { return unimplemented("no"); }
  Status remove(const std::string&) override { return unimplemented("no"); }
  Status create_directories(const std::string&) override { return {}; }
  Result<std::vector<std::string>> list(const std::string&) override { return unimplemented("no"); }
  bool exists(const std::string& path) override { return texts.count(path) > 0; }
  Result<int64_t> modified_ns(const std::string&) override { return unimplemented("no"); }
};

TEST(AgentIdentityTest, clones_of_a_machine_are_told_apart_and_a_machine_is_itself) {
  MachineFiles files;
  files.texts = {{"/etc/machine-id", "0123456789abcdef0123456789abcdef\n"},
                 {"/proc/sys/kernel/hostname", "one\n"},
                 {"/etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"}};
  Random random(1);
  AgentRegistrationConfig config;
  config.customer_id = "acme";
  tenancy::Agent one = agent_of_this_machine(config, "1.0", files, random, Logger());
  EXPECT_EQ(agent_of_this_machine(config, "2.0", files, random, Logger()).key.agent_id, one.key.agent_id);
  EXPECT_EQ(one.hostname, "one");
  EXPECT_EQ(one.version, "1.0");
  EXPECT_TRUE(is_uuid(one.key.agent_id));
  EXPECT_EQ(one.key.agent_id.find("0123456789abcdef"), std::string::npos);
  auto described = std::find(one.resource_attributes.begin(), one.resource_attributes.end(),
                             std::make_pair(std::string("os.description"), std::string("Debian GNU/Linux 12 (bookworm)")));
  EXPECT_NE(described, one.resource_attributes.end());
  AgentRegistrationConfig another_node = config;
  another_node.node_id = "db-1";
  EXPECT_NE(agent_of_this_machine(another_node, "1.0", files, random, Logger()).key.agent_id, one.key.agent_id);
  files.texts["/proc/sys/kernel/hostname"] = "two\n";
  tenancy::Agent two = agent_of_this_machine(config, "1.0", files, random, Logger());
  EXPECT_NE(two.key.agent_id, one.key.agent_id);
  config.customer_id = "beta";
  EXPECT_NE(agent_of_this_machine(config, "1.0", files, random, Logger()).key.agent_id, two.key.agent_id);
  // Nothing to go by: another one each time, which its file would keep.
  files.texts.clear();
  config.directory = "/var/lib/x";
  auto sink = std::make_shared<pipeline::test::RecordingSink>();
  std::string nameless = agent_of_this_machine(config, "1.0", files, random, Logger(sink)).key.agent_id;
  EXPECT_TRUE(is_uuid(nameless));
  EXPECT_NE(agent_of_this_machine(config, "1.0", files, random, Logger()).key.agent_id, nameless);
  EXPECT_EQ(sink->count("cannot keep this agent's id"), 1u);
}

TEST(AgentRegistrationConfigTest, mistakes_say_what_was_expected) {
  auto decoded = [](const std::string& yaml) {
    return pipeline::test::decode_text<AgentRegistrationConfig>(
        yaml, [](config::Section& section, AgentRegistrationConfig& out) { out = decode_agent_registration(section); });
  };
  auto mistakes = [&](const std::string& yaml) { return decoded(yaml)->errors(); };
  const std::string good = "endpoint: http://gateway:8080\n";
  EXPECT_EQ(mistakes(good), "");
  EXPECT_EQ(decoded(good)->config.heartbeat_interval_ms, 60'000);
  EXPECT_NE(mistakes("").find("the URL of the registry"), std::string::npos);
  EXPECT_NE(mistakes("endpoint: gateway:8080").find("expected a URL"), std::string::npos);
  EXPECT_NE(mistakes(good + "customer_id: a\ntenant_id: b").find("two names of the same"), std::string::npos);
  EXPECT_NE(mistakes(good + "customer_id: a b").find("expected letters, digits and"), std::string::npos);
  EXPECT_NE(mistakes(good + "agent_id: /").find("expected letters, digits and"), std::string::npos);
  EXPECT_NE(mistakes(good + "ip_address: here").find("expected an IPv4 or IPv6 address"), std::string::npos);
  EXPECT_NE(mistakes(good + "metrics_path: m").find("a path begins with /"), std::string::npos);
  EXPECT_NE(mistakes(good + "retry: {initial_interval: 5s, max_interval: 1s}").find("must not be shorter"), std::string::npos);
  EXPECT_NE(mistakes(good + "heartbeat: 1s").find("heartbeat_interval"), std::string::npos);
  auto odd = decoded(good + "tenant_id: acme\nworkspace_id: main");
  EXPECT_EQ(odd->errors(), "");
  EXPECT_EQ(odd->diagnostics.warnings().size(), 2u);
  EXPECT_EQ(odd->config.customer_id, "acme");
}

}  // namespace
}  // namespace vigia::extensions
