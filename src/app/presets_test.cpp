// Scenario: the built-in roles are printed, validated, changed from the command line and opened to others. Guarantee: every role is
// valid, goes where the flags say, shows no secrets, and is not opened to strangers by accident.

#include "app/presets.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/components.h"
#include "app/configuration.h"
#include "app/ports_file.h"
#include "app/program.h"
#include "config/render.h"

namespace vigia::app {
namespace {

struct Answer {
  int code;
  std::string out;
  std::string err;
};

Answer answer_to(const std::vector<std::string>& words) {
  std::ostringstream out, err;
  int code = run_program(words, {out, err});
  return {code, out.str(), err.str()};
}

// A file that is there as long as this lives.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(testing::TempDir() + "vigia_app_" + std::to_string(reinterpret_cast<uintptr_t>(this)) + ".yaml") {
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { (void)SystemFiles().remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Presets, every_role_is_valid_and_printed_so_that_it_can_be_run) {
  EXPECT_EQ(preset_names(), (std::vector<std::string>{"agent", "edge", "gateway", "up"}));
  for (const std::string& role : preset_names()) {
    Answer printed = answer_to({"print-config", role});
    ASSERT_EQ(printed.code, 0) << printed.err;
    EXPECT_TRUE(contains(printed.out, "127.0.0.1:4317")) << printed.out;
    TemporaryFile file(printed.out);
    Answer validated = answer_to({"validate", "--config", file.path()});
    EXPECT_EQ(validated.code, 0) << validated.err;
    EXPECT_EQ(validated.out + validated.err, "") << "validate says nothing when all is well";
  }
  EXPECT_TRUE(contains(answer_to({"print-config", "gateway"}).out, "require_resource_attribute: customer.id"));
}

TEST(Presets, flags_lie_over_the_preset_and_sets_over_the_flags) {
  RoleAddresses addresses;
  addresses.host = "::1";
  addresses.otlp_grpc_port = 0;
  config::LoadRequest request;
  request.presets = preset_sources("up", addresses);
  request.sets = {"processors.batch.timeout=7s"};
  pipeline::Components components = all_components();
  SystemFiles files;
  config::Diagnostics diagnostics;
  auto configuration = read_configuration(request, components, Depth::text, files, diagnostics);
  ASSERT_TRUE(configuration) << diagnostics.render_errors();
  std::string text = config::canonical_text(configuration->tree);
  EXPECT_TRUE(contains(text, "[::1]:0")) << text;
  EXPECT_TRUE(contains(text, "[::1]:4318")) << text;
  EXPECT_TRUE(contains(text, "7s")) << text;
  EXPECT_EQ(configuration->service.pipelines.size(), 3u);
}

TEST(Presets, edge_goes_where_it_is_told_and_shares_the_disk_among_the_signals) {
  auto text_of = [](const EdgeSettings& settings) {
    config::LoadRequest request;
    request.presets = preset_sources("edge", {});
    request.presets.push_back(edge_source(settings));
    pipeline::Components components = all_components();
    SystemFiles files;
    config::Diagnostics diagnostics;
    auto configuration = read_configuration(request, components, Depth::text, files, diagnostics);
    EXPECT_TRUE(configuration) << diagnostics.render_errors();
    return configuration ? config::render_yaml(configuration->tree, {}) : "";
  };
  auto count = [](const std::string& text, std::string_view part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) found++;
    return found;
  };
  std::string plain = text_of({});
  EXPECT_TRUE(contains(plain, "directory: /var/lib/otel-agent/queue")) << plain;
  EXPECT_EQ(count(plain, "queue_size: 1073741824"), 1u) << plain;
  EXPECT_EQ(count(plain, "queue_size: 536870912"), 2u);
  EXPECT_EQ(count(plain, "when_full: drop_oldest"), 2u) << "traces and metrics give way, logs do not";
  EXPECT_EQ(count(plain, "when_full: reject"), 1u);

  std::string told = text_of({"http://it's.example:1", "/it's here", 256});
  EXPECT_EQ(count(told, "it's.example:1"), 3u) << told;
  EXPECT_TRUE(contains(told, "/it's here/queue")) << told;
  EXPECT_EQ(count(told, "queue_size: 134217728"), 1u) << told;
  EXPECT_EQ(count(told, "queue_size: 67108864"), 2u) << told;
  EXPECT_EQ(count(told, "storage: file_storage"), 3u) << "what was not asked for stays";
}

TEST(Presets, edge_does_not_start_without_a_destination) {
  for (const auto& [words, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"edge"}, "where to send is not known"},
           {{"edge", "--endpoint", "http://x:1", "--max-disk-mib", "none"}, "--max-disk-mib: expected a number of mebibytes"},
           {{"edge", "--endpoint", "http://x:1", "--max-disk-mib", "63"}, "from 64"}}) {
    Answer refused = answer_to(words);
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(contains(refused.err, part)) << refused.err;
    EXPECT_TRUE(contains(refused.err, "Run 'vigia help edge' for usage.")) << refused.err;
  }
}

TEST(Presets, secrets_are_not_printed) {
  TemporaryFile file(
      "extensions: {bearertokenauth: {token: sesame-open}, basicauth: {client_auth: {username: u, password: sesame-too}}}\n");
  Answer printed = answer_to({"print-config", "up", "--config", file.path()});
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_FALSE(contains(printed.out, "sesame")) << printed.out;
  EXPECT_TRUE(contains(printed.out, "username: u")) << printed.out;
}

TEST(Presets, others_are_let_in_only_with_credentials) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "localhost", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "", "example.com"}) EXPECT_FALSE(is_loopback(host)) << host;

  Answer refused = answer_to({"up", "--host", "0.0.0.0", "--http-port", "0"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(contains(refused.err, "cannot listen on 0.0.0.0 without authentication")) << refused.err;

  auto is_closed = [](const std::string& yaml) {
    config::Diagnostics diagnostics;
    SystemFiles files;
    config::LoadRequest request;
    request.presets = preset_sources("up", {});
    request.sources = {"yaml:" + yaml};
    auto tree = config::load(request, files, environment_variable, diagnostics);
    return tree && demands_credentials(*tree);
  };
  EXPECT_FALSE(is_closed("receivers::otlp::protocols::grpc::auth: {authenticator: x}")) << "HTTP stays open";
  EXPECT_TRUE(is_closed("receivers::otlp::protocols: {grpc: {auth: {authenticator: x}}, http: {auth: {authenticator: x}}}"));
  EXPECT_FALSE(is_closed("receivers::otlp::protocols: {grpc: {auth: {authenticator: x}}, http: null}")) << "null is HTTP with its defaults";
}

TEST(Validate, tells_every_mistake_at_once) {
  TemporaryFile file(
      "receivers: {otlp: {protocols: {grpc: {endpont: a:1}}}, kafka: {}, nonsense: {}}\n"
      "exporters: {debug: {}}\n"
      "service: {pipelines: {traces: {receivers: [otlp], exporters: []}}}\n");
  Answer answer = answer_to({"validate", "--config", file.path()});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.out, "");
  EXPECT_TRUE(contains(answer.err, "endpoint")) << answer.err;
  EXPECT_TRUE(contains(answer.err, "kafka") && contains(answer.err, "not in this build")) << answer.err;
  EXPECT_TRUE(contains(answer.err, "nonsense")) << answer.err;
  EXPECT_TRUE(contains(answer.err, file.path() + ":1:")) << answer.err;
  answer = answer_to({"validate", "--config", "/nowhere/at/all.yaml"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_TRUE(contains(answer.err, "/nowhere/at/all.yaml")) << answer.err;
}

TEST(Validate, a_pipeline_that_sends_to_itself_is_refused) {
  auto errors_of = [](const std::string& receiver, const std::string& exporter) {
    TemporaryFile file("receivers: {otlp: {protocols: " + receiver + "}}\nexporters: " + exporter +
                       "\nservice: {pipelines: {traces/a: {receivers: [otlp], exporters: [otlphttp]}}}\n");
    return answer_to({"validate", "--config", file.path()}).err;
  };
  std::string circle = "it would go in circles";
  EXPECT_TRUE(contains(errors_of("{http: {endpoint: 0.0.0.0:4318}}", "{otlphttp: {endpoint: 'http://localhost:4318'}}"), circle));
  EXPECT_TRUE(contains(errors_of("{http: }", "{otlphttp: {endpoint: 'http://127.0.0.1:4318/base'}}"), circle));
  EXPECT_TRUE(contains(errors_of("{grpc: , http: }", "{otlphttp: {traces_endpoint: 'http://[::1]:4318/v1/traces'}}"), circle));
  EXPECT_EQ(errors_of("{http: }", "{otlphttp: {endpoint: 'http://127.0.0.1:4319'}}"), "");
  EXPECT_EQ(errors_of("{http: {endpoint: 127.0.0.1:4318}}", "{otlphttp: {endpoint: 'http://127.0.0.2:4318'}}"), "");
  EXPECT_EQ(errors_of("{http: {endpoint: 0.0.0.0:4318}}", "{otlphttp: {endpoint: 'http://collector:4318'}}"), "");
}

TEST(Components, are_listed_with_their_signals) {
  Answer answer = answer_to({"components"});
  EXPECT_EQ(answer.code, 0);
  for (const char* part :
       {"buildinfo:\n    command: vigia\n", "receivers:\n    - name: agent\n", "- name: memory_limiter\n", "- name: otlphttp\n",
        "- name: forward\n", "- name: health_check\n", "aliases: [bearertoken]\n", "        traces: Stable\n", "traces-to-traces: Stable"})
    EXPECT_TRUE(contains(answer.out, part)) << part << "\n" << answer.out;
}

TEST(Components, what_is_here_is_not_said_to_be_missing) {
  pipeline::Components components = all_components();
  std::map<std::string, int> seen;
  for (const std::string& name : components.not_in_this_build) EXPECT_EQ(++seen[name], 1) << name;
  for (const auto& receiver : components.receivers) EXPECT_EQ(seen.count(receiver.type), 0u) << receiver.type;
  for (const auto& processor : components.processors) EXPECT_EQ(seen.count(processor.type), 0u) << processor.type;
  for (const auto& extension : components.extensions) EXPECT_EQ(seen.count(extension.type), 0u) << extension.type;
}

TEST(PortsFile, json) {
  BoundPorts ports;
  EXPECT_EQ(ports_json(ports), "{\"components\": {}}\n");
  ports.http = 8080;
  ports.metrics = 8888;
  ports.components = {{"otlp/grpc", 4317}, {"otlp/http", 4318}, {"otlp/edge/grpc", 9}, {"health_check", 13133}};
  EXPECT_EQ(ports_json(ports),
            "{\"http\": 8080, \"otlp_grpc\": 4317, \"otlp_http\": 4318, \"metrics\": 8888, "
            "\"components\": {\"health_check\": 13133, \"otlp/edge/grpc\": 9, \"otlp/grpc\": 4317, \"otlp/http\": 4318}}\n");
  ports.components = {{"otlp/edge/grpc", 9}};
  EXPECT_TRUE(contains(ports_json(ports), "\"otlp_grpc\": 9"));
}

}  // namespace
}  // namespace vigia::app
