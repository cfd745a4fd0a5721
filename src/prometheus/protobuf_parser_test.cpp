// Delimited metric families, made by libprotobuf from text, are read as the samples they stand for.

#include "prometheus/protobuf_parser.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "base/text.h"
#include "otlp/wire.h"
#include "prometheus/test_exposition_oracle.h"

namespace vigia::prometheus {

namespace {

using test::Lines;

// A message or enum a line: its name, then its fields as "label type name number".
constexpr const char* schema = R"(
message Time: optional int64 seconds 1, optional int32 nanos 2
message LabelPair: optional string name 1, optional string value 2
enum MetricType: COUNTER 0, GAUGE 1, SUMMARY 2, UNTYPED 3, HISTOGRAM 4, GAUGE_HISTOGRAM 5, STRANGE 77
message Gauge: optional double value 1
message Exemplar: repeated LabelPair label 1, optional double value 2, optional Time timestamp 3
message Counter: optional double value 1, optional Exemplar exemplar 2, optional Time created_timestamp 3
message Quantile: optional double quantile 1, optional double value 2
message Summary: optional uint64 sample_count 1, optional double sample_sum 2, repeated Quantile quantile 3
message Untyped: optional double value 1
message Bucket: optional uint64 cumulative_count 1, optional double cumulative_count_float 4, optional double upper_bound 2, optional Exemplar exemplar 3
message BucketSpan: optional sint32 offset 1, optional uint32 length 2
message Histogram: optional uint64 sample_count 1, optional double sample_count_float 4, optional double sample_sum 2, repeated Bucket bucket 3, optional Time created_timestamp 15, optional sint32 schema 5, optional double zero_threshold 6, optional uint64 zero_count 7, optional double zero_count_float 8, repeated BucketSpan negative_span 9, repeated sint64 negative_delta 10, repeated double negative_count 11, repeated BucketSpan positive_span 12, repeated sint64 positive_delta 13, repeated double positive_count 14, repeated Exemplar exemplars 16
message Metric: repeated LabelPair label 1, optional Gauge gauge 2, optional Counter counter 3, optional Summary summary 4, optional Untyped untyped 5, optional Histogram histogram 7, optional int64 timestamp_ms 6
message MetricFamily: optional string name 1, optional string help 2, optional MetricType type 3, repeated Metric metric 4, optional string unit 5
)";

google::protobuf::FieldDescriptorProto::Type type_of(const std::string& name) {
  using Field = google::protobuf::FieldDescriptorProto;
  const std::map<std::string, Field::Type> plain = {
      {"string", Field::TYPE_STRING}, {"double", Field::TYPE_DOUBLE}, {"uint64", Field::TYPE_UINT64},
      {"int64", Field::TYPE_INT64},   {"int32", Field::TYPE_INT32},   {"uint32", Field::TYPE_UINT32},
      {"sint32", Field::TYPE_SINT32}, {"sint64", Field::TYPE_SINT64}, {"MetricType", Field::TYPE_ENUM}};
  auto found = plain.find(name);
  return found == plain.end() ? Field::TYPE_MESSAGE : found->second;
}

void add_field(google::protobuf::DescriptorProto& message, const std::vector<std::string_view>& words) {
  using Field = google::protobuf::FieldDescriptorProto;
  Field& field = *message.add_field();
  std::string type(words[1]);
  field.set_label(words[0] == "repeated" ? Field::LABEL_REPEATED : Field::LABEL_OPTIONAL);
  field.set_type(type_of(type));
  if (field.type() == Field::TYPE_MESSAGE || field.type() == Field::TYPE_ENUM) field.set_type_name("." + type);
  field.set_name(std::string(words[2]));
  field.set_number(std::stoi(std::string(words[3])));
  if (field.name() == "positive_delta") field.mutable_options()->set_packed(true);  // senders may do either
}

google::protobuf::FileDescriptorProto read_schema() {
  google::protobuf::FileDescriptorProto file;
  file.set_name("metrics.proto");
  for (std::string_view line : split(schema, '\n')) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::vector<std::string_view> title = split(line.substr(0, colon), ' ');
    bool is_enum = title[0] == "enum";
    auto* message = is_enum ? nullptr : file.add_message_type();
    auto* choice = is_enum ? file.add_enum_type() : nullptr;
    (is_enum ? *choice->mutable_name() : *message->mutable_name()) = std::string(title[1]);
    for (std::string_view entry : split(line.substr(colon + 1), ',')) {
      std::vector<std::string_view> words = split(trim(entry), ' ');
      if (message) add_field(*message, words);
      if (!choice) continue;
      auto* value = choice->add_value();
      value->set_name(std::string(words[0]));
      value->set_number(std::stoi(std::string(words[1])));
    }
  }
  return file;
}

// The message in protobuf's text notation, behind its length.
std::string family(const std::string& text) {
  static google::protobuf::DescriptorPool pool;
  static const bool is_built = pool.BuildFile(read_schema()) != nullptr;
  CHECK(is_built);
  google::protobuf::DynamicMessageFactory factory(&pool);
  std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(pool.FindMessageTypeByName("MetricFamily"))->New());
  CHECK(google::protobuf::TextFormat::ParseFromString(text, message.get()));
  std::string bytes = message->SerializeAsString();
  std::string delimited;
  otlp::append_varint(delimited, bytes.size());
  return delimited + bytes;
}

Lines read(const std::string& body, const ParserOptions& options = {}) {
  ProtobufParser parser(body, options);
  return test::read_all(parser);
}

TEST(ProtobufParser, PlainMetrics) {
  std::string body = family(R"(name: "a_total" help: "h" type: COUNTER unit: "seconds"
      metric { label { name: "b" value: "c" } counter { value: 2 exemplar { label { name: "trace_id" value: "ab" } value: 1 timestamp { seconds: 3 nanos: 4000000 } } } }
      metric { label { name: "b" value: "d" } counter { value: 3 } timestamp_ms: 1700 })") +
                     family(R"(name: "g" type: GAUGE metric { gauge { value: 1.5 } })") +
                     family(R"(name: "u" type: UNTYPED metric { untyped { value: 7 } })") + family(R"(name: "none" type: GAUGE)");
  EXPECT_EQ(read(body),
            (Lines{"help a_total|h", "type a_total|counter", "unit a_total|seconds",
                   "sample {__name__=\"a_total\", b=\"c\"}|2.000000 #trace_id=ab,1.000000@3004",
                   "sample {__name__=\"a_total\", b=\"d\"}|3.000000@1700", "help g|", "type g|gauge", "sample {__name__=\"g\"}|1.500000",
                   "help u|", "type u|unknown", "sample {__name__=\"u\"}|7.000000", "end"}));
}

TEST(ProtobufParser, SummariesAndClassicHistograms) {
  std::string body = family(R"(name: "s" type: SUMMARY metric { label { name: "x" value: "y" }
      summary { sample_count: 4 sample_sum: 2.5 quantile { quantile: 0.5 value: 1 } quantile { quantile: 0.99 value: 2 } } })") +
                     family(R"(name: "h" type: HISTOGRAM metric { histogram { sample_count: 3 sample_sum: 2
      bucket { cumulative_count: 1 upper_bound: 0.5 exemplar { value: 0.25 } } bucket { cumulative_count: 2 upper_bound: 1 } } })");
  EXPECT_EQ(read(body),
            (Lines{"help s|", "type s|summary", "sample {__name__=\"s_count\", x=\"y\"}|4.000000",
                   "sample {__name__=\"s_sum\", x=\"y\"}|2.500000", "sample {__name__=\"s\", x=\"y\", quantile=\"0.5\"}|1.000000",
                   "sample {__name__=\"s\", x=\"y\", quantile=\"0.99\"}|2.000000", "help h|", "type h|histogram",
                   "sample {__name__=\"h_count\"}|3.000000", "sample {__name__=\"h_sum\"}|2.000000",
                   "sample {__name__=\"h_bucket\", le=\"0.5\"}|1.000000 #0.250000", "sample {__name__=\"h_bucket\", le=\"1.0\"}|2.000000",
                   "sample {__name__=\"h_bucket\", le=\"+Inf\"}|3.000000", "end"}));
}

const std::string native =
    family(R"(name: "n" type: HISTOGRAM metric { histogram { sample_count: 10 sample_sum: 5 schema: 2 zero_threshold: 0.001 zero_count: 1
    positive_span { offset: -1 length: 2 } positive_span { offset: 3 length: 1 } positive_delta: 2 positive_delta: 1 positive_delta: -2
    negative_span { offset: 4 length: 1 } negative_delta: 3
    bucket { cumulative_count: 4 upper_bound: 1 exemplar { value: 0.5 timestamp { seconds: 9 } } }
    created_timestamp { seconds: 1700000000 } } })");

TEST(ProtobufParser, NativeHistograms) {
  ProtobufParser parser(native, {true, false});
  while (parser.next() != ExpositionParser::Event::histogram) {
  }
  const NativeHistogram& histogram = parser.histogram();
  EXPECT_EQ(histogram.schema, 2);
  EXPECT_EQ(histogram.count, 10U);
  EXPECT_EQ(histogram.zero_count, 1U);
  EXPECT_EQ(histogram.positive.counts, (std::vector<uint64_t>{2, 3, 1}));
  EXPECT_EQ(histogram.positive.spans[0].offset, -1);
  EXPECT_EQ(histogram.positive.spans[1].offset, 3);
  EXPECT_EQ(histogram.negative.counts, (std::vector<uint64_t>{3}));
  EXPECT_EQ(parser.created_ms(), 1'700'000'000'000);
  ASSERT_EQ(parser.exemplars().size(), 1U);
  EXPECT_EQ(parser.exemplars()[0].timestamp_ms, 9000);
  EXPECT_EQ(parser.next(), ExpositionParser::Event::end);
}

TEST(ProtobufParser, ANativeHistogramIsClassicWhereAskedFor) {
  // Help and type, the samples, and the end.
  EXPECT_EQ(read(native, {false, false}).size(), 2U + 4U + 1U);  // count, sum, two buckets
  EXPECT_EQ(read(native, {true, true}).size(), 2U + 4U + 1U + 1U);
  EXPECT_EQ(read(native, {true, false}).size(), 2U + 1U + 1U);
}

TEST(ProtobufParser, SeriesAreToldApartAndKnownAgain) {
  std::string body = family(R"(name: "h" type: HISTOGRAM metric { label { name: "a" value: "b" } histogram { sample_count: 3 sample_sum: 2
      bucket { cumulative_count: 1 upper_bound: 0.5 } bucket { cumulative_count: 2 upper_bound: 1 } } } metric { histogram { sample_count: 1 } })");
  auto identities = [&] {
    ProtobufParser parser(body, {});
    std::vector<std::string> all;
    for (auto event = parser.next(); event != ExpositionParser::Event::end; event = parser.next())
      if (event == ExpositionParser::Event::sample) all.emplace_back(parser.identity());
    return all;
  };
  std::vector<std::string> first = identities();
  EXPECT_EQ(first, identities());
  std::sort(first.begin(), first.end());
  EXPECT_EQ(std::adjacent_find(first.begin(), first.end()), first.end());
  EXPECT_EQ(first.size(), 5U + 3U);
}

TEST(ProtobufParser, WhatIsBrokenIsRefused) {
  std::string good = family(R"(name: "a" type: GAUGE metric { gauge { value: 1 } })");
  for (size_t size = 1; size < good.size(); size++) EXPECT_EQ(read(good.substr(0, size)).back(), "broken") << size;
  EXPECT_EQ(read(family(R"(name: "a" type: STRANGE metric { gauge { value: 1 } })")).back(), "broken");
  EXPECT_EQ(read(family(R"(type: GAUGE metric { gauge { value: 1 } })")).back(), "broken");
  EXPECT_EQ(read(family(R"(name: "a" type: GAUGE metric { label { value: "x" } gauge { value: 1 } })")).back(), "broken");
  EXPECT_EQ(
      read(family(R"(name: "n" type: HISTOGRAM metric { histogram { positive_span { offset: 1 length: 4000000000 } positive_delta: 2 } })"),
           {true, false})
          .back(),
      "broken");
  // Values that are missing are 0, as for everybody who reads protobuf.
  EXPECT_EQ(read(family(R"(name: "a" type: GAUGE metric { })")).back(), "end");
  Random random(7);
  std::string body = good + native;
  for (int i = 0; i < 2000; i++) {
    std::string damaged = body;
    damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    for (bool reads_native : {false, true}) EXPECT_FALSE(read(damaged, {reads_native, i % 2 == 0}).empty());
  }
}

}  // namespace

}  // namespace vigia::prometheus
