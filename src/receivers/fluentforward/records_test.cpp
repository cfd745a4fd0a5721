// Scenario: messages of all carriers and entries of all shapes, as Fluentd, Fluent Bit and their libraries send them, and others.
// Guarantee: the log records say what the reference Collector's say; what is no record is told apart from what is, and left out alone;
// the door lets everything in that is made here.

#include "receivers/fluentforward/records.h"

#include <gtest/gtest.h>

#include "otlp/json_write.h"
#include "otlp/request_writer.h"
#include "otlp/validate.h"
#include "receivers/fluentforward/test_forward.h"

namespace vigia::receivers {
namespace {

using namespace test;
using namespace std::string_literals;
using Step = RecordWalk::Step;

constexpr size_t limit_bytes = 1 << 20;

struct Read {
  std::string json;  // The list of log records.
  size_t records = 0, invalid = 0, markers = 0, repaired = 0;
};

Read read(const std::string& bytes) {
  MemoryLedger ledger;
  Result<ForwardMessage> message = open_forward_message(bytes, limit_bytes, ledger);
  EXPECT_TRUE(message.is_ok()) << message.status().to_string();
  if (!message.is_ok()) return {};
  otlp::RequestWriter writer(ledger);
  writer.open_resource({});
  writer.open_scope({});
  RecordWalk walk(*message);
  Read read;
  for (;;) {
    Step step = walk.write_next(writer.out());
    if (step == Step::end) break;
    read.records += step == Step::written;
    read.invalid += step == Step::invalid;
    read.markers += step == Step::marker;
  }
  read.repaired = walk.repaired_strings();
  Slice request = writer.take();
  auto checked = otlp::validate(otlp::Signal::logs, request, ledger);
  EXPECT_TRUE(checked.is_ok()) << checked.status().to_string();
  EXPECT_EQ(checked.is_ok() ? checked->item_count : 0, read.records);
  EXPECT_EQ(checked.is_ok() ? checked->repaired_strings : 0, 0U);
  Appender json(ledger);
  otlp::write_json(otlp::Signal::logs, request.view(), json);
  std::string_view all = json.view();
  size_t begin = all.find("\"logRecords\":[");
  read.json = begin == std::string_view::npos ? "" : std::string(all.substr(begin + 13, all.rfind("]}]}]}") + 1 - begin - 13));
  return read;
}

const std::string tagged = R"("attributes":[{"key":"fluent.tag","value":{"stringValue":"app.web"}})";

TEST(ForwardRecords, EveryCarrierCarriesTheSame) {
  std::string expected = R"([{"timeUnixNano":"1700000000000000000","body":{"stringValue":"hello"},)" + tagged + "]}]";
  std::string time = integer(1'700'000'000);
  std::string one = entry(1'700'000'000, "hello");
  EXPECT_EQ(read(message_mode("app.web", time, log_line("hello"))).json, expected);
  EXPECT_EQ(read(message_mode("app.web", time, log_line("hello"), {{"chunk", text("c")}})).json, expected);
  EXPECT_EQ(read(forward_mode("app.web", {one})).json, expected);
  EXPECT_EQ(read(packed_mode("app.web", one)).json, expected);
  EXPECT_EQ(read(list({text("app.web"), text(one)})).json, expected) << "packed in a string";
  EXPECT_EQ(read(list({binary("app.web"), binary(one), "\xc0"s})).json, expected) << "no options";
  for (auto [compression, name] : {std::pair{Compression::gzip, "gzip"}, {Compression::zstd, "zstd"}})
    EXPECT_EQ(read(packed_mode("app.web", compressed(compression, one), {{"compressed", text(name)}})).json, expected);
  EXPECT_EQ(read(packed_mode("app.web", one, {{"compressed", text("text")}, {"size", integer(1)}})).json, expected);
  std::string members = compressed(Compression::gzip, one) + compressed(Compression::gzip, one);
  EXPECT_EQ(read(packed_mode("app.web", members, {{"compressed", text("gzip")}})).records, 2U);
}

TEST(ForwardRecords, Times) {
  struct Case {
    std::string time, expected;
  };
  const std::vector<Case> cases = {
      {integer(1), R"("timeUnixNano":"1000000000",)"},
      {event_time(1'700'000'000, 123'456'789), R"("timeUnixNano":"1700000000123456789",)"},
      {"\xc7\x08\x00"s + event_time(2, 3).substr(2), R"("timeUnixNano":"2000000003",)"},
      {"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s, R"("timeUnixNano":"1500000000",)"},
      {"\xd6\xff\x00\x00\x00\x05"s, R"("timeUnixNano":"5000000000",)"},
      {"\xd7\xff\x00\x00\x00\x04\x00\x00\x00\x05"s, R"("timeUnixNano":"5000000001",)"},
      {"\xc7\x0c\xff\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x05"s, R"("timeUnixNano":"5000000007",)"},
      {"\xff"s, ""},
      {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s, ""},
      {"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"s, ""},
  };
  for (const Case& one : cases)
    EXPECT_EQ(read(message_mode("app.web", one.time, log_line("x"))).json,
              "[{" + one.expected + R"("body":{"stringValue":"x"},)" + tagged + "]}]");
}

TEST(ForwardRecords, ValuesOfEveryKind) {
  std::string deep = map({{"a", list({text("x"), "\x07"s, map({})})}});
  Pairs pairs = {{"text", text("t")},
                 {"binary", binary("b")},
                 {"minus", "\xff"s},
                 {"large", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s},
                 {"float", "\xca\x3f\x00\x00\x00"s},
                 {"yes", "\xc3"s},
                 {"nil", "\xc0"s},
                 {"deep", deep},
                 {"time", event_time(1, 5)},
                 {"ext",
                  "\xd5\x05"
                  "ab"s}};
  std::string expected =
      R"([{"timeUnixNano":"1000000000","body":{},)" + tagged +
      R"(,{"key":"text","value":{"stringValue":"t"}},{"key":"binary","value":{"stringValue":"b"}})"
      R"(,{"key":"minus","value":{"intValue":"-1"}},{"key":"large","value":{"stringValue":"18446744073709551615"}})"
      R"(,{"key":"float","value":{"doubleValue":0.5}},{"key":"yes","value":{"boolValue":true}},{"key":"nil","value":{}})"
      R"(,{"key":"deep","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[)"
      R"({"stringValue":"x"},{"intValue":"7"},{"kvlistValue":{}}]}}}]}}})"
      R"(,{"key":"time","value":{"stringValue":"1970-01-01T00:00:01.000000005Z"}},{"key":"ext","value":{"bytesValue":"YWI="}}]}])";
  EXPECT_EQ(read(message_mode("app.web", integer(1), map(pairs))).json, expected);
}

TEST(ForwardRecords, TheBodyIsTheLaterOfLogAndMessage) {
  auto body = [](const Pairs& pairs) { return read(message_mode("app.web", integer(1), map(pairs))).json; };
  auto expected = [](const std::string& value) { return R"([{"timeUnixNano":"1000000000",)" + value + tagged + "]}]"; };
  EXPECT_EQ(body({{"log", text("a")}, {"message", text("b")}}), expected(R"("body":{"stringValue":"b"},)"));
  EXPECT_EQ(body({{"message", text("b")}, {"log", "\x05"s}}), expected(R"("body":{"intValue":"5"},)"));
  EXPECT_EQ(body({{"message", map({{"k", text("v")}})}}),
            expected(R"("body":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}},)"));
  EXPECT_EQ(body({{"log", "\xc0"s}}), expected(R"("body":{},)"));
  EXPECT_EQ(body({}), expected(R"("body":{},)"));
  EXPECT_EQ(body({{"fluent.tag", text("not this one")}}), expected(R"("body":{},)")) << "the message's tag is the record's";
}

TEST(ForwardRecords, MetadataOfFluentBit) {
  std::string id = "0123456789abcdef";
  std::string otlp = map({{"severity_number", "\x09"s},
                          {"severity_text", text("INFO")},
                          {"trace_id", binary(id)},
                          {"span_id", text("0011223344556677")},
                          {"trace_flags", "\x01"s},
                          {"observed_timestamp", "\x2a"s},
                          {"attributes", map({{"a", text("b")}})},
                          {"severity_number", "\x0a"s},
                          {"else", list({text("x")})}});
  std::string time = list({event_time(1, 0), map({{"otlp", otlp}, {"stream", text("err")}})});
  std::string expected =
      R"([{"timeUnixNano":"1000000000","observedTimeUnixNano":"42","severityNumber":10,"severityText":"INFO","body":{"stringValue":"x"},)" +
      tagged +
      R"(,{"key":"a","value":{"stringValue":"b"}},{"key":"fluent.metadata.stream","value":{"stringValue":"err"}}],)"
      R"("flags":1,"traceId":"30313233343536373839616263646566","spanId":"0011223344556677"}])";
  EXPECT_EQ(read(forward_mode("app.web", {list({time, log_line("x")})})).json, expected);
  EXPECT_EQ(read(message_mode("app.web", time, log_line("x"))).json, expected) << "alone, too";
}

TEST(ForwardRecords, MarkersOfGroupsAreNoRecords) {
  std::string begin = list({list({event_time(UINT32_MAX, 0), map({})}), map({{"resource", map({})}})});
  std::string end = list({list({event_time(UINT32_MAX - 1, 0), map({})}), map({})});
  Read groups = read(packed_mode("t", begin + entry(1, "a") + end));
  EXPECT_EQ(groups.records, 1U);
  EXPECT_EQ(groups.markers, 2U);
  EXPECT_EQ(groups.invalid, 0U);
}

TEST(ForwardRecords, WhatIsNoRecordIsLeftOutAlone) {
  std::string nested = log_line("x");
  for (int i = 0; i < 40; i++) nested = map({{"n", nested}});
  for (const std::string& bad :
       {text("no entry"), list({integer(1)}), list({text("soon"), log_line("x")}), list({integer(1), text("no map")}),
        list({integer(1), nested}), list({integer(1), "\x81\x01\x02"s}), list({integer(1), map({{"in", "\x81\xc0\x02"s}})}),
        list({list({integer(1), text("no map")}), log_line("x")}),
        list({"\xd5\x07"
              "ab"s,
              log_line("x")})}) {
    Read read_all = read(packed_mode("t", entry(1, "a") + bad + entry(2, "b")));
    EXPECT_EQ(read_all.records, 2U) << bad;
    EXPECT_EQ(read_all.invalid, 1U) << bad;
    EXPECT_NE(read_all.json.find("\"a\""), std::string::npos);
    EXPECT_NE(read_all.json.find("\"b\""), std::string::npos);
  }
}

TEST(ForwardRecords, TextThatIsNotUtf8IsRepaired) {
  Read repaired = read(message_mode("app\xff", integer(1), map({{"k\xfe", text("v\xfd")}, {"log", text("\xfc")}})));
  EXPECT_EQ(repaired.repaired, 4U);
  EXPECT_EQ(repaired.json,
            "[{\"timeUnixNano\":\"1000000000\",\"body\":{\"stringValue\":\"\uFFFD\"},\"attributes\":[{\"key\":\"fluent.tag\","
            "\"value\":{\"stringValue\":\"app\uFFFD\"}},{\"key\":\"k\uFFFD\",\"value\":{\"stringValue\":\"v\uFFFD\"}}]}]");
}

TEST(ForwardMessage, WhatCannotBeReadSaysWhy) {
  MemoryLedger ledger;
  auto error = [&](const std::string& bytes) {
    Result<ForwardMessage> message = open_forward_message(bytes, limit_bytes, ledger);
    return message.is_ok() ? std::string("OK") : message.status().to_string();
  };
  auto says = [&](const std::string& bytes, const std::string& why) {
    EXPECT_NE(error(bytes).find(why), std::string::npos) << error(bytes);
  };
  says("\x2a"s, "not an array of a tag");
  says(list({text("t")}), "not an array of a tag");
  says(list({"\x01"s, integer(1), map({})}), "its tag is not a text");
  says(list({text("t"), integer(1)}), "its record is missing");
  says(list({text("t"), list({}), map({}), map({})}), "4 elements");
  says(list({text("t"), list({}), text("no")}), "its options are not a map");
  says(list({text("t"), list({}), "\x81\x01\x02"s}), "the name of an option is not a text");
  says(packed_mode("t", entry(1, "a") + "\x92"), "damaged or cut short");
  says(packed_mode("t", "x", {{"compressed", text("lz4")}}), "compression \"lz4\" is not known");
  says(packed_mode("t", "not gzip", {{"compressed", text("gzip")}}), "damaged");
  std::string bomb = compressed(Compression::gzip, std::string(limit_bytes + 1, '\xc0'));
  says(packed_mode("t", bomb, {{"compressed", text("gzip")}}), "larger than 1048576 bytes once decompressed");
  says(packed_mode("t", entry(1, "a"), {{"fluent_signal", "\x01"s}}), "metrics or traces");
  EXPECT_EQ(error(packed_mode("t", entry(1, "a"), {{"fluent_signal", std::string(1, '\0')}})), "OK");
  EXPECT_EQ(error(forward_mode("t", {})), "OK");
  EXPECT_EQ(ledger.held_bytes(), 0);
}

}  // namespace
}  // namespace vigia::receivers
