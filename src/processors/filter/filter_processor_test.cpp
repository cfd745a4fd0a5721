// Scenario: batches of all signals through filters that are configured in each of the three ways the Collector knows.
// Guarantee: exactly what matches is dropped, what remains is byte for byte what came, drops are counted, a batch of which
// nothing is left is settled and goes no further, and wrong configurations are refused with their position.

#include <gtest/gtest.h>

#include "ottl/test_telemetry.h"
#include "pipeline/test_kit.h"
#include "processors/filter/config.h"
#include "processors/filter/factory.h"

namespace vigia::processors {
namespace {

using namespace ottl::test;
using otlp::Signal;
using pipeline::test::Answer;
using pipeline::test::FakeConsumer;
using pipeline::test::FakeRecord;
using pipeline::test::Kit;

std::string errors_of(const std::string& yaml) {
  return pipeline::test::decode_text<FilterConfig>(
             yaml, [](config::Section& section, FilterConfig& config) { config = decode_filter_config(section); })
      ->errors();
}

class FilterTest : public ::testing::Test {
 protected:
  void make(Signal signal, const std::string& yaml) {
    auto decoded = pipeline::test::decode_text<FilterConfig>(
        yaml, [](config::Section& section, FilterConfig& config) { config = decode_filter_config(section); });
    ASSERT_EQ(decoded->errors(), "");
    signal_ = signal;
    auto created = filter_processor().create(kit_.context("filter/x"), std::any(decoded->config), signal, next_);
    ASSERT_TRUE(created.is_ok()) << created.status().message();
    processor_ = std::move(*created);
  }

  Status send(const std::vector<std::string>& requests, size_t items) {
    pipeline::Batch batch;
    batch.signal = signal_;
    batch.item_count = items;
    for (const std::string& request : requests) batch.payload.append(Slice::copy_of(request, kit_.ledger));
    batch.receipts.emplace_back(record_);
    Answer answer;
    processor_->consume(std::move(batch), answer.done());
    return answer.get();
  }
  // What arrives of one request with so many items; "" when nothing does.
  std::string filtered(const std::string& request, size_t items) {
    size_t before = next_.taken().size();
    EXPECT_TRUE(send({request}, items).is_ok());
    auto taken = next_.taken();
    return taken.size() > before ? taken.back().bytes : std::string();
  }
  double dropped(const std::string& what) const {
    return kit_.metric("otelcol_processor_filter_" + what + "_filtered{filter=\"filter/x\"}");
  }

  Kit kit_;
  FakeConsumer next_;
  std::shared_ptr<FakeRecord> record_ = std::make_shared<FakeRecord>();
  Signal signal_ = Signal::traces;
  std::unique_ptr<pipeline::Processor> processor_;
};

const std::string shop = attribute(1, "service.name", text_value("shop"));
const std::string bank = attribute(1, "service.name", text_value("bank"));
const std::string library = text_field(1, "lib");

std::string span(const std::string& name, const std::vector<std::string>& events = {}) {
  std::string message = text_field(5, name) + attribute(9, "http.route", text_value(name));
  for (const std::string& event : events) message += text_field(11, text_field(2, event));
  return message;
}
std::string record(uint64_t severity, const std::string& body) { return varint_field(2, severity) + text_field(5, text_value(body)); }
std::string gauge(const std::string& name, const std::vector<int64_t>& values) {
  std::string data;
  for (int64_t value : values) data += text_field(1, fixed64_field(6, static_cast<uint64_t>(value)) + attribute(7, "k", text_value("v")));
  return text_field(1, name) + text_field(5, data);
}

TEST_F(FilterTest, DropsSpansByCondition) {
  make(Signal::traces, R"({error_mode: ignore, traces: {span: ['attributes["http.route"] == "/health"', 'IsMatch(name, "^/internal")']}})");
  EXPECT_EQ(dropped("spans"), 0);
  EXPECT_EQ(filtered(group(shop, library, {span("/a"), span("/health"), span("/b"), span("/internal/x")}), 4),
            group(shop, library, {span("/a"), span("/b")}));
  EXPECT_EQ(next_.items(), 2U);
  EXPECT_EQ(dropped("spans"), 2);
}

TEST_F(FilterTest, PassesOnWhatItDoesNotTouch) {
  make(Signal::traces, R"({traces: {span: ['name == "/health"']}})");
  std::string untouched = group(shop, library, {span("/a")});
  std::string emptied = group(bank, library, {span("/health")});
  EXPECT_TRUE(send({untouched, emptied, untouched}, 3).is_ok());
  EXPECT_EQ(next_.taken().back().bytes, untouched + untouched);
  EXPECT_EQ(next_.items(), 2U);
}

TEST_F(FilterTest, SettlesABatchOfWhichNothingIsLeft) {
  make(Signal::traces, R"({traces: {span: ['true']}})");
  EXPECT_TRUE(send({group(shop, library, {span("/a"), span("/b")})}, 2).is_ok());
  EXPECT_EQ(next_.tries(), 0U);
  record_.reset();
  EXPECT_EQ(dropped("spans"), 2);
}

TEST_F(FilterTest, ReleasesTheRecordsOfADroppedBatch) {
  make(Signal::traces, R"({traces: {span: ['true']}})");
  auto record = record_;
  EXPECT_TRUE(send({group(shop, library, {span("/a")})}, 1).is_ok());
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(record->kept, 0);
}

TEST_F(FilterTest, DropsSpanEventsButKeepsTheirSpans) {
  make(Signal::traces, R"({traces: {spanevent: ['name == "noise"', 'event_index == 3']}})");
  EXPECT_EQ(filtered(group(shop, library, {span("/a", {"noise", "x", "noise", "y", "z"}), span("/b")}), 2),
            group(shop, library, {span("/a", {"x", "z"}), span("/b")}));
  EXPECT_EQ(dropped("spans"), 0);
}

TEST_F(FilterTest, DropsWholeResources) {
  make(Signal::traces, R"({traces: {resource: ['attributes["service.name"] == "bank"'], span: ['name == "/b"']}})");
  EXPECT_EQ(filtered(group(shop, library, {span("/a"), span("/b")}) + group(bank, library, {span("/a"), span("/c")}), 4),
            group(shop, library, {span("/a")}));
  EXPECT_EQ(dropped("spans"), 3);
}

TEST_F(FilterTest, InfersContexts) {
  make(
      Signal::traces,
      R"({trace_conditions: ['resource.attributes["service.name"] == "bank"', 'span.name == "/b"', 'spanevent.name == "noise"', 'scope.name == "other"']})");
  EXPECT_EQ(filtered(group(shop, library, {span("/a", {"noise"}), span("/b")}) + group(bank, library, {span("/a")}) +
                         group(shop, text_field(1, "other"), {span("/a")}),
                     4),
            group(shop, library, {span("/a")}));
}

TEST_F(FilterTest, TakesGroupsWithTheirOwnContextAndErrorMode) {
  make(Signal::traces, R"({error_mode: propagate, trace_conditions: [
    {error_mode: silent, conditions: ['1 / span.dropped_links_count == 1']}, {context: span, conditions: ['name == "/b"']}]})");
  EXPECT_EQ(filtered(group(shop, library, {span("/a"), span("/b")}), 2), group(shop, library, {span("/a")}));
}

TEST_F(FilterTest, IgnoresErrorsUnlessToldToPropagate) {
  std::string request = group(shop, library, {span("/a"), span("/b")});
  make(Signal::traces,
       R"({traces: {span: ['attributes["http.route"] > 1 and attributes["http.route"] * 2 == 1', 'name * 2 == 1', 'name == "/b"']}})");
  EXPECT_EQ(filtered(request, 2), group(shop, library, {span("/a")}));
  EXPECT_GT(kit_.sink->count("cannot evaluate a condition"), 0U);

  make(Signal::traces, R"({error_mode: propagate, traces: {span: ['name * 2 == 1']}})");
  Status status = send({request}, 2);
  EXPECT_NE(status.message().find("cannot calculate with a text"), std::string::npos);
  EXPECT_FALSE(status.is_retryable());
}

TEST_F(FilterTest, DropsMetricsAndDataPoints) {
  make(Signal::metrics,
       R"({metrics: {metric: ['name == "a"', 'HasAttrOnDatapoint("k", "w")'], datapoint: ['metric.name == "b" and value_int > 5']}})");
  EXPECT_EQ(filtered(group(shop, library, {gauge("a", {1, 2}), gauge("b", {4, 6, 5}), gauge("c", {9})}), 6),
            group(shop, library, {gauge("b", {4, 5}), gauge("c", {9})}));
  EXPECT_EQ(dropped("datapoints"), 3);
  // A metric goes when all its points do.
  EXPECT_EQ(filtered(group(shop, library, {gauge("b", {7, 8}), gauge("c", {9})}), 3), group(shop, library, {gauge("c", {9})}));
}

TEST_F(FilterTest, DropsLogRecords) {
  make(Signal::logs, R"({logs: {log_record: ['severity_number < SEVERITY_NUMBER_WARN', 'IsMatch(body, "password")']}})");
  EXPECT_EQ(filtered(group(shop, library, {record(9, "x"), record(17, "y"), record(17, "my password")}), 3),
            group(shop, library, {record(17, "y")}));
  EXPECT_EQ(dropped("logs"), 2);
}

TEST_F(FilterTest, KnowsTheOlderFormForSpans) {
  make(Signal::traces,
       R"({spans: {include: {match_type: strict, services: [shop]}, exclude: {match_type: regexp, span_names: ["^/health"]}}})");
  EXPECT_EQ(filtered(group(shop, library, {span("/a"), span("/healthz")}) + group(bank, library, {span("/a")}), 3),
            group(shop, library, {span("/a")}));
}

TEST_F(FilterTest, KnowsTheOlderFormForMetrics) {
  make(Signal::metrics, R"({metrics: {include: {match_type: regexp, metric_names: ["^a", "^b"]},
    exclude: {match_type: strict, metric_names: [ab], resource_attributes: [{key: service.name, value: bank}]}}})");
  EXPECT_EQ(
      filtered(group(shop, library, {gauge("aa", {1}), gauge("ab", {1}), gauge("c", {1})}) + group(bank, library, {gauge("aa", {1})}), 4),
      group(shop, library, {gauge("aa", {1})}));
  EXPECT_EQ(dropped("datapoints"), 3);
}

TEST_F(FilterTest, KnowsTheOlderFormForLogs) {
  make(
      Signal::logs,
      R"({logs: {include: {match_type: strict, severity_number: {min: warn, match_undefined: true}}, exclude: {match_type: regexp, bodies: ["secret"]}}})");
  EXPECT_EQ(filtered(group(shop, library, {record(9, "x"), record(13, "y"), record(17, "a secret"), record(0, "z")}), 4),
            group(shop, library, {record(13, "y"), record(0, "z")}));
}

TEST_F(FilterTest, DoesNothingWithoutRules) {
  make(Signal::logs, "{traces: {span: ['true']}}");
  std::string request = group(shop, library, {record(9, "x")});
  EXPECT_EQ(filtered(request, 1), request);
}

TEST(FilterConfig, RefusesWhatIsWrong) {
  EXPECT_NE(errors_of("traces: {span: ['nam == 1']}").find("traces::span[0]"), std::string::npos);
  EXPECT_NE(errors_of("traces: {span: ['nam == 1']}").find("did you mean name?"), std::string::npos);
  EXPECT_NE(errors_of("error_mode: loud").find("error_mode"), std::string::npos);
  EXPECT_NE(errors_of("trace_conditions: ['name == 1']").find("begin paths with it"), std::string::npos);
  EXPECT_NE(errors_of("log_conditions: ['span.name == 1']").find("does not occur in logs"), std::string::npos);
  EXPECT_NE(errors_of("trace_conditions: ['span.name == \"x\"', {conditions: ['true']}]").find("not both"), std::string::npos);
  EXPECT_NE(errors_of("trace_conditions: [{context: log, conditions: ['true']}]").find("is no context of traces"), std::string::npos);
  EXPECT_NE(errors_of("{traces: {span: ['true']}, spans: {include: {match_type: strict, services: [a]}}}").find("at the same time"),
            std::string::npos);
  EXPECT_NE(errors_of("{traces: {span: ['true']}, trace_conditions: ['span.name == \"x\"']}").find("cannot be used together"),
            std::string::npos);
  EXPECT_NE(errors_of("metrics: {include: {match_type: expr, expressions: ['x']}}").find("OTTL"), std::string::npos);
  EXPECT_NE(errors_of("spans: {include: {services: [a]}}").find("match_type is missing"), std::string::npos);
  EXPECT_NE(errors_of("spans: {include: {match_type: strict}}").find("at least one of"), std::string::npos);
  EXPECT_NE(errors_of("logs: {include: {match_type: strict, severity_number: {min: loud}}}").find("is no severity"), std::string::npos);
  EXPECT_NE(errors_of("spanz: {}").find("spans"), std::string::npos);
}

}  // namespace
}  // namespace vigia::processors
