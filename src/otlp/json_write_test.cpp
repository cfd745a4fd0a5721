// Scenario: requests in wire form, as senders may lay them out.
// Guarantee: the JSON is the Collector's, whatever the order and the partition of the fields on the wire.

#include "otlp/json_write.h"

#include <gtest/gtest.h>

#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

std::string written(Signal signal, std::string_view request) {
  MemoryLedger ledger;
  Appender out(ledger);
  write_json(signal, request, out);
  return std::string(out.view());
}

std::string field(uint32_t number, std::string_view content) {
  std::string out;
  append_bytes_field(out, number, content);
  return out;
}
std::string varint(uint32_t number, uint64_t value) {
  std::string out;
  append_varint_field(out, number, value);
  return out;
}
std::string request_with(std::string_view item) { return field(1, field(2, field(2, item))); }

std::string span(std::string_view fields) {
  std::string text = written(Signal::traces, request_with(fields));
  static const std::string before = R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[)";
  EXPECT_TRUE(text.starts_with(before)) << text;
  return text.substr(before.size(), text.size() - before.size() - 6);
}

}  // namespace

TEST(JsonWrite, FieldsComeInTheCollectorsOrder) {
  EXPECT_EQ(span(field(5, "n") + varint(6, 3) + field(2, "\x01\x02\x03\x04\x05\x06\x07\x08")),
            R"({"spanId":"0102030405060708","name":"n","kind":3,"status":{}})");
  EXPECT_EQ(span(field(15, varint(3, 2) + field(2, "no")) + field(9, field(2, varint(3, static_cast<uint64_t>(-1))) + field(1, "k"))),
            R"({"attributes":[{"key":"k","value":{"intValue":"-1"}}],"status":{"message":"no","code":2}})");
}

TEST(JsonWrite, DefaultsAreLeftOut) {
  EXPECT_EQ(span(field(1, std::string(16, '\0')) + field(2, "") + field(5, "") + varint(6, 0) + varint(10, 0)), R"({"status":{}})");
  EXPECT_EQ(written(Signal::traces, ""), "{}");
  EXPECT_EQ(written(Signal::logs, field(1, "")), R"({"resourceLogs":[{"resource":{}}]})");
  EXPECT_EQ(written(Signal::logs, request_with("")),
            R"({"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"body":{}}]}]}]})");
}

TEST(JsonWrite, ScatteredListsAreJoined) {
  std::string a = field(9, field(1, "a"));
  std::string b = field(9, field(1, "b"));
  EXPECT_EQ(span(a + field(5, "n") + b), R"({"name":"n","attributes":[{"key":"a","value":{}},{"key":"b","value":{}}],"status":{}})");
}

TEST(JsonWrite, TheLastOfAFieldCountsAndMessagesAreMerged) {
  EXPECT_EQ(span(field(5, "old") + field(5, "new")), R"({"name":"new","status":{}})");
  EXPECT_EQ(span(field(15, field(2, "a")) + field(5, "n") + field(15, varint(3, 2))), R"({"name":"n","status":{"message":"a","code":2}})");
  EXPECT_EQ(span(field(9, field(2, field(1, "text") + varint(3, 5)))), R"({"attributes":[{"value":{"intValue":"5"}}],"status":{}})")
      << "of a choice the last one counts";
}

TEST(JsonWrite, UnknownFieldsAreLeftOut) {
  EXPECT_EQ(span(varint(99, 5) + field(5, "n") + field(77, "x") + varint(5, 8)), R"({"name":"n","status":{}})")
      << "also a known number of another type";
}

TEST(JsonWrite, NumbersPackedAndNot) {
  std::string unpacked;
  append_fixed64_field(unpacked, 6, 1);
  std::string packed;
  append_fixed64_field(packed, 6, 2);
  packed = field(6, std::string_view(packed).substr(1));
  std::string histogram = field(1, field(2, field(2, field(9, field(1, unpacked + packed + field(6, "short"))))));
  EXPECT_EQ(written(Signal::metrics, histogram),
            R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"histogram":{"dataPoints":[)"
            R"({"bucketCounts":["1","2"]}]}}]}]}]})");
  // Varints: 300, and one that breaks off.
  std::string buckets = field(1, field(2, field(2, field(10, field(1, field(8, field(2, "\xAC\x02\x80") + varint(1, 3)))))));
  EXPECT_EQ(written(Signal::metrics, buckets),
            R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"exponentialHistogram":{"dataPoints":[)"
            R"({"positive":{"offset":-2,"bucketCounts":["300"]},"negative":{}}]}}]}]}]})");
}

TEST(JsonWrite, ManyRequestsBecomeOneObject) {
  MemoryLedger ledger;
  Chain chain;
  chain.append(Slice::copy_of(field(1, field(3, "a")) + field(1, field(3, "b")), ledger));
  chain.append(Slice::copy_of(varint(50, 1), ledger));
  chain.append(Slice::copy_of(field(1, field(3, "c")), ledger));
  Appender out(ledger);
  out.append("before ");
  write_json(Signal::logs, chain, out);
  EXPECT_EQ(out.view(), R"(before {"resourceLogs":[{"resource":{},"schemaUrl":"a"},{"resource":{},"schemaUrl":"b"},)"
                        R"({"resource":{},"schemaUrl":"c"}]})");
  Appender empty(ledger);
  write_json(Signal::logs, Chain(), empty);
  EXPECT_EQ(empty.view(), "{}");
}

TEST(JsonWrite, BrokenAndBottomlessMessagesEnd) {
  std::string whole = request_with(field(5, "name") + field(9, field(1, "k")));
  for (size_t size = 0; size < whole.size(); size++) EXPECT_TRUE(written(Signal::traces, whole.substr(0, size)).ends_with('}'));
  std::string value = field(1, "deep");
  for (int i = 0; i < 5'000; i++) value = field(5, field(1, value));
  EXPECT_TRUE(span(field(9, field(2, value))).ends_with('}'));
}

}  // namespace vigia::otlp
