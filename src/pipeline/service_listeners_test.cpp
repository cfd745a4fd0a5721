// Scenario: two parts of one configuration want to listen, on all kinds of pairs of addresses.
// Guarantee: what the system would refuse to bind is refused before anything starts, at the second one's place; nothing else is.

#include <gtest/gtest.h>

#include "pipeline/service_rules_internal.h"

namespace vigia::pipeline {
namespace {

config::Claim listens(const std::string& endpoint, uint32_t line) {
  auto source = std::make_shared<config::Source>(config::Source{"c.yaml", ""});
  return {std::string(listener_topic), endpoint, {source, line, 1}, "place" + std::to_string(line), nullptr};
}

std::string errors_of(const std::string& one, const std::string& other, bool is_used = true) {
  ServiceConfig config;
  ComponentConfig& receiver = config.receivers[{"otlp", ""}];
  receiver.claims = {listens(one, 1), listens(other, 2)};
  receiver.is_used = is_used;
  config.telemetry.metrics_address.clear();
  config::Diagnostics diagnostics;
  check_listeners(config, diagnostics);
  return diagnostics.render_errors();
}

TEST(ServiceListeners, pairs_that_cannot_both_be_bound) {
  struct Pair {
    const char* one;
    const char* other;
    bool collides;
  };
  for (const Pair& pair : std::initializer_list<Pair>{
           {"127.0.0.1:4317", "127.0.0.1:4317", true},
           {"localhost:4317", "127.0.0.1:4317", true},
           {"0.0.0.0:4317", "127.0.0.1:4317", true},
           {"127.0.0.1:4317", ":4317", true},
           {"[::1]:4317", ":4317", true},
           {"[::1]:4317", "[::]:4317", true},
           {"0.0.0.0:4317", "localhost:4317", true},
           {"unix:///a", "unix:///a", true},
           {"127.0.0.1:4317", "127.0.0.1:4318", false},
           {"127.0.0.1:4317", "127.0.0.2:4317", false},
           {"127.0.0.1:0", "127.0.0.1:0", false},
           {"[::]:4317", "0.0.0.0:4317", false},
           {"[::1]:4317", "127.0.0.1:4317", false},
           {"unix:///a", "unix:///b", false},
           {"nonsense", "nonsense", false},
       })
    for (bool is_swapped : {false, true}) {
      std::string errors = is_swapped ? errors_of(pair.other, pair.one) : errors_of(pair.one, pair.other);
      EXPECT_EQ(!errors.empty(), pair.collides) << pair.one << " " << pair.other << ": " << errors;
    }
  EXPECT_EQ(errors_of(":1", "0.0.0.0:1"), "c.yaml:2:1: place2: 0.0.0.0:1 is taken by place1 (c.yaml:1:1)\n");
  EXPECT_EQ(errors_of(":1", ":1", false), "");
}

TEST(ServiceListeners, the_self_metrics_listen_too) {
  ServiceConfig config;
  ComponentConfig& extension = config.extensions[{"health_check", ""}];
  extension.claims = {listens("127.0.0.1:8888", 1)};
  extension.is_used = true;
  config::Diagnostics diagnostics;
  check_listeners(config, diagnostics);
  ASSERT_EQ(diagnostics.error_count(), 1u);
  EXPECT_EQ(diagnostics.errors()[0].path, "service::telemetry::metrics::address");
}

}  // namespace
}  // namespace vigia::pipeline
