// Scenario: pipelines with as many exporters, connectors and receivers' targets as a batch can name, and with one more.
// Guarantee: the first are good, the others are refused where the pipeline stands.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "config/yaml_reader.h"
#include "pipeline/fake_components.h"
#include "pipeline/service_config.h"

namespace vigia::pipeline {
namespace {

std::string errors_of(const std::string& yaml) {
  Components components = test::fake_components(std::make_shared<test::FakeWorld>());
  config::Diagnostics diagnostics;
  auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"c.yaml", yaml}), diagnostics);
  decode_service(*node, components, diagnostics);
  return diagnostics.render_errors();
}

// "sink/0, sink/1, …", each followed by `end`.
std::string names(std::string_view type, size_t count, std::string_view end = ", ") {
  std::string text;
  for (size_t i = 0; i < count; i++) text += fmt::format("{}/{}{}", type, i, end);
  return text;
}

std::string with_sinks(size_t count, std::string_view more = "", std::string_view pipelines = "") {
  return fmt::format(
      "receivers: {{source: }}\n"
      "exporters: {{ {}}}\n"
      "connectors: {{ {} }}\n"
      "service:\n"
      "  pipelines:\n"
      "    traces: {{receivers: [source], exporters: [{}{}]}}\n{}",
      names("sink", count, ": , "), more.empty() ? "" : "join: , count: ", names("sink", count), more, pipelines);
}

TEST(ServiceLimits, APipelineLeadsToSixtyFourPlaces) {
  EXPECT_EQ(errors_of(with_sinks(64)), "");
  std::string errors = errors_of(with_sinks(65));
  EXPECT_NE(
      errors.find("c.yaml:6:5: service::pipelines::traces: the pipeline leads to 65 exporters and connectors; at most 64 are possible"),
      std::string::npos)
      << errors;
}

TEST(ServiceLimits, AConnectorCountsOnceForEachSignal) {
  const std::string further =
      "    traces/1: {receivers: [join], exporters: [sink/0]}\n"
      "    traces/2: {receivers: [join], exporters: [sink/0]}\n"
      "    metrics/1: {receivers: [count], exporters: [sink/0]}\n"
      "    metrics/2: {receivers: [count], exporters: [sink/0]}\n";
  EXPECT_EQ(errors_of(with_sinks(62, "join, count", further)), "");
  EXPECT_NE(errors_of(with_sinks(63, "join, count", further)).find("leads to 65 exporters and connectors"), std::string::npos);
}

std::string with_pipelines(size_t count, const std::string& receiver, const std::string& head = "") {
  std::string text = "receivers: {source: }\nexporters: {sink: }\nconnectors: {join: }\nservice:\n  pipelines:\n" + head;
  for (size_t i = 0; i < count; i++) text += fmt::format("    traces/{}: {{receivers: [{}], exporters: [sink]}}\n", i, receiver);
  return text;
}

TEST(ServiceLimits, SoDoReceiversAndConnectors) {
  const std::string head = "    traces: {receivers: [source], exporters: [join]}\n";
  std::string used = with_pipelines(64, "join", head);
  EXPECT_EQ(errors_of(used), "");
  std::string errors = errors_of(with_pipelines(65, "join", head));
  EXPECT_NE(errors.find("c.yaml:71:29: service::pipelines::traces/64::receivers[0]: \"join\" leads to more than 64 pipelines for traces"),
            std::string::npos)
      << errors;
  EXPECT_NE(errors_of(with_pipelines(67, "source")).find("traces/64::receivers[0]: \"source\" leads to more than 64"), std::string::npos);
  EXPECT_EQ(errors_of(with_pipelines(67, "source")).find("traces/65::"), std::string::npos) << "once";
}

}  // namespace
}  // namespace vigia::pipeline
