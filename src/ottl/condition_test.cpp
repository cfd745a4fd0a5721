// Scenario: a table of conditions, each with the context it is evaluated in and what it gives for one fixed set of telemetry.
// Guarantee: conditions of the OpenTelemetry Transformation Language mean here what they mean in the Collector.
//
// A line is "context | condition | true, false or error: text that the error contains".

#include "ottl/condition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/text.h"
#include "ottl/test_telemetry.h"

namespace vigia::ottl {

namespace {

using namespace test;

// One resource, scope, span with two events, log record, and metrics of several kinds.
class Telemetry {
 public:
  Item item(Context context) const {
    Item item;
    item.resource = resource_;
    item.scope = scope_;
    item.resource_group = resource_group_;
    item.record = context == Context::log ? log_ : context == Context::metric || context == Context::data_point ? sum_ : span_;
    if (context == Context::span_event) item.part = event_;
    if (context == Context::span_event) item.part_index = 1;
    if (context == Context::data_point) item.part = point_;
    if (context == Context::data_point) item.metric_kind = otlp::MetricKind::sum;
    return item;
  }

 private:
  std::string resource_ =
      attribute(1, "service.name", text_value("shop")) + attribute(1, "host.cpus", integer_value(8)) + varint_field(2, 3);
  std::string resource_group_ = text_field(1, resource_) + text_field(3, "https://schemas/1.2");
  std::string scope_ = text_field(1, "io.library") + text_field(2, "1.4.0") + attribute(3, "short_name", text_value("lib"));
  std::string event_ = fixed64_field(1, 2'500'000'000) + text_field(2, "exception") + attribute(3, "exception.type", text_value("IOError"));
  std::string span_ =
      text_field(1, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10") +
      text_field(2, "\x11\x12\x13\x14\x15\x16\x17\x18") + text_field(3, "vendor=abc, other=x") + text_field(5, "GET /cart") +
      varint_field(6, 2) + fixed64_field(7, 1'000'000'000) + fixed64_field(8, 3'500'000'000) +
      attribute(9, "http.method", text_value("GET")) + attribute(9, "http.status_code", integer_value(503)) +
      attribute(9, "ratio", floating_value(0.25)) + attribute(9, "cached", boolean_value(false)) +
      attribute(9, "key", bytes_value("\x01\xff")) +
      attribute(9, "tags", list_value({text_value("a"), text_value("b"), integer_value(3)})) +
      attribute(9, "user", map_value({{"name", text_value("eve")}, {"address", map_value({{"city", text_value("Ulm")}})}})) +
      attribute(9, "nothing", "") + attribute(9, "small", floating_value(1e-7)) + attribute(9, "infinite", floating_value(HUGE_VAL)) +
      attribute(9, "number", text_value("42")) + varint_field(10, 1) + text_field(11, event_) + text_field(11, event_) +
      varint_field(12, 7) + text_field(15, text_field(2, "timeout") + varint_field(3, 2)) + fixed32_field(16, 257);
  std::string log_ = fixed64_field(1, 5'000) + varint_field(2, 17) + text_field(3, "Error") +
                     text_field(5, map_value({{"user", text_value("eve")}, {"items", list_value({integer_value(1), integer_value(2)})}})) +
                     attribute(6, "log.file.name", text_value("app.log")) + fixed32_field(8, 1) + fixed64_field(11, 6'000) +
                     text_field(12, "click");
  std::string point_ =
      fixed64_field(2, 100) + fixed64_field(3, 200) + fixed64_field(6, 12) + attribute(7, "cpu", text_value("0")) + varint_field(8, 1);
  std::string sum_ = text_field(1, "system.cpu.time") + text_field(2, "CPU") + text_field(3, "s") +
                     text_field(7, text_field(1, point_) + text_field(1, point_) + varint_field(2, 2) + varint_field(3, 1));
};

struct Case {
  Context context;
  std::string condition;
  std::string expected;
};

std::vector<Case> read_table(std::string_view table) {
  std::vector<Case> cases;
  for (std::string_view line : split(table, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    size_t first = line.find(" | ");
    size_t last = line.rfind(" | ");
    EXPECT_NE(first, last) << line;
    std::optional<Context> context = context_by_name(line.substr(0, first));
    EXPECT_TRUE(context) << line;
    cases.push_back(
        {context.value_or(Context::span), std::string(line.substr(first + 3, last - first - 3)), std::string(line.substr(last + 3))});
  }
  return cases;
}

std::string outcome(const Case& one, const Telemetry& telemetry) {
  Result<Condition> condition = Condition::compile(one.condition, one.context);
  if (!condition) return "error: " + condition.status().message();
  Item item = telemetry.item(one.context);
  Result<bool> result = condition->matches(item);
  if (!result) return "error: " + result.status().message();
  return *result ? "true" : "false";
}

void run(std::string_view table) {
  Telemetry telemetry;
  size_t count = 0;
  for (const Case& one : read_table(table)) {
    std::string found = outcome(one, telemetry);
    bool is_as_expected = one.expected.starts_with("error")
                              ? found.starts_with("error") && found.find(one.expected.substr(7)) != std::string::npos
                              : found == one.expected;
    EXPECT_TRUE(is_as_expected) << context_name(one.context) << " | " << one.condition << "\n  expected " << one.expected << "\n  found    "
                                << found;
    count++;
  }
  EXPECT_GT(count, 0U);
}

TEST(Condition, ReadsPathsOfSpans) {
  run(R"table(
    span | name == "GET /cart" | true
    span | span.name == "GET /cart" | true
    span | span.name != "GET /cart" | false
    span | attributes["http.method"] == "GET" | true
    span | span.attributes["http.method"] == "POST" | false
    span | attributes["missing"] == nil | true
    span | attributes["nothing"] == nil | true
    span | attributes["http.method"] != nil | true
    span | resource.attributes["service.name"] == "shop" | true
    span | resource.dropped_attributes_count == 3 | true
    span | resource.schema_url == "https://schemas/1.2" | true
    span | instrumentation_scope.name == "io.library" | true
    span | scope.name == "io.library" and scope.version == "1.4.0" | true
    span | scope.attributes["short_name"] == "lib" | true
    span | trace_id == TraceID("0102030405060708090a0b0c0d0e0f10") | true
    span | trace_id == TraceID(0x0102030405060708090a0b0c0d0e0f10) | true
    span | trace_id.string == "0102030405060708090a0b0c0d0e0f10" | true
    span | span_id == SpanID(0x1112131415161718) | true
    span | span_id.string == "1112131415161718" | true
    span | parent_span_id == SpanID(0x0000000000000000) | true
    span | parent_span_id.string == "0000000000000000" | true
    span | IsEmpty(parent_span_id) and not IsEmpty(trace_id) | true
    span | Len(trace_id) == 16 | error: Len cannot use an id
    span | String(attributes["small"]) == "1e-07" | true
    span | IsMatch(attributes["infinite"], "Inf") | error: have no text
    span | Double("1_000") == 1000 | true
    span | trace_state == "vendor=abc, other=x" | true
    span | trace_state["vendor"] == "abc" | true
    span | trace_state["other"] == "x" | true
    span | trace_state["absent"] == "" | true
    span | kind == SPAN_KIND_SERVER | true
    span | kind == 2 | true
    span | kind.string == "Server" | true
    span | kind.deprecated_string == "SPAN_KIND_SERVER" | true
    span | start_time_unix_nano == 1000000000 | true
    span | end_time_unix_nano - start_time_unix_nano > 2000000000 | true
    span | end_time - start_time == Duration("2.5s") | true
    span | (span.end_time - span.start_time) < Duration("1s") and span.status.code != STATUS_CODE_ERROR | false
    span | status.code == STATUS_CODE_ERROR | true
    span | status.message == "timeout" | true
    span | dropped_attributes_count == 1 and dropped_events_count == 7 and dropped_links_count == 0 | true
    span | flags == 257 | true
    span | Len(events) == 2 and Len(links) == 0 | true
    spanevent | name == "exception" | true
    spanevent | spanevent.name == "exception" and span.name == "GET /cart" | true
    spanevent | attributes["exception.type"] == "IOError" | true
    spanevent | time_unix_nano == 2500000000 and event_index == 1 | true
    spanevent | spanevent.time > span.start_time | true
  )table");
}

TEST(Condition, ReadsPathsOfLogsAndMetrics) {
  run(R"table(
    log | severity_number == SEVERITY_NUMBER_ERROR | true
    log | severity_number < SEVERITY_NUMBER_ERROR2 | true
    log | log.severity_text == "Error" | true
    log | body["user"] == "eve" | true
    log | log.body["items"][1] == 2 | true
    log | body.string == "{\"items\":[1,2],\"user\":\"eve\"}" | true
    log | IsMatch(body, "\"user\":\"e") | true
    log | time_unix_nano == 5000 and observed_time_unix_nano == 6000 | true
    log | flags == 1 and event_name == "click" | true
    log | trace_id == TraceID(0x00000000000000000000000000000000) | true
    log | attributes["log.file.name"] == "app.log" | true
    metric | name == "system.cpu.time" and unit == "s" and description == "CPU" | true
    metric | type == METRIC_DATA_TYPE_SUM | true
    metric | aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE and is_monotonic == true | true
    metric | Len(data_points) == 2 | true
    metric | HasAttrKeyOnDatapoint("cpu") | true
    metric | HasAttrKeyOnDatapoint("core") | false
    metric | HasAttrOnDatapoint("cpu", "0") | true
    metric | HasAttrOnDatapoint("cpu", "1") | false
    datapoint | metric.name == "system.cpu.time" and value_int == 12 | true
    datapoint | value_double == 0.0 | true
    datapoint | attributes["cpu"] == "0" and datapoint.attributes["cpu"] == "0" | true
    datapoint | start_time_unix_nano == 100 and time_unix_nano == 200 | true
    datapoint | flags == FLAG_NO_RECORDED_VALUE | true
    datapoint | count == nil and sum == nil and scale == nil | true
    resource | attributes["service.name"] == "shop" | true
    resource | resource.attributes["host.cpus"] >= 8 | true
    scope | name == "io.library" and resource.attributes["service.name"] == "shop" | true
  )table");
}

TEST(Condition, ComparesByType) {
  run(R"table(
    span | attributes["http.status_code"] >= 500 | true
    span | attributes["http.status_code"] == 503.0 | true
    span | attributes["http.status_code"] == "503" | false
    span | attributes["http.status_code"] != "503" | true
    span | attributes["http.status_code"] < "504" | false
    span | attributes["ratio"] < 1 | true
    span | attributes["ratio"] == 0.25 | true
    span | attributes["cached"] == false | true
    span | attributes["cached"] < true | true
    span | attributes["cached"] == 0 | false
    span | attributes["key"] == 0x01ff | true
    span | attributes["key"] > 0x01 | true
    span | attributes["key"] == "\x01\xff" | false
    span | attributes["http.method"] < "H" | true
    span | nil == nil | true
    span | nil <= nil | true
    span | nil < nil | false
    span | attributes["missing"] < 5 | false
    span | attributes["missing"] != 5 | true
    span | attributes["tags"] == ["a", "b", 3] | true
    span | attributes["tags"] == ["a", "b", 3.0] | false
    span | attributes["tags"] != ["a"] | true
    span | attributes["tags"] < ["z"] | false
    span | attributes["user"] == {"address": {"city": "Ulm"}, "name": "eve"} | true
    span | attributes["user"] == {"name": "eve"} | false
    span | attributes["tags"] == attributes["user"] | false
    span | ["x", name] == ["x", "GET /cart"] | true
    span | {"a": kind} == {"a": 2} | true
    span | 9223372036854775807 > 9223372036854775806 | true
    span | -9223372036854775808 < 0 | true
    span | +1 == 1 and -.5 == 0 - 0.5 | true
  )table");
}

TEST(Condition, Indexes) {
  run(R"table(
    span | attributes["user"]["name"] == "eve" | true
    span | attributes["user"]["address"]["city"] == "Ulm" | true
    span | attributes["user"]["missing"]["city"] == nil | true
    span | attributes["tags"][0] == "a" | true
    span | attributes["tags"][2] == 3 | true
    span | attributes["tags"][3] == nil | error: out of bounds
    span | attributes["tags"][-1] == nil | error: out of bounds
    span | attributes["tags"]["a"] == nil | error: cannot index a list
    span | attributes["http.method"]["x"] == nil | error: cannot index a text
    span | attributes[attributes["missing"]] == nil | error: cannot index a map with nil
    span | attributes[Concat(["http", "method"], ".")] == "GET" | true
    span | Keys(attributes["user"])[0] == "name" | true
    span | name["x"] == nil | error: cannot be indexed
    span | attributes[1.5] == nil | error: a key is a text or an integer
  )table");
}

TEST(Condition, JoinsWithAndOrNot) {
  run(R"table(
    span | true | true
    span | false | false
    span | not true | false
    span | not name == "x" | true
    span | true or false and false | true
    span | (true or false) and false | false
    span | not (kind == 1 or kind == 2) | false
    span | not false and false | false
    span | name == "x" or name == "y" or name == "GET /cart" | true
    span | IsString(name) and not IsInt(name) | true
    # What decides first decides alone: the error behind it is not met.
    span | true or 1 / dropped_links_count == 1 | true
    span | false and 1 / dropped_links_count == 1 | false
    span | 1 / dropped_links_count == 1 or true | error: divide by 0
    span | Len(name) | error: instead of a boolean
  )table");
}

TEST(Condition, Calculates) {
  run(R"table(
    span | 1 + 2 * 3 == 7 | true
    span | (1 + 2) * 3 == 9 | true
    span | 7 / 2 == 3 and 7.0 / 2 == 3.5 | true
    span | 10 - 4 - 3 == 3 | true
    span | -kind == -2 and -(1 + 1) == -2 | true
    span | attributes["http.status_code"] / 100 == 5 | true
    span | 9223372036854775807 + 1 < 0 | true
    span | -9223372036854775808 / -1 < 0 | true
    span | name + 1 == 2 | error: cannot calculate with a text and an integer
    span | attributes["missing"] * 2 == 0 | error: cannot calculate with nil
    span | -name == 1 | error: cannot negate a text
    span | 1 / 0 == 1 | error: divide by 0
    span | start_time + Duration("2.5s") == end_time | true
    span | end_time - Duration("2500ms") == start_time | true
    span | Duration("1m") + Duration("1s") == Duration("61s") | true
    span | Duration("1s") * 2 == Duration("2s") | error: cannot calculate with a duration and an integer
    span | Duration("1s") * Duration("1s") == nil | error: only time
    span | end_time + start_time == nil | error: only time
  )table");
}

TEST(Condition, HasFunctions) {
  run(R"table(
    span | IsMatch(name, "^GET ") | true
    span | IsMatch(name, "cart$") and not IsMatch(name, "^cart") | true
    span | IsMatch(attributes["http.status_code"], "^5..$") | true
    span | IsMatch(attributes["missing"], ".*") | false
    span | IsMatch(name, attributes["http.method"]) | true
    span | IsMatch(name, attributes["kind"]) | error: as a pattern
    span | IsMatch(pattern = "^GET", target = name) | true
    span | IsString(attributes["http.method"]) and IsInt(attributes["http.status_code"]) and IsDouble(attributes["ratio"]) | true
    span | IsBool(attributes["cached"]) and IsMap(attributes["user"]) and IsList(attributes["tags"]) | true
    span | IsString(attributes["missing"]) | false
    span | IsMap(attributes) | true
    span | IsEmpty(attributes["missing"]) and IsEmpty("") and not IsEmpty(name) | true
    span | Len(name) == 9 and Len(attributes["tags"]) == 3 and Len(attributes["user"]) == 2 | true
    span | Len(kind) == 1 | error: Len cannot use an integer
    span | Concat([attributes["http.method"], kind, nil, 1.5, true], "-") == "GET-2-<nil>-1.5-true" | true
    span | Substring(name, 4, 5) == "/cart" | true
    span | Substring(name, 4, 6) == "" | error: are not in a text
    span | Substring("aé", 0, 2, true) == "a" | true
    span | ToLowerCase(name) == "get /cart" and ToUpperCase("aB") == "AB" | true
    span | ConvertCase(name, "lower") == "get /cart" | true
    span | Int(attributes["number"]) == 42 and Int(1.9) == 1 and Int(true) == 1 and Int(attributes["missing"]) == nil | true
    span | Int(name) == 1 | error: Int cannot read
    span | Double("1.5") == 1.5 and Double(2) == 2.0 | true
    span | String(kind) == "2" and String(0.25) == "0.25" and String(0x0a) == "0a" and String(1000000.0) == "1000000" | true
    span | String(1.0e21) == "1e+21" or String(100000000000000000000000.0) == "1e+23" | true
    span | Bool("true") == true and Bool(0) == false | true
    span | HasPrefix(name, "GET") and HasSuffix(name, "cart") and not HasPrefix(name, "get") | true
    span | HasPrefix(attributes["missing"], "x") | error: HasPrefix cannot use nil
    span | ContainsValue(attributes["tags"], "b") and not ContainsValue(attributes["tags"], "c") | true
    span | Milliseconds(end_time - start_time) == 2500 and Seconds(Duration("1500ms")) == 1.5 | true
    span | UnixNano(start_time) == 1000000000 and UnixSeconds(start_time) == 1 | true
    span | IsRootSpan() | true
    span | TraceID("xyz") == nil | error: hexadecimal
    span | Duration("soon") == nil | error: Duration cannot read
  )table");
}

TEST(Condition, SaysWhatIsWrongAndWhere) {
  run(R"table(
    span | name = "x" | error: column 6: expected an operator
    span | name == 'x' | error: column 9: texts stand in double quotes
    span | name == "x | error: column 9: this text has no closing
    span | name == "\d" | error: unknown escape \d
    span | name == | error: column 8: expected a value (a path, a literal or a function), found the end
    span | name | error: column 1: a value alone is no condition
    span | (name == "x" | error: column 13: expected ")", found the end
    span | name == "x" and | error: found the end
    span | name == "x" name == "y" | error: column 13: expected an operator
    span | 1 < 2 < 3 | error: comparisons do not chain
    span | (1 < 2) == true | error: a condition cannot be used as a value
    span | nam == "x" | error: there is no path nam in the context span; did you mean name?
    span | span.atributes["x"] == 1 | error: did you mean span.attributes?
    span | log.body == "x" | error: the context span does not see log.body
    resource | span.name == "x" | error: the context resource does not see span.name
    span | IsMatsch(name, "x") | error: there is no function IsMatsch; did you mean IsMatch?
    span | isMatch(name, "x") | error: begin with a capital
    span | IsMatch(name) | error: IsMatch lacks an argument; its parameters are (target, pattern)
    span | IsMatch(name, "a", "b") | error: takes no such argument
    span | IsMatch(name, "(") | error: column 15: cannot use pattern (
    span | ConvertCase(name, "snake") == "x" | error: column 19: ConvertCase knows "lower" and "upper"
    span | kind == SPAN_KIND_SERVR | error: there is no enum SPAN_KIND_SERVR; did you mean SPAN_KIND_SERVER?
    span | HasAttrKeyOnDatapoint("x") | error: works only in the context metric
    span | 0x0 == 1 | error: even number of hexadecimal digits
    span | 99999999999999999999 == 1 | error: does not fit 64 bits
    span | name == "x" ? | error: unexpected character ?
    span | Sort((a, b) => a) == nil | error: expected
    span | attributes["a"].b == 1 | error: there is no path attributes.b
  )table");
}

TEST(Condition, BoundsItsSize) {
  auto compile = [](const std::string& text) { return Condition::compile(text, Context::span).is_ok(); };
  EXPECT_TRUE(compile(std::string(50, '(') + "true" + std::string(50, ')')));
  EXPECT_FALSE(compile(std::string(100'000, '(')));
  EXPECT_FALSE(compile(std::string(5'000, '(') + "true" + std::string(5'000, ')')));
  EXPECT_FALSE(compile(std::string(5'000, '[')));
  std::string long_sum = "1";
  for (int i = 0; i < 900; i++) long_sum += " + 1";
  EXPECT_TRUE(compile(long_sum + " == 901"));
  for (int i = 0; i < 900; i++) long_sum += " + 1";
  EXPECT_FALSE(compile(long_sum + " == 1801"));
  EXPECT_FALSE(compile("name == \"" + std::string(70'000, 'x') + "\""));
}

TEST(Condition, InfersTheContext) {
  auto infer = [](std::string_view text, otlp::Signal signal) -> std::string {
    Result<Context> context = infer_context(text, signal);
    return context ? std::string(context_name(*context)) : context.status().message();
  };
  EXPECT_EQ(infer("span.name == \"x\" and resource.attributes[\"a\"] == nil", otlp::Signal::traces), "span");
  EXPECT_EQ(infer("spanevent.name == span.name", otlp::Signal::traces), "spanevent");
  EXPECT_EQ(infer("resource.attributes[scope.name] == nil", otlp::Signal::traces), "scope");
  EXPECT_EQ(infer("metric.name == \"x\" and datapoint.value_int == 4", otlp::Signal::metrics), "datapoint");
  EXPECT_EQ(infer("HasAttrKeyOnDatapoint(\"x\")", otlp::Signal::metrics), "metric");
  EXPECT_EQ(infer("IsMatch(log.body, \"x\")", otlp::Signal::logs), "log");
  EXPECT_NE(infer("name == \"x\"", otlp::Signal::logs).find("begin paths with it"), std::string::npos);
  EXPECT_NE(infer("span.name == \"x\"", otlp::Signal::logs).find("does not occur in logs"), std::string::npos);
}

TEST(AnyOf, TreatsErrorsByItsMode) {
  Telemetry telemetry;
  Item item = telemetry.item(Context::span);
  auto matches = [&](ErrorMode mode, std::vector<std::string> texts) {
    std::vector<Condition> conditions;
    for (const std::string& text : texts) conditions.push_back(Condition::compile(text, Context::span).value());
    return AnyOf(std::move(conditions), mode, Logger()).matches(item);
  };
  std::string failing = "1 / dropped_links_count == 1";
  EXPECT_TRUE(matches(ErrorMode::ignore, {failing, "kind == 2"}).value());
  EXPECT_FALSE(matches(ErrorMode::silent, {failing, "kind == 1"}).value());
  EXPECT_FALSE(matches(ErrorMode::propagate, {failing, "kind == 2"}).is_ok());
  EXPECT_TRUE(matches(ErrorMode::propagate, {"kind == 2", failing}).value());
}

}  // namespace

}  // namespace vigia::ottl
