// Scenario: a configuration put together from several sources, as the Collector's command line allows. Guarantee: later sources lie
// over earlier ones by the Collector's rules, and a source that cannot be used is an error that says which and why.

#include "config/load.h"

#include <gtest/gtest.h>

#include "config/render.h"
#include "config/test_config_internal.h"

namespace vigia::config {
namespace {

std::string rendered(const Node& node) { return render_yaml(node, {.redacts_secrets = false}); }

TEST(Load, MergesMapsAndReplacesTheRest) {
  Loading loading("processors: {batch: {timeout: 1s, send_batch_size: 5}}\nlist: [a, b]\n");
  loading.files.texts["second.yaml"] = "processors: {batch: {timeout: 2s}, memory_limiter: }\nlist: [c]\n";
  loading.request.sources.push_back("file:second.yaml");
  EXPECT_EQ(rendered(loading.load()),
            "processors:\n  batch:\n    timeout: 2s\n    send_batch_size: 5\n  memory_limiter: null\nlist:\n  - c\n");
}

TEST(Load, AKeyOfVeryManyPartsIsRefused) {
  std::string key = "a";
  for (int i = 0; i < 30; i++) key += "::a";
  Loading loading(key + ": 1\n");
  loading.load();
  EXPECT_NE(loading.diagnostics.render_errors().find("more than 20 parts"), std::string::npos) << loading.diagnostics.render_errors();
}

TEST(Load, NullReplacesAndKeepsTheKey) {
  Loading loading("processors: {batch: {timeout: 1s}}\nexporters: {debug: null}\n");
  loading.variables["MORE"] = "processors: {batch: null}\nexporters: {debug: {verbosity: detailed}}";
  loading.request.sources.push_back("env:MORE");
  EXPECT_EQ(rendered(loading.load()), "processors:\n  batch: null\nexporters:\n  debug:\n    verbosity: detailed\n");
}

TEST(Load, AnEmptySourceChangesNothing) {
  Loading loading("a: 1\n");
  loading.files.texts["empty.yaml"] = "# nothing\n";
  loading.request.sources.push_back("empty.yaml");
  EXPECT_EQ(rendered(loading.load()), "a: 1\n");
  EXPECT_FALSE(loading.diagnostics.has_errors());
}

TEST(Load, YamlSourceSplitsKeys) {
  Loading loading("processors: {batch: {timeout: 1s}}\n");
  loading.request.sources.push_back("yaml:processors::batch::timeout: 2s");
  loading.request.sources.push_back("yaml:exporters::otlp/2::endpoint: h:1");
  EXPECT_EQ(rendered(loading.load()), "processors:\n  batch:\n    timeout: 2s\nexporters:\n  otlp/2:\n    endpoint: h:1\n");
}

TEST(Load, SplitKeysOfOneSourceMeet) {
  Loading loading("a::b: 1\na::c::d: 2\na: {e: 3}\n");
  EXPECT_EQ(rendered(loading.load()), "a:\n  b: 1\n  c:\n    d: 2\n  e: 3\n");
}

TEST(Load, SetIsAppliedLast) {
  Loading loading("exporters: {otlp/2: {endpoint: a, headers: [x]}}\n");
  loading.request.sets = {"exporters.otlp/2.endpoint=b:4317", "processors.batch.timeout = 2s", "list=[1, two]", "empty="};
  EXPECT_EQ(rendered(loading.load()),
            "exporters:\n  otlp/2:\n    endpoint: b:4317\n    headers:\n      - x\nprocessors:\n  batch:\n    timeout: 2s\nlist:\n  - 1\n  "
            "- two\nempty: null\n");
}

TEST(Load, ANullOfTheCommandLineIsKeptAndWarnedOf) {
  Loading loading("a: {b: {c: 1}}\n");
  loading.request.sets = {"a.b=null", "a.d="};
  EXPECT_EQ(rendered(loading.load()), "a:\n  b: null\n  d: null\n");
  ASSERT_EQ(loading.diagnostics.warnings().size(), 1u);
  EXPECT_TRUE(one_line(loading.diagnostics.warnings()[0]).starts_with("--set: null takes nothing away: \"a.b=null\""));
}

TEST(Load, SetValueMayHoldADollar) {
  Loading loading("a: 1\n");
  loading.variables["X"] = "7";
  loading.request.sets = {"a=${env:X}"};
  EXPECT_EQ(rendered(loading.load()), "a: 7\n");
}

TEST(Load, WrongSetsAreErrors) {
  for (const char* set : {"novalue", "=5"}) {
    Loading loading("a: 1\n");
    loading.request.sets = {set};
    loading.load();
    EXPECT_TRUE(loading.first_error().starts_with("--set: expected key=value, such as processors.batch.timeout=2s, found "))
        << loading.first_error();
  }
}

TEST(Load, SourcesThatCannotBeReadAreAllTold) {
  Loading loading("a: 1\n");
  loading.request.sources = {"missing.yaml", "https://host/c.yaml", "s3:bucket", "env:UNSET", "yaml:[1]", "c.yaml"};
  loading.load();
  ASSERT_EQ(loading.diagnostics.errors().size(), 5u);
  EXPECT_EQ(one_line(loading.diagnostics.errors()[0]), "--config: cannot open missing.yaml: No such file or directory");
  EXPECT_EQ(one_line(loading.diagnostics.errors()[1]),
            "--config: cannot read \"https://host/c.yaml\": configuration over HTTP is not in this build");
  EXPECT_EQ(one_line(loading.diagnostics.errors()[2]),
            "--config: cannot read \"s3:bucket\": expected a path or one of file:, env:, yaml:, found \"s3\"");
  EXPECT_EQ(one_line(loading.diagnostics.errors()[3]), "--config: cannot read env:UNSET: the environment variable is not set");
  EXPECT_EQ(one_line(loading.diagnostics.errors()[4]), "yaml source:1:1: expected a map at the top of a configuration, found a list");
}

TEST(Load, NoSourceIsAnError) {
  Loading loading;
  loading.request.sources.clear();
  loading.load();
  EXPECT_EQ(loading.first_error(), "no configuration: give at least one --config");
}

TEST(Load, PresetsLieBelowEverything) {
  Loading loading("a: 2\n");
  loading.request.presets = {std::make_shared<Source>(Source{"preset agent", "a: 1\nb: 1\n"})};
  EXPECT_EQ(rendered(loading.load()), "a: 2\nb: 1\n");
}

TEST(Load, TooManySplitsAreAnError) {
  std::string text;
  for (int i = 0; i < 200; i++) text += "k" + std::to_string(i) + "::a::a::a::a::a::a: 1\n";
  Loading loading(text);
  loading.load();
  EXPECT_NE(loading.diagnostics.render_errors().find("too many keys with"), std::string::npos) << loading.diagnostics.render_errors();
}

}  // namespace
}  // namespace vigia::config
