// What the debug exporter prints is laid out as the Collector lays it out, so that scripts that look for "Span #0" go on working.

#include <gtest/gtest.h>

#include "exporters/debug/config.h"
#include "exporters/debug/factory.h"
#include "exporters/debug/text.h"
#include "otlp/count.h"
#include "otlp/json_read.h"
#include "pipeline/test_kit.h"

namespace vigia::exporters {
namespace {

using otlp::Signal;

const char* const traces_json = R"({"resourceSpans":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"shop"}}]},"schemaUrl":"https://example.com/1",
  "scopeSpans":[{"scope":{"name":"lib","version":"1.2"},"spans":[
   {"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718","name":"GET /","kind":2,
    "startTimeUnixNano":"1581452772000000321","endTimeUnixNano":"1581452773500000000","status":{"code":2,"message":"no"},
    "attributes":[{"key":"n","value":{"intValue":"7"}},{"key":"d","value":{"doubleValue":1.5}},{"key":"b","value":{"boolValue":true}},
     {"key":"m","value":{"kvlistValue":{"values":[{"key":"z","value":{"stringValue":"<1>"}},
      {"key":"a","value":{"arrayValue":{"values":[{"intValue":1},{"stringValue":"q"}]}}}]}}},
     {"key":"y","value":{"bytesValue":"AQID"}},{"key":"e","value":{}}],
    "events":[{"timeUnixNano":"1581452773000000123","name":"boom","attributes":[{"key":"k","value":{"stringValue":"v"}}]}],
    "links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718","traceState":"a=b"}]}]}]}]})";

const char* const number_metrics_json = R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[
  {"name":"g","unit":"1","gauge":{"dataPoints":[{"attributes":[{"key":"l","value":{"stringValue":"v"}}],"asInt":"123",
    "timeUnixNano":"1581452773000000789"}]}},
  {"name":"s","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"asDouble":1.23,"exemplars":[
    {"asDouble":15,"timeUnixNano":"1581452773000000123","filteredAttributes":[{"key":"x","value":{"stringValue":"y"}}]}]}]}}
 ]}]}]})";

const char* const distribution_metrics_json = R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[
  {"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"2","sum":15,"min":1,"max":14,
    "explicitBounds":[1],"bucketCounts":["0","2"]}]}},
  {"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"count":"5","sum":0.15,"scale":1,"zeroCount":"1",
    "negative":{"offset":-1,"bucketCounts":["1","1"]},"positive":{"offset":1,"bucketCounts":["1","1"]}}]}},
  {"name":"q","summary":{"dataPoints":[{"count":"1","sum":15,"quantileValues":[{"quantile":0.01,"value":15}]}]}}
 ]}]}]})";

const char* const logs_json = R"({"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[
  {"timeUnixNano":"1581452773000000789","severityNumber":10,"severityText":"Info","eventName":"event_name","body":{"stringValue":"This is a log message"},
   "attributes":[{"key":"app","value":{"stringValue":"server"}}],"traceId":"08040201000000000000000000000000","spanId":"0102040800000000"}]}]}]})";

class DebugTest : public ::testing::Test {
 protected:
  Chain request(Signal signal, const char* json) {
    auto read = otlp::read_json(signal, json, kit_.ledger);
    EXPECT_TRUE(read.is_ok()) << read.status().message();
    return Chain(read->request);
  }
  std::vector<std::string> print(pipeline::ExporterFactory factory, const std::string& yaml, Signal signal, const char* json,
                                 int times = 1) {
    std::any config;
    auto decoded = pipeline::test::decode_text<int>(yaml, [&](config::Section& in, int&) { config = factory.decode(in); });
    EXPECT_EQ(decoded->errors(), "");
    auto exporter = factory.create(kit_.context(factory.type), config, signal);
    EXPECT_TRUE(exporter.is_ok());
    size_t before = kit_.sink->lines().size();
    for (int i = 0; i < times; i++) {
      pipeline::Batch batch;
      batch.signal = signal;
      batch.payload = request(signal, json);
      for (const Slice& slice : batch.payload.slices()) batch.item_count += otlp::count_items(signal, slice.view());
      pipeline::test::Answer answer;
      (*exporter)->consume(std::move(batch), answer.done());
      EXPECT_TRUE(answer.get().is_ok());
    }
    std::vector<std::string> texts;
    auto lines = kit_.sink->lines();
    for (size_t i = before; i < lines.size(); i++) texts.push_back(lines[i].text);
    return texts;
  }
  pipeline::test::Kit kit_;
};

TEST_F(DebugTest, DetailedTraces) {
  EXPECT_EQ(detailed_text(Signal::traces, request(Signal::traces, traces_json)), R"(ResourceSpans #0
Resource SchemaURL: https://example.com/1
Resource attributes:
     -> service.name: Str(shop)
ScopeSpans #0
ScopeSpans SchemaURL: 
InstrumentationScope lib 1.2
Span #0
    Trace ID       : 0102030405060708090a0b0c0d0e0f10
    Parent ID      : 
    ID             : 1112131415161718
    Name           : GET /
    Kind           : Server
    Start time     : 2020-02-11 20:26:12.000000321 +0000 UTC
    End time       : 2020-02-11 20:26:13.5 +0000 UTC
    Status code    : Error
    Status message : no
Attributes:
     -> n: Int(7)
     -> d: Double(1.5)
     -> b: Bool(true)
     -> m: Map({"a":[1,"q"],"z":"\u003c1\u003e"})
     -> y: Bytes(AQID)
     -> e: Empty()
Events:
SpanEvent #0
     -> Name: boom
     -> Timestamp: 2020-02-11 20:26:13.000000123 +0000 UTC
     -> DroppedAttributesCount: 0
     -> Attributes::
          -> k: Str(v)
Links:
SpanLink #0
     -> Trace ID: 0102030405060708090a0b0c0d0e0f10
     -> ID: 1112131415161718
     -> TraceState: a=b
     -> DroppedAttributesCount: 0
)");
}

TEST_F(DebugTest, DetailedGaugesAndSums) {
  EXPECT_EQ(detailed_text(Signal::metrics, request(Signal::metrics, number_metrics_json)), R"(ResourceMetrics #0
Resource SchemaURL: 
ScopeMetrics #0
ScopeMetrics SchemaURL: 
InstrumentationScope  
Metric #0
Descriptor:
     -> Name: g
     -> Description: 
     -> Unit: 1
     -> DataType: Gauge
NumberDataPoints #0
Data point attributes:
     -> l: Str(v)
StartTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 2020-02-11 20:26:13.000000789 +0000 UTC
Value: 123
Metric #1
Descriptor:
     -> Name: s
     -> Description: 
     -> Unit: 
     -> DataType: Sum
     -> IsMonotonic: true
     -> AggregationTemporality: Cumulative
NumberDataPoints #0
StartTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
Value: 1.230000
Exemplars:
Exemplar #0
     -> Trace ID: 
     -> Span ID: 
     -> Timestamp: 2020-02-11 20:26:13.000000123 +0000 UTC
     -> Value: 15.000000
     -> FilteredAttributes:
          -> x: Str(y)
)");
}

TEST_F(DebugTest, DetailedHistogramsAndSummaries) {
  EXPECT_EQ(detailed_text(Signal::metrics, request(Signal::metrics, distribution_metrics_json)), R"(ResourceMetrics #0
Resource SchemaURL: 
ScopeMetrics #0
ScopeMetrics SchemaURL: 
InstrumentationScope  
Metric #0
Descriptor:
     -> Name: h
     -> Description: 
     -> Unit: 
     -> DataType: Histogram
     -> AggregationTemporality: Delta
HistogramDataPoints #0
StartTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
Count: 2
Sum: 15.000000
Min: 1.000000
Max: 14.000000
ExplicitBounds #0: 1.000000
Buckets #0, Count: 0
Buckets #1, Count: 2
Metric #1
Descriptor:
     -> Name: e
     -> Description: 
     -> Unit: 
     -> DataType: ExponentialHistogram
     -> AggregationTemporality: Delta
ExponentialHistogramDataPoints #0
StartTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
Count: 5
Sum: 0.150000
Bucket [-1.414214, -1.000000), Count: 1
Bucket [-1.000000, -0.707107), Count: 1
Bucket [0, 0], Count: 1
Bucket (1.414214, 2.000000], Count: 1
Bucket (2.000000, 2.828427], Count: 1
Metric #2
Descriptor:
     -> Name: q
     -> Description: 
     -> Unit: 
     -> DataType: Summary
SummaryDataPoints #0
StartTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
Count: 1
Sum: 15.000000
QuantileValue #0: Quantile 0.010000, Value 15.000000
)");
}

TEST_F(DebugTest, DetailedLogs) {
  EXPECT_EQ(detailed_text(Signal::logs, request(Signal::logs, logs_json)), R"(ResourceLog #0
Resource SchemaURL: 
ScopeLogs #0
ScopeLogs SchemaURL: 
InstrumentationScope  
LogRecord #0
ObservedTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 2020-02-11 20:26:13.000000789 +0000 UTC
SeverityText: Info
SeverityNumber: Info2(10)
EventName: event_name
Body: Str(This is a log message)
Attributes:
     -> app: Str(server)
Trace ID: 08040201000000000000000000000000
Span ID: 0102040800000000
Flags: 0
)");
}

TEST_F(DebugTest, NormalIsALineForEachItem) {
  EXPECT_EQ(
      normal_text(Signal::traces, request(Signal::traces, traces_json)),
      "GET / 0102030405060708090a0b0c0d0e0f10 1112131415161718 n=7 d=1.5 b=true m={\"a\":[1,\"q\"],\"z\":\"\\u003c1\\u003e\"} y=AQID e=\n");
  EXPECT_EQ(normal_text(Signal::logs, request(Signal::logs, logs_json)), "This is a log message app=server\n");
  EXPECT_EQ(normal_text(Signal::metrics, request(Signal::metrics, number_metrics_json)), "g{l=v} 123\ns{} 1.23\n");
  std::string metrics = normal_text(Signal::metrics, request(Signal::metrics, distribution_metrics_json));
  EXPECT_TRUE(metrics.starts_with("h{} count=2 sum=15 min=1 max=14 le1=0 2\n")) << metrics;
  EXPECT_TRUE(metrics.ends_with("q{} count=1 sum=15.000000 q0.01=15\n")) << metrics;
}

TEST_F(DebugTest, BasicIsOneLineForABatch) {
  auto lines = print(debug_exporter(), "", Signal::traces, traces_json);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("Traces\t{\"resource spans\":1, \"spans\":1}"), std::string::npos) << lines[0];
  lines = print(debug_exporter(), "", Signal::metrics, distribution_metrics_json);
  EXPECT_NE(lines[0].find("{\"resource metrics\":1, \"metrics\":3, \"data points\":3}"), std::string::npos) << lines[0];
}

TEST_F(DebugTest, TheOlderExporterKnowsLogLevels) {
  EXPECT_EQ(print(logging_exporter(), "loglevel: info", Signal::logs, logs_json).size(), 1u);
  auto lines = print(logging_exporter(), "loglevel: debug", Signal::logs, logs_json);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("LogsExporter"), std::string::npos);
  EXPECT_NE(lines[1].find("LogRecord #0"), std::string::npos);
  EXPECT_TRUE(logging_exporter().is_deprecated);
}

TEST_F(DebugTest, SamplingPrintsTheFirstAndThenEveryNth) {
  EXPECT_EQ(print(debug_exporter(), "sampling_initial: 3\nsampling_thereafter: 5\n", Signal::logs, logs_json, 20).size(), 3u + 3u);
  EXPECT_EQ(print(debug_exporter(), "", Signal::logs, logs_json, 20).size(), 20u);
  EXPECT_EQ(print(logging_exporter(), "", Signal::logs, logs_json, 20).size(), 2u);
}

TEST_F(DebugTest, BrokenBytesArePrintedSomehow) {
  std::string bytes("\x0a\x7f\x0a\x03\x0a\x01", 6);
  for (Signal signal : otlp::all_signals) {
    Chain chain(Slice::copy_of(bytes, kit_.ledger));
    detailed_text(signal, chain);
    normal_text(signal, chain);
  }
}

TEST(DebugConfig, Mistakes) {
  auto wrong = pipeline::test::decode_text<DebugConfig>("verbosity: loud\noutput_paths: [stdout]\n", decode_debug);
  EXPECT_EQ(wrong->diagnostics.error_count(), 2u) << wrong->errors();
  auto both = pipeline::test::decode_text<DebugConfig>("verbosity: basic\nloglevel: debug\n", decode_logging);
  EXPECT_EQ(both->diagnostics.error_count(), 1u) << both->errors();
}

}  // namespace
}  // namespace vigia::exporters
