// Scenario: probes, scrapers and people ask the health port before the program is ready, while it runs and while it stops.
// Guarantee: 503 until ready, 200 afterwards, in the Collector's words, whatever method asks.

#include "extensions/health_check/health_check.h"

#include <gtest/gtest.h>

#include "extensions/bearertokenauth/factory.h"
#include "extensions/health_check/factory.h"
#include "extensions/test_environment.h"

namespace vigia::extensions {
namespace {

class HealthCheck : public testing::Test {
 protected:
  void start(const std::string& yaml) {
    extension_ = environment_.create(health_check_extension(), yaml, errors_);
    ASSERT_NE(extension_, nullptr) << errors_;
    Status started = extension_->start();
    ASSERT_TRUE(started.is_ok()) << started.to_string();
    port_ = environment_.ports["health_check"];
    ASSERT_GT(port_, 0);
  }
  void TearDown() override {
    if (extension_) environment_.stop(*extension_);
  }
  void set_ready(bool is_ready) { dynamic_cast<pipeline::ReadinessListener&>(*extension_).on_ready(is_ready); }
  std::string get(const std::string& path, const std::string& headers = "") { return environment_.ask(port_, "GET", path, headers); }

  TestEnvironment environment_;
  std::string errors_;
  std::unique_ptr<pipeline::Extension> extension_;
  int port_ = 0;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(HealthCheck, follows_readiness) {
  start("endpoint: 127.0.0.1:0");
  std::string answer = get("/");
  EXPECT_TRUE(contains(answer, "HTTP/1.1 503")) << answer;
  EXPECT_TRUE(contains(answer, R"({"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""})")) << answer;
  set_ready(true);
  answer = get("/");
  EXPECT_TRUE(contains(answer, "HTTP/1.1 200")) << answer;
  EXPECT_TRUE(contains(answer, "content-type: application/json")) << answer;
  EXPECT_TRUE(contains(answer, R"({"status":"Server available","upSince":"20)")) << answer;
  EXPECT_TRUE(contains(answer, R"(s"})")) << answer;
  set_ready(false);
  EXPECT_TRUE(contains(get("/"), "HTTP/1.1 503"));
}

TEST_F(HealthCheck, answers_on_every_path_and_method_by_default) {
  start("endpoint: 127.0.0.1:0");
  set_ready(true);
  EXPECT_TRUE(contains(get("/health"), "HTTP/1.1 200"));
  EXPECT_TRUE(contains(get("/anything/else"), "HTTP/1.1 200"));
  EXPECT_TRUE(contains(environment_.ask(port_, "POST", "/", "Content-Length: 0\r\n"), "HTTP/1.1 200"));
  std::string answer = environment_.ask(port_, "HEAD", "/");
  EXPECT_TRUE(contains(answer, "HTTP/1.1 200")) << answer;
  EXPECT_FALSE(contains(answer, "Server available")) << answer;
}

TEST_F(HealthCheck, own_path_bodies_and_headers) {
  start("endpoint: 127.0.0.1:0\npath: /status/ready\nresponse_body: {healthy: fine, unhealthy: poorly}\nresponse_headers: {X-Edge: yes}");
  std::string answer = get("/status/ready");
  EXPECT_TRUE(contains(answer, "HTTP/1.1 503") && contains(answer, "poorly")) << answer;
  set_ready(true);
  answer = get("/status/ready");
  EXPECT_TRUE(contains(answer, "HTTP/1.1 200") && contains(answer, "fine") && contains(answer, "x-edge: yes")) << answer;
  EXPECT_TRUE(contains(get("/health"), "HTTP/1.1 200"));
  EXPECT_TRUE(contains(get("/other"), "HTTP/1.1 404"));
}

TEST_F(HealthCheck, demands_credentials_when_told_to) {
  auto keeper = environment_.create(bearertokenauth_extension(), "token: open-sesame", errors_);
  ASSERT_NE(keeper, nullptr) << errors_;
  ASSERT_TRUE(keeper->start().is_ok());
  environment_.extensions["bearertokenauth"] = keeper.get();
  start("endpoint: 127.0.0.1:0\nauth: {authenticator: bearertoken}");
  set_ready(true);
  EXPECT_TRUE(contains(get("/"), "HTTP/1.1 401"));
  EXPECT_TRUE(contains(get("/", "Authorization: Bearer open-sesame\r\n"), "HTTP/1.1 200"));
}

TEST_F(HealthCheck, a_port_in_use_is_a_clear_error) {
  start("endpoint: 127.0.0.1:0");
  std::string errors;
  auto second = environment_.create(health_check_extension(), "endpoint: 127.0.0.1:" + std::to_string(port_), errors);
  ASSERT_NE(second, nullptr) << errors;
  Status started = second->start();
  ASSERT_FALSE(started.is_ok());
  EXPECT_TRUE(contains(started.message(), std::to_string(port_))) << started.message();
}

TEST_F(HealthCheck, settings_of_old_files) {
  start("endpoint: 127.0.0.1:0\ncheck_collector_pipeline: {enabled: true, interval: 5m, exporter_failure_threshold: 5}");
  std::string errors;
  EXPECT_EQ(environment_.create(health_check_extension(), "path: health", errors), nullptr);
  EXPECT_TRUE(contains(errors, "path: a path begins with /")) << errors;
}

}  // namespace
}  // namespace vigia::extensions
