// Scenario: names and units of all kinds of senders.
// Guarantee: the names that OpenTelemetry's and Prometheus' rules give, which dashboards and alerts are written for.

#include "prometheus/names.h"

#include <gtest/gtest.h>

namespace vigia::prometheus {
namespace {

struct NameCase {
  std::string_view name;
  std::string_view unit;
  NameKind kind;
  std::string_view expected;
};

std::string built(Strategy strategy, const NameCase& one, std::string_view name_space = "") {
  std::string name;
  MetricNamer(strategy, name_space).build(one.name, one.unit, one.kind, name);
  return name;
}

constexpr NameKind counter = NameKind::monotonic_counter;
constexpr NameKind gauge = NameKind::gauge;
constexpr NameKind other = NameKind::other;

TEST(MetricNames, with_suffixes) {
  const NameCase cases[] = {
      {"system.cpu.time", "s", counter, "system_cpu_time_seconds_total"},
      {"http.server.duration", "ms", other, "http_server_duration_milliseconds"},
      {"system.memory.usage", "By", gauge, "system_memory_usage_bytes"},
      {"system.memory.usage", "GiBy", gauge, "system_memory_usage_gibibytes"},
      {"cpu.utilization", "1", gauge, "cpu_utilization_ratio"},
      {"ratio.of.hits", "1", gauge, "of_hits_ratio"},
      {"hits", "1", counter, "hits_total"},
      {"hits", "1", other, "hits"},
      {"battery", "%", gauge, "battery_percent"},
      {"speed", "m/s", gauge, "speed_meters_per_second"},
      {"disk.io", "By/s", gauge, "disk_io_bytes_per_second"},
      {"rate", "1/s", gauge, "rate_per_second"},
      {"rate", "/min", gauge, "rate_per_min"},
      {"price", "€/h", gauge, "price_per_hour"},
      {"requests", "{request}", counter, "requests_total"},
      {"requests", "{request}/s", gauge, "requests_per_second"},
      {"requests.total.count", "", counter, "requests_count_total"},
      {"total", "", counter, "total"},
      {"duration_seconds", "s", other, "duration_seconds"},
      {"seconds.of.sleep", "s", other, "seconds_of_sleep"},
      {"a__b..c  d", "", gauge, "a_b_c_d"},
      {"_leading_and_trailing_", "", gauge, "leading_and_trailing"},
      {"1st.try", "", gauge, "_1st_try"},
      {"colon:rate5m", "", gauge, "colon:rate5m"},
      {"débit", "", gauge, "d_bit"},
      {"temperature", "Cel", gauge, "temperature_celsius"},
      {"clock", "Hz", gauge, "clock_hertz"},
      {"odd.unit", "foo bar", gauge, "odd_unit_foo_bar"},
      {"odd.unit", "foo/bar/baz", gauge, "odd_unit_foo_per_bar_baz"},
      {"x", "  s  ", gauge, "x_seconds"},
      {"wait", "us", other, "wait_microseconds"},
      {"...", "", gauge, ""},
      {"日本", "s", gauge, "seconds"},
  };
  for (const NameCase& one : cases) EXPECT_EQ(built(Strategy::underscores_with_suffixes, one), one.expected) << one.name << " " << one.unit;
}

TEST(MetricNames, without_suffixes) {
  const NameCase cases[] = {
      {"system.cpu.time", "s", counter, "system_cpu_time"},
      {"a__b..c", "", gauge, "a__b_c"},
      {"_x_", "", gauge, "_x_"},
      {"9lives", "1", gauge, "_9lives"},
      {"..x..", "", gauge, "x"},
      {"°", "", gauge, ""},
  };
  for (const NameCase& one : cases) EXPECT_EQ(built(Strategy::underscores_without_suffixes, one), one.expected) << one.name;
}

TEST(MetricNames, in_utf8) {
  const NameCase cases[] = {
      {"system.cpu.time", "s", counter, "system.cpu.time_seconds_total"},
      {"requests.total", "", counter, "requests_total"},
      {"cpu.utilization", "1", gauge, "cpu.utilization_ratio"},
      {"débit", "By/s", gauge, "débit_bytes_per_second"},
      {"duration.seconds", "s", other, "duration.seconds"},
  };
  for (const NameCase& one : cases) EXPECT_EQ(built(Strategy::utf8_with_suffixes, one), one.expected) << one.name;
  EXPECT_EQ(built(Strategy::untranslated, {"http.débit", "By", counter, ""}), "http.débit");
}

TEST(MetricNames, behind_a_namespace) {
  EXPECT_EQ(built(Strategy::underscores_with_suffixes, {"cpu.time", "s", counter, ""}, "test-space"), "test_space_cpu_time_seconds_total");
  EXPECT_EQ(built(Strategy::underscores_with_suffixes, {"1st", "", gauge, ""}, "x"), "x_1st");
  EXPECT_EQ(built(Strategy::untranslated, {"cpu.time", "s", counter, ""}, "test.space"), "test.space_cpu.time");
  EXPECT_EQ(MetricNamer(Strategy::underscores_with_suffixes, "a.b").prefix(), "a_b_");
}

TEST(LabelNames, plain) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"method", "method"},
      {"http.method", "http_method"},
      {"a..b", "a_b"},
      {"a__b", "a_b"},
      {"1st", "key_1st"},
      {"_private", "key_private"},
      {"__name__", "__name__"},
      {"__a.b__", "__a_b__"},
      {"__half", "key_half"},
      {"émile", "key_mile"},
      {"___", "key_"},
      {"_", "key_"},
      {"°°", "key_"},
      {"____", "key_"},
      {"a:b", "a_b"},
      {"tail.", "tail_"},
      {"", ""},
  };
  Scratch scratch;
  for (const auto& [name, expected] : cases)
    EXPECT_EQ(LabelNamer(Strategy::underscores_with_suffixes).build(name, scratch), expected) << name;
}

TEST(LabelNames, in_utf8) {
  Scratch scratch;
  LabelNamer namer(Strategy::untranslated);
  EXPECT_EQ(namer.build("http.méthode", scratch), "http.méthode");
  EXPECT_EQ(namer.build("_x", scratch), "_x");
  EXPECT_EQ(namer.build("__", scratch), "key_");
}

// A name that is fine is given as it is; others are built side by side without moving those before them.
TEST(LabelNames, stay_where_they_are) {
  Scratch scratch;
  LabelNamer namer(Strategy::underscores_with_suffixes);
  std::string_view plain = "plain";
  EXPECT_EQ(namer.build(plain, scratch).data(), plain.data());
  std::vector<std::string_view> built;
  std::vector<std::string> raw;
  for (int i = 0; i < 2000; i++) raw.push_back("some.attribute." + std::to_string(i));
  for (const std::string& name : raw) built.push_back(namer.build(name, scratch));
  for (int i = 0; i < 2000; i++) EXPECT_EQ(built[static_cast<size_t>(i)], "some_attribute_" + std::to_string(i));
}

TEST(Units, in_words) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"s", "seconds"},          {"By/s", "bytes_per_second"}, {"1", ""}, {"%", "percent"},
      {"{req}/s", "per_second"}, {"foo bar", "foo_bar"},       {"", ""},  {"km/h", "km_per_hour"},
  };
  for (const auto& [unit, expected] : cases) {
    std::string built;
    build_unit(unit, Strategy::underscores_with_suffixes, built);
    EXPECT_EQ(built, expected) << unit;
  }
}

}  // namespace
}  // namespace vigia::prometheus
