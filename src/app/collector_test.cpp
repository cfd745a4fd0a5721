// Scenario: `vigia up` is started in this process on free ports, asked over HTTP, told to reload and to stop; and started where it cannot.
// Guarantee: the ports file names what is bound, health and metrics answer, reload and stop follow the signals, a failed start is one line.

#include "app/collector.h"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "app/program.h"
#include "base/text.h"
#include "extensions/test_environment.h"

namespace vigia::app {
namespace {

constexpr int64_t patience_ms = 20'000;

std::string get(int port, const std::string& path, const std::string& headers = "") {
  return extensions::TestEnvironment::ask(port, "GET", path, headers);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The number behind `"name": ` in the ports file.
int port_in(const std::string& json, const std::string& name) {
  size_t at = json.find("\"" + name + "\": ");
  return at == std::string::npos ? 0 : std::atoi(json.c_str() + at + name.size() + 4);
}

class RunningUp : public testing::Test {
 protected:
  void SetUp() override {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    directory_ = testing::TempDir() + "vigia_up_" + std::to_string(getpid()) + "/";
    ASSERT_TRUE(files_.create_directories(directory_).is_ok());
  }
  void TearDown() override {
    if (thread_.joinable()) stop();
    for (const char* name : {"ports.json", "log", "more.yaml"}) (void)files_.remove(directory_ + name);
    (void)rmdir(directory_.c_str());
  }

  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"up",
                                      "--http-port",
                                      "0",
                                      "--otlp-grpc-port=0",
                                      "--otlp-http-port=0",
                                      "--ports-file",
                                      directory_ + "ports.json",
                                      "--set",
                                      "service.telemetry.logs.output_paths=[" + directory_ + "log]"};
    words.insert(words.end(), more.begin(), more.end());
    thread_ = std::thread([this, words] {
      std::ostringstream out;
      exit_code_ = run_program(words, {out, err_});
    });
    ASSERT_TRUE(wait_for([&] { return files_.exists(directory_ + "ports.json"); })) << err_.str();
    ports_ = *files_.read_file(directory_ + "ports.json");
  }
  void stop() {
    kill(getpid(), SIGTERM);
    thread_.join();
  }
  std::string log() {
    auto text = files_.read_file(directory_ + "log");
    return text.is_ok() ? *text : "";
  }
  static bool wait_for(const std::function<bool()>& condition) {
    SystemClock clock;
    for (int64_t until = clock.steady_ms() + patience_ms; clock.steady_ms() < until; pause_thread_ms(20))
      if (condition()) return true;
    return false;
  }

  SystemFiles files_;
  std::string directory_;
  std::thread thread_;
  std::atomic<int> exit_code_{-1};
  std::ostringstream err_;
  std::string ports_;
};

TEST_F(RunningUp, answers_reloads_and_stops) {
  std::ofstream(directory_ + "more.yaml") << "processors: {batch: {timeout: 3s}}\n";
  start({"--config", directory_ + "more.yaml"});
  int http = port_in(ports_, "http");
  for (const char* name : {"http", "otlp_grpc", "otlp_http", "metrics", "health_check"}) EXPECT_GT(port_in(ports_, name), 0) << ports_;

  std::string health = get(http, "/health");
  EXPECT_TRUE(contains(health, "HTTP/1.1 200") && contains(health, R"("status":"healthy")")) << health;
  for (const char* path : {"/health/live", "/health/ready", "/health/liveness", "/health/readiness", "/-/healthy", "/-/ready"})
    EXPECT_TRUE(contains(get(http, path), "HTTP/1.1 200")) << path;
  EXPECT_TRUE(contains(get(http, "/nowhere"), "HTTP/1.1 404"));
  EXPECT_TRUE(contains(extensions::TestEnvironment::ask(http, "POST", "/health", "Content-Length: 0\r\n"), "HTTP/1.1 405"));
  std::string scraped = get(http, "/health", "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n");
  EXPECT_TRUE(contains(scraped, "text/plain; version=0.0.4") && contains(scraped, "# TYPE")) << scraped;
  std::string metrics = get(port_in(ports_, "metrics"), "/metrics");
  for (const char* name :
       {"otelcol_receiver_accepted_spans{", "otelcol_exporter_sent_spans{", "otelcol_process_uptime{", "service_name=\"vigia\""})
    EXPECT_TRUE(contains(metrics, name)) << name;
  EXPECT_TRUE(contains(get(port_in(ports_, "health_check"), "/"), "Server available"));

  std::ofstream(directory_ + "more.yaml") << "processors: {batch: {timeout: 4s}}\n";
  kill(getpid(), SIGHUP);
  EXPECT_TRUE(wait_for([&] { return contains(log(), "The new configuration is in force"); })) << log();
  std::ofstream(directory_ + "more.yaml") << "processors: {batch: {timeuot: 4s}}\n";
  kill(getpid(), SIGHUP);
  EXPECT_TRUE(wait_for([&] { return contains(log(), "the old one stays"); })) << log();
  EXPECT_TRUE(contains(get(http, "/health/ready"), "HTTP/1.1 200"));

  stop();
  EXPECT_EQ(exit_code_, 0);
  std::string text = log();
  for (const char* line : {"Starting vigia...", "Everything is ready. Begin running and processing data.", "Received signal from OS",
                           "Starting shutdown...", "Shutdown complete."})
    EXPECT_TRUE(contains(text, line)) << line << "\n" << text;
  EXPECT_EQ(err_.str(), "");
}

TEST_F(RunningUp, health_command_asks_it) {
  start();
  std::ostringstream out, err;
  std::string endpoint = "127.0.0.1:" + std::to_string(port_in(ports_, "http"));
  EXPECT_EQ(run_program({"health", "--endpoint", endpoint}, {out, err}), 0) << err.str();
  EXPECT_TRUE(contains(out.str(), "healthy")) << out.str();
  EXPECT_EQ(run_program({"health", "--endpoint", "http://" + endpoint + "/nowhere"}, {out, err}), 1);
  stop();
  EXPECT_EQ(run_program({"health", "--endpoint", endpoint, "--timeout", "2s"}, {out, err}), 1);
  EXPECT_TRUE(contains(err.str(), endpoint)) << err.str();
  EXPECT_EQ(run_program({"health", "--endpoint", "ftp://x"}, {out, err}), 1);
}

TEST_F(RunningUp, a_port_in_use_is_one_clear_line) {
  start();
  std::string taken = std::to_string(port_in(ports_, "otlp_grpc"));
  std::ostringstream out, err;
  int code = run_program(
      {"up", "--http-port=0", "--otlp-http-port=0", "--otlp-grpc-port", taken, "--set", "service.telemetry.logs.level=error"}, {out, err});
  EXPECT_EQ(code, 1);
  EXPECT_TRUE(contains(err.str(), "127.0.0.1:" + taken)) << err.str();
  std::string text = err.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  stop();
}

}  // namespace
}  // namespace vigia::app
