// Scenario: OTLP/JSON requests of honest, odd and hostile senders.
// Guarantee: each rule of the OTLP specification's JSON mapping holds, and what is refused is refused with the place and with
// what was expected there.

#include "otlp/json_read.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/hash.h"
#include "otlp/json_write.h"
#include "otlp/validate.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

// What we read, as we write it: the canonical form of the request.
std::string canonical(Signal signal, std::string_view json) {
  MemoryLedger ledger;
  std::string text;
  {
    Result<JsonRequest> result = read_json(signal, json, ledger);
    if (!result) return result.status().message();
    Result<Checked> checked = validate(signal, result->request, ledger);
    if (!checked) return "the door refuses it: " + checked.status().message();
    if (checked->repaired_strings > 0) return "the door repairs it";
    Appender out(ledger);
    write_json(signal, result->request.view(), out);
    text = out.view();
  }
  EXPECT_EQ(ledger.held_bytes(), 0);
  return text;
}

std::string with_span(std::string_view fields) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{)" + std::string(fields) + "}]}]}]}";
}
std::string with_point(std::string_view metric) {
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{)" + std::string(metric) + "}]}]}]}";
}
std::string with_value(std::string_view value) { return with_span(R"("attributes":[{"key":"k","value":)" + std::string(value) + "}]"); }

// The canonical span of a request, or the error.
std::string span(std::string_view fields) {
  std::string text = canonical(Signal::traces, with_span(fields));
  static const std::string before = R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{)";
  static const std::string after = R"("status":{}}]}]}]})";
  if (!text.starts_with(before) || !text.ends_with(after)) return text;
  text = text.substr(before.size(), text.size() - before.size() - after.size());
  if (text.ends_with(',')) text.pop_back();
  return text;
}

std::string value(std::string_view json) {
  std::string text = span(R"("attributes":[{"key":"k","value":)" + std::string(json) + "}]");
  static const std::string before = R"("attributes":[{"key":"k","value":)";
  if (!text.starts_with(before) || !text.ends_with("}]")) return text;
  return text.substr(before.size(), text.size() - before.size() - 2);
}

const std::string span_path = "resourceSpans[0].scopeSpans[0].spans[0]";
const std::string value_path = span_path + ".attributes[0].value";

}  // namespace

TEST(JsonRead, EmptyRequests) {
  EXPECT_EQ(canonical(Signal::traces, "{}"), "{}");
  EXPECT_EQ(canonical(Signal::metrics, R"( { "resourceMetrics" : [ ] } )"), "{}");
  EXPECT_EQ(canonical(Signal::logs, R"({"resourceLogs":null})"), "{}");
  EXPECT_EQ(canonical(Signal::logs, R"({"resourceSpans":[{}]})"), "{}") << "another signal's field is unknown here";
  EXPECT_EQ(canonical(Signal::traces, "\xEF\xBB\xBF{}"), "{}") << "a byte order mark is passed over";
}

TEST(JsonRead, IdsAreHexadecimalInAnyCase) {
  EXPECT_EQ(span(R"("traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eEe19b7Ec3c1B174","parentSpanId":"EEE19B7EC3C1B173")"),
            R"("traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173")");
  EXPECT_EQ(span(R"("traceId":"","spanId":null)"), "");
  EXPECT_EQ(span(R"("traceId":"5b8e")"), span_path + ".traceId: expected 32 hexadecimal digits");
  EXPECT_EQ(span(R"("traceId":"5b8efff798038103d269b633813fc6zz")"), span_path + ".traceId: expected 32 hexadecimal digits");
  EXPECT_EQ(span(R"("spanId":"W47/95gDgQM=")"), span_path + ".spanId: expected 16 hexadecimal digits");
  EXPECT_EQ(span(R"("spanId":17)"), span_path + ".spanId: expected 16 hexadecimal digits");
}

TEST(JsonRead, NamesInBothSpellings) {
  EXPECT_EQ(canonical(Signal::traces, R"({"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"5b8efff798038103d269b633813fc60c",
      "start_time_unix_nano":"5","dropped_attributes_count":3}],"schema_url":"u"}]}]})"),
            R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",)"
            R"("startTimeUnixNano":"5","droppedAttributesCount":3,"status":{}}],"schemaUrl":"u"}]}]})");
  EXPECT_EQ(span(R"("trace\u0053tate":"escaped name")"), R"("traceState":"escaped name")");
}

TEST(JsonRead, IntegersAsStringsAndNumbers) {
  EXPECT_EQ(value(R"({"intValue":"-42"})"), R"({"intValue":"-42"})");
  EXPECT_EQ(value(R"({"intValue":-42})"), R"({"intValue":"-42"})");
  EXPECT_EQ(value(R"({"intValue":1e3})"), R"({"intValue":"1000"})");
  EXPECT_EQ(value(R"({"intValue":"1.50e1"})"), R"({"intValue":"15"})");
  EXPECT_EQ(value(R"({"intValue":9223372036854775807})"), R"({"intValue":"9223372036854775807"})");
  EXPECT_EQ(value(R"({"intValue":0})"), R"({"intValue":"0"})") << "a value that is zero is not an absent one";
  std::string expected = value_path + ".intValue: expected an integer of 64 bits, as a number or a string";
  for (std::string_view bad : {"1.5", "\"\"", "\"x\"", "9223372036854775808", "true", "{}", "[]", "01", "\"1 \"", "1x"})
    EXPECT_EQ(value(R"({"intValue":)" + std::string(bad) + "}"), expected) << bad;
  EXPECT_EQ(span(R"("startTimeUnixNano":1544712660000000000,"endTimeUnixNano":"1544712661000000000")"),
            R"("startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000")");
  EXPECT_EQ(span(R"("startTimeUnixNano":-1)"),
            span_path + ".startTimeUnixNano: expected an unsigned integer of 64 bits, as a number or a string");
  EXPECT_EQ(span(R"("flags":4294967295)"), R"("flags":4294967295)");
  EXPECT_EQ(span(R"("flags":4294967296)"), span_path + ".flags: expected an unsigned integer of 32 bits");
}

TEST(JsonRead, EnumsAsNumbersAndNames) {
  EXPECT_EQ(span(R"("kind":2)"), R"("kind":2)");
  EXPECT_EQ(span(R"("kind":"SPAN_KIND_CLIENT")"), R"("kind":3)");
  EXPECT_EQ(span(R"("kind":77)"), R"("kind":77)") << "kinds of the future pass";
  EXPECT_EQ(span(R"("kind":-1)"), R"("kind":-1)");
  EXPECT_EQ(span(R"("kind":"SPAN_KIND_NONSENSE")"), span_path + ".kind: expected the number or the name of a value");
  EXPECT_EQ(canonical(Signal::logs, R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"SEVERITY_NUMBER_WARN3"}]}]}]})"),
            R"({"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"severityNumber":15,"body":{}}]}]}]})");
}

TEST(JsonRead, Doubles) {
  EXPECT_EQ(value(R"({"doubleValue":"NaN"})"), R"({"doubleValue":"NaN"})");
  EXPECT_EQ(value(R"({"doubleValue":"Infinity"})"), R"({"doubleValue":"Infinity"})");
  EXPECT_EQ(value(R"({"doubleValue":"-Infinity"})"), R"({"doubleValue":"-Infinity"})");
  EXPECT_EQ(value(R"({"doubleValue":-1.25e2})"), R"({"doubleValue":-125})");
  EXPECT_EQ(value(R"({"doubleValue":"0.5"})"), R"({"doubleValue":0.5})");
  EXPECT_EQ(value(R"({"doubleValue":0})"), R"({"doubleValue":0})");
  for (std::string_view bad : {"1e999", "\"\"", "\"inf\"", "\"nan\"", "true", "1.", "NaN", "-", "{}"})
    EXPECT_FALSE(value(R"({"doubleValue":)" + std::string(bad) + "}").starts_with('{')) << bad;
}

TEST(JsonRead, OtherValues) {
  EXPECT_EQ(value(R"({"boolValue":true})"), R"({"boolValue":true})");
  EXPECT_EQ(value(R"({"boolValue":false})"), R"({"boolValue":false})");
  EXPECT_EQ(value(R"({"boolValue":"true"})"), value_path + ".boolValue: expected true or false");
  EXPECT_EQ(value(R"({"stringValue":""})"), R"({"stringValue":""})");
  EXPECT_EQ(value(R"({"stringValue":"a\u00e9\n\"\ud83d\ude80\/"})"), R"({"stringValue":"aé\n\"🚀/"})");
  EXPECT_EQ(value(R"({"stringValue":5})"), value_path + ".stringValue: expected a string");
  EXPECT_EQ(value(R"({"bytesValue":"AQID/w=="})"), R"({"bytesValue":"AQID/w=="})");
  EXPECT_EQ(value(R"({"bytesValue":"AQID\/w"})"), R"({"bytesValue":"AQID/w=="})") << "PHP escapes slashes; padding may be missing";
  EXPECT_EQ(value(R"({"bytesValue":"AQID_w"})"), R"({"bytesValue":"AQID/w=="})") << "the alphabet for URLs";
  EXPECT_EQ(value(R"({"bytesValue":"?"})"), value_path + ".bytesValue: expected a string in base64");
  EXPECT_EQ(value(R"({"arrayValue":{"values":[{"intValue":1},{},null,{"kvlistValue":{"values":[{"key":"a"}]}}]}})"),
            R"({"arrayValue":{"values":[{"intValue":"1"},{},{},{"kvlistValue":{"values":[{"key":"a","value":{}}]}}]}})");
  EXPECT_EQ(value(R"({"arrayValue":{}})"), R"({"arrayValue":{}})");
  EXPECT_EQ(value(R"({"arrayValue":[]})"), value_path + ".arrayValue: expected an object");
}

TEST(JsonRead, NullIsAbsent) {
  EXPECT_EQ(span(R"("name":null,"attributes":null,"kind":null,"startTimeUnixNano":null,"status":null,"flags":7)"), R"("flags":7)");
  EXPECT_EQ(value(R"({"stringValue":"x","intValue":null})"), R"({"stringValue":"x"})") << "null does not take part in a choice";
  EXPECT_EQ(span(R"("name":nul)"), span_path + ".name: expected a string");
}

TEST(JsonRead, UnknownFieldsArePassedOver) {
  EXPECT_EQ(span(R"("before":{"a":[1,{"traceId":5}],"b":"}]"},"name":"n","after":[[],{}],"naMe":1,"Name":2)"), R"("name":"n")");
}

TEST(JsonRead, GivenTwiceIsRefused) {
  EXPECT_EQ(span(R"("name":"a","name":"b")"), span_path + ".name: given twice");
  EXPECT_EQ(span(R"("traceId":"","trace_id":"")"), span_path + ".traceId: given twice");
  EXPECT_EQ(value(R"({"stringValue":"x","intValue":1})"), value_path + ".intValue: given twice, or together with another of its choice");
  EXPECT_EQ(span(R"("attributes":[{"key":"a"}],"attributes":[{"key":"b"}])"),
            R"("attributes":[{"key":"a","value":{}},{"key":"b","value":{}}])")
      << "lists are joined, as protobuf joins them";
}

TEST(JsonRead, NumbersOfAllPoints) {
  EXPECT_EQ(
      canonical(Signal::metrics, with_point(R"("histogram":{"aggregationTemporality":2,"dataPoints":[{"count":"3","sum":0,
      "bucketCounts":["1",2,"0"],"explicitBounds":[0.5,"1e3"],"min":-1.5,"flags":1}]})")),
      R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"histogram":{"dataPoints":[{"count":"3",)"
      R"("sum":0,"bucketCounts":["1","2","0"],"explicitBounds":[0.5,1000],"flags":1,"min":-1.5}],"aggregationTemporality":2}}]}]}]})");
  EXPECT_EQ(
      canonical(Signal::metrics, with_point(R"("exponentialHistogram":{"dataPoints":[{"scale":-3,"zeroCount":"7",
      "positive":{"offset":-2147483648,"bucketCounts":["300",0]},"zeroThreshold":0.25}]})")),
      R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"exponentialHistogram":{"dataPoints":[{"scale":-3,)"
      R"("zeroCount":"7","positive":{"offset":-2147483648,"bucketCounts":["300","0"]},"negative":{},"zeroThreshold":0.25}]}}]}]}]})");
  EXPECT_EQ(canonical(Signal::metrics, with_point(R"("gauge":{"dataPoints":[{"asInt":"-5"},{"asDouble":0},{"asInt":0}]})")),
            R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"gauge":{"dataPoints":[{"asInt":"-5"},)"
            R"({"asDouble":0},{"asInt":"0"}]}}]}]}]})");
  EXPECT_EQ(canonical(Signal::metrics, with_point(R"("histogram":{"dataPoints":[{},{"bucketCounts":[1,null]}]})")),
            "resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints[1].bucketCounts[1]: "
            "expected an unsigned integer of 64 bits, as a number or a string");
  EXPECT_EQ(canonical(Signal::metrics, with_point(R"("histogram":{"dataPoints":[{"bucketCounts":[],"explicitBounds":[]}]})")),
            R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"histogram":{"dataPoints":[{}]}}]}]}]})");
}

TEST(JsonRead, ErrorsNameThePlace) {
  EXPECT_EQ(canonical(Signal::traces, R"({"resourceSpans":[{"scopeSpans":[{},{},{"spans":[{},{"events":[{"name":7}]}]}]}]})"),
            "resourceSpans[0].scopeSpans[2].spans[1].events[0].name: expected a string");
  EXPECT_EQ(canonical(Signal::traces, R"({"resourceSpans":{}})"), "resourceSpans: expected an array");
  EXPECT_EQ(canonical(Signal::traces, R"({"resourceSpans":[5]})"), "resourceSpans[0]: expected an object");
  EXPECT_EQ(canonical(Signal::traces, "[]"), "the document: expected an object");
  EXPECT_EQ(canonical(Signal::traces, "7"), "the document: expected an object");
  EXPECT_EQ(canonical(Signal::traces, "{} {}"), "the document: expected nothing behind the object");
}

TEST(JsonRead, BrokenJsonIsRefused) {
  const std::string whole = with_value(R"({"stringValue":"x","unknown":[1,2,{"a":"b"}]})");
  ASSERT_TRUE(canonical(Signal::traces, whole).starts_with('{'));
  MemoryLedger ledger;
  for (size_t size = 0; size < whole.size(); size++) {
    Result<JsonRequest> result = read_json(Signal::traces, std::string_view(whole).substr(0, size), ledger);
    ASSERT_FALSE(result.is_ok()) << size;
    EXPECT_EQ(result.status().code(), StatusCode::invalid_argument);
  }
  for (std::string_view text :
       {"", " ", "{\"a\"}", "{\"resourceSpans\" []}", "{\"resourceSpans\":[}]", "{\"resourceSpans\":[{},]}", "{\"resourceSpans\":[{}{}]}",
        "{,}", "{\"resourceSpans\":[{\"schemaUrl\":\"a\nb\"}]}", "{'resourceSpans':[]}", "{\"resourceSpans\":[]}}",
        "{\"resourceSpans\":[{\"schemaUrl\":\"a\"x}]}", "{\"\\ud800\":1}", "\0"})
    EXPECT_FALSE(read_json(Signal::traces, text, ledger).is_ok()) << text;
}

TEST(JsonRead, TextThatIsNotUtf8IsRepairedAndCounted) {
  MemoryLedger ledger;
  Result<JsonRequest> result = read_json(Signal::traces, with_value("{\"stringValue\":\"a\xFF\xC3(\\ud83d)\xEF\xBF\xBD\"}"), ledger);
  ASSERT_TRUE(result.is_ok());
  EXPECT_EQ(result->repaired_count, 3u);
  Appender out(ledger);
  write_json(Signal::traces, result->request.view(), out);
  EXPECT_NE(out.view().find("\"a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD)\xEF\xBF\xBD\""), std::string_view::npos);
}

TEST(JsonRead, NestingHasALimit) {
  auto nested = [](int levels, bool in_maps) {
    std::string before = in_maps ? R"({"kvlistValue":{"values":[{"key":"k","value":)" : R"({"arrayValue":{"values":[)";
    std::string after = in_maps ? "}]}}" : "]}}";
    std::string opened;
    std::string closed;
    for (int i = 1; i < levels; i++) {
      opened += before;
      closed += after;
    }
    return opened + R"({"stringValue":"deep"})" + closed;
  };
  for (bool in_maps : {false, true}) {
    EXPECT_EQ(value(nested(max_value_levels, in_maps)), nested(max_value_levels, in_maps));
    EXPECT_NE(value(nested(max_value_levels + 1, in_maps)).find("values nest deeper than 31 levels"), std::string::npos);
    EXPECT_NE(value(nested(100'000, in_maps)).find("values nest deeper than 31 levels"), std::string::npos);
  }
  std::string unknown = R"({"resourceSpans":[],"x":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  EXPECT_EQ(canonical(Signal::traces, unknown), "{}") << "what is passed over needs no stack";
  EXPECT_FALSE(canonical(Signal::traces, std::string(1'000'000, '{')).starts_with('{'));
}

TEST(JsonRead, HostileNestingAroundLongTextIsNotCopiedOnceALevel) {
  std::string text = R"({"stringValue":")" + std::string(4'000'000, 'x') + "\"}";
  for (int i = 1; i < max_value_levels; i++) text = R"({"arrayValue":{"values":[)" + text + "]}}";
  std::string result = value(text);
  EXPECT_EQ(hash64(result), hash64(text));
}

}  // namespace vigia::otlp
