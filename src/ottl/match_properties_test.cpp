// Scenario: include/exclude properties of every kind against spans, log records and metrics.
// Guarantee: every list that is given must match, one entry of a list is enough, strict compares and regexp searches; properties that do
// not belong to a signal are refused.

#include "ottl/match_properties.h"

#include <gtest/gtest.h>

#include "ottl/test_telemetry.h"

namespace vigia::ottl {

namespace {

using namespace test;

const std::string resource = attribute(1, "service.name", text_value("shop")) + attribute(1, "cpus", integer_value(8));
const std::string scope = text_field(1, "lib") + text_field(2, "1.0");
const std::string span = text_field(5, "GET /") + varint_field(6, 2) + attribute(9, "http.method", text_value("GET")) +
                         attribute(9, "n", integer_value(12)) + attribute(9, "large", floating_value(1e30)) +
                         attribute(9, "small", floating_value(1e-7)) + attribute(9, "list", list_value({text_value("a")}));
const std::string record =
    varint_field(2, 9) + text_field(3, "Info") + text_field(5, text_value("user eve logged in")) + attribute(6, "k", boolean_value(true));
const std::string metric = text_field(1, "system.cpu.time");

bool matches(const MatchProperties& properties, otlp::Signal signal) {
  Item item;
  item.resource = resource;
  item.scope = scope;
  item.record = signal == otlp::Signal::traces ? span : signal == otlp::Signal::logs ? record : metric;
  return PropertiesMatcher::compile(properties, signal).value().matches(item);
}
bool span_matches(const MatchProperties& properties) { return matches(properties, otlp::Signal::traces); }
bool log_matches(const MatchProperties& properties) { return matches(properties, otlp::Signal::logs); }

TEST(PropertiesMatcher, MatchesSpans) {
  EXPECT_TRUE(span_matches({.services = {"other", "shop"}}));
  EXPECT_FALSE(span_matches({.services = {"sho"}}));
  EXPECT_TRUE(span_matches({.match_type = MatchType::regexp, .services = {"^sh"}}));
  EXPECT_TRUE(span_matches({.services = {"shop"}, .span_names = {"GET /"}}));
  EXPECT_FALSE(span_matches({.services = {"shop"}, .span_names = {"POST /"}}));
  EXPECT_TRUE(span_matches({.span_kinds = {"SPAN_KIND_SERVER"}}));
  EXPECT_FALSE(span_matches({.span_kinds = {"SPAN_KIND_CLIENT"}}));
  EXPECT_TRUE(span_matches({.attributes = {{"http.method", text_value("GET")}, {"n", {}}}}));
  EXPECT_FALSE(span_matches({.attributes = {{"http.method", text_value("GET")}, {"missing", {}}}}));
  EXPECT_TRUE(span_matches({.attributes = {{"n", integer_value(12)}}}));
  EXPECT_FALSE(span_matches({.attributes = {{"n", text_value("12")}}}));
  EXPECT_FALSE(span_matches({.attributes = {{"n", floating_value(12)}}}));
  EXPECT_TRUE(span_matches({.match_type = MatchType::regexp, .attributes = {{"n", text_value("^1")}}}));
  EXPECT_FALSE(span_matches({.match_type = MatchType::regexp, .attributes = {{"list", text_value(".")}}}));
  EXPECT_TRUE(span_matches({.match_type = MatchType::regexp, .attributes = {{"large", text_value("^10{30}$")}}}));
  EXPECT_TRUE(span_matches({.match_type = MatchType::regexp, .attributes = {{"small", text_value("^0\\.0000001$")}}}));
  EXPECT_TRUE(span_matches({.attributes = {{"list", list_value({text_value("a")})}}}));
  EXPECT_TRUE(span_matches({.resources = {{"cpus", integer_value(8)}}}));
  EXPECT_FALSE(span_matches({.resources = {{"cpus", integer_value(9)}}}));
  EXPECT_TRUE(span_matches({.libraries = {{"lib", {}}}}));
  EXPECT_FALSE(span_matches({.libraries = {{"lib", "2.0"}}}));
}

TEST(PropertiesMatcher, MatchesLogRecords) {
  EXPECT_TRUE(log_matches({.match_type = MatchType::regexp, .log_bodies = {"eve"}}));
  EXPECT_FALSE(log_matches({.log_bodies = {"eve"}}));
  EXPECT_TRUE(log_matches({.log_severity_texts = {"Info"}}));
  EXPECT_TRUE(log_matches({.log_severity_number = MatchSeverity{9, false}}));
  EXPECT_FALSE(log_matches({.log_severity_number = MatchSeverity{13, true}}));
  EXPECT_TRUE(log_matches({.attributes = {{"k", boolean_value(true)}}}));
}

TEST(PropertiesMatcher, TreatsMissingSeverityAsAsked) {
  const std::string without_severity = attribute(6, "k", text_value("v"));
  Item item;
  item.record = without_severity;
  auto matches = [&](bool matches_undefined) {
    MatchProperties properties;
    properties.log_severity_number = MatchSeverity{9, matches_undefined};
    return PropertiesMatcher::compile(properties, otlp::Signal::logs).value().matches(item);
  };
  EXPECT_TRUE(matches(true));
  EXPECT_FALSE(matches(false));
}

TEST(PropertiesMatcher, MatchesMetrics) {
  EXPECT_TRUE(matches({.metric_names = {"system.cpu.time"}}, otlp::Signal::metrics));
  EXPECT_FALSE(matches({.metric_names = {"system.cpu"}}, otlp::Signal::metrics));
  EXPECT_TRUE(matches({.match_type = MatchType::regexp, .metric_names = {"^system\\.cpu"}}, otlp::Signal::metrics));
}

TEST(PropertiesMatcher, RefusesWhatDoesNotBelongToASignal) {
  EXPECT_FALSE(PropertiesMatcher::compile({}, otlp::Signal::traces).is_ok());
  EXPECT_FALSE(PropertiesMatcher::compile({.log_bodies = {"x"}}, otlp::Signal::traces).is_ok());
  EXPECT_FALSE(PropertiesMatcher::compile({.services = {"x"}}, otlp::Signal::logs).is_ok());
  EXPECT_FALSE(PropertiesMatcher::compile({.span_names = {"x"}}, otlp::Signal::metrics).is_ok());
  EXPECT_FALSE(PropertiesMatcher::compile({.span_kinds = {"server"}}, otlp::Signal::traces).is_ok());
  EXPECT_FALSE(PropertiesMatcher::compile({.match_type = MatchType::regexp, .services = {"("}}, otlp::Signal::traces).is_ok());
  EXPECT_FALSE(
      PropertiesMatcher::compile({.match_type = MatchType::regexp, .attributes = {{"n", integer_value(1)}}}, otlp::Signal::traces).is_ok());
}

TEST(Selection, LooksAtIncludeAndThenAtExclude) {
  Item item;
  item.resource = resource;
  item.record = span;
  MatchConfig config;
  EXPECT_TRUE(Selection::compile(config, otlp::Signal::traces).value().selects(item));
  config.include = MatchProperties{.services = {"shop"}};
  EXPECT_TRUE(Selection::compile(config, otlp::Signal::traces).value().selects(item));
  config.exclude = MatchProperties{.span_names = {"GET /"}};
  EXPECT_FALSE(Selection::compile(config, otlp::Signal::traces).value().selects(item));
}

TEST(SeverityByName, KnowsNamesAndNumbers) {
  EXPECT_EQ(severity_by_name("INFO"), 9);
  EXPECT_EQ(severity_by_name("warn2"), 14);
  EXPECT_EQ(severity_by_name("24"), 24);
  EXPECT_FALSE(severity_by_name("25"));
  EXPECT_FALSE(severity_by_name("LOUD"));
}

}  // namespace

}  // namespace vigia::ottl
