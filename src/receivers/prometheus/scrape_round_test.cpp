// Scrapes of one target, one after the other: what becomes a point, what becomes stale, and what is remembered.

#include "receivers/prometheus/scrape_round.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/hash.h"
#include "base/random.h"
#include "otlp/validate.h"
#include "pipeline/test_kit.h"
#include "prometheus/openmetrics_parser.h"
#include "prometheus/text_parser.h"
#include "receivers/prometheus/point_parts.h"
#include "receivers/prometheus/point_writer.h"

namespace vigia::receivers {

namespace {

std::unique_ptr<pipeline::test::Decoded<PrometheusReceiverConfig>> decode_config(const std::string& yaml) {
  return pipeline::test::decode_text<PrometheusReceiverConfig>(
      yaml, [](config::Section& section, PrometheusReceiverConfig& config) { decode(section, config); });
}

// One target and its table, scraped at will.
class Scrapes : public ::testing::Test {
 protected:
  void configure(const std::string& job_keys, const std::string& global = "{}") {
    auto decoded = decode_config(
        "config:\n  global: " + global +
        "\n  scrape_configs:\n  - job_name: web\n    static_configs: [{targets: ['host:80'], labels: {env: prod}}]\n" + job_keys);
    ASSERT_EQ(decoded->errors(), "");
    config = decoded->config;
    job = config.jobs[0];
    target = **make_target(*job, "host:80", job->static_groups[0].labels);
    table.emplace("web", "host:80", 7);
    settings.trims_suffixes = config.trims_suffixes;
    settings.scope_version = "1.0";
  }

  // The points of a scrape as lines "name kind {attributes} value"; the report is left out.
  std::vector<std::string> scrape(std::string_view text, bool is_openmetrics = false) {
    now_ms += 1000;
    round = std::make_unique<ScrapeRound>(*job, target, config.external_labels, *table, now_ms);
    std::unique_ptr<prometheus::ExpositionParser> parser;
    if (is_openmetrics)
      parser = std::make_unique<prometheus::OpenMetricsParser>(text);
    else
      parser = std::make_unique<prometheus::TextParser>(text);
    if (is_expecting) round->begin(*parser);
    while (!round->take(*parser, 3)) {
    }
    return written();
  }
  std::vector<std::string> fail_scrape() {
    now_ms += 1000;
    round = std::make_unique<ScrapeRound>(*job, target, config.external_labels, *table, now_ms);
    round->fail(unavailable("no answer"));
    return written();
  }

  std::vector<std::string> written() {
    round->finish();
    bool is_good = round->error().is_ok();
    PointWriter writer(settings, *job, target, config.external_labels, *table, ledger);
    if (report) writer.write_report(*report, now_ms);
    writer.begin(*round);
    while (writer.write_slice()) {
    }
    std::vector<std::string> lines;
    size_t points = 0;
    Chain chain = writer.take();
    slices = chain.slices().size();
    for (const Slice& slice : chain.slices()) {
      auto checked = otlp::validate(otlp::Signal::metrics, slice, ledger);
      EXPECT_TRUE(checked.is_ok()) << checked.status().to_string();
      points += checked->item_count;
      EXPECT_EQ(checked->repaired_strings, 0U);
      otlp::for_each_item(slice.view(), [&](const otlp::ResourceGroup& group, const otlp::ScopeGroup& scope, std::string_view item) {
        resource = attributes_text(group.resource().attributes());
        scope_text =
            std::string(scope.scope().name()) + "@" + std::string(scope.scope().version()) + attributes_text(scope.scope().attributes());
        append_lines(otlp::MetricView(item), lines);
      });
    }
    EXPECT_EQ(points, writer.points_taken());
    if (is_good) table->forget_unseen();
    return lines;
  }

  static std::string attributes_text(otlp::Attributes attributes) {
    std::string text = "{";
    for (otlp::AttributeView attribute : attributes)
      text += (text.size() > 1 ? "," : "") + std::string(attribute.key) + "=" + std::string(attribute.value().string());
    return text + "}";
  }

  static std::string number(double value) {
    std::string text = std::to_string(value);
    return text.substr(0, text.find(".000000"));
  }

  void append_lines(const otlp::MetricView& metric, std::vector<std::string>& lines) {
    constexpr std::string_view kinds[] = {"none", "gauge", "sum", "histogram", "exponential", "summary"};
    std::string title = std::string(metric.name()) + " " + std::string(kinds[static_cast<size_t>(metric.kind())]);
    title += metric.is_monotonic() ? "+ " : " ";
    units[std::string(metric.name())] =
        std::string(metric.unit()) + "|" + std::string(metric.description()) + "|" + attributes_text(metric.metadata());
    uint32_t attributes = otlp::point_attributes_number(metric.kind());
    for (std::string_view point : metric.points())
      lines.push_back(title + attributes_text(otlp::Attributes(point, attributes)) + " " + value_text(metric.kind(), point));
  }

  std::string value_text(otlp::MetricKind kind, std::string_view point) {
    std::string text;
    otlp::Cursor cursor(point);
    otlp::Field field;
    bool is_number = kind == otlp::MetricKind::gauge || kind == otlp::MetricKind::sum;
    bool is_histogram = kind == otlp::MetricKind::histogram;
    while (cursor.next(field)) {
      if (field.tag == otlp::fixed64_tag(2)) text += "since" + std::to_string(field.number / 1'000'000'000) + " ";
      if (field.tag == otlp::fixed64_tag(3) && field.number != static_cast<uint64_t>(now_ms) * 1'000'000)
        text += "at" + std::to_string(field.number / 1'000'000) + " ";
      if (is_number && field.tag == otlp::fixed64_tag(4)) text += number(field.as_double());
      if (!is_number && field.tag == otlp::fixed64_tag(4)) text += "count=" + std::to_string(field.number);
      if (!is_number && field.tag == otlp::fixed64_tag(5)) text += " sum=" + number(field.as_double());
      if (field.tag == otlp::varint_tag(is_number || kind == otlp::MetricKind::summary ? 8 : 10) && field.number == 1) text += "stale";
      if (is_histogram && field.tag == otlp::bytes_tag(6)) text += " counts=" + list<uint64_t>(field.content);
      if (is_histogram && field.tag == otlp::bytes_tag(7)) text += " bounds=" + list<double>(field.content);
      if (kind == otlp::MetricKind::summary && field.tag == otlp::bytes_tag(6)) text += " q" + quantile(field.content);
      if (field.tag == otlp::bytes_tag(is_number ? 5 : 8) && kind != otlp::MetricKind::summary)
        text += " ex" + to_hex(field.content.substr(0, 1));
    }
    return text;
  }

  template <typename T>
  static std::string list(std::string_view packed) {
    std::string text;
    for (size_t i = 0; i + 8 <= packed.size(); i += 8) {
      T value;
      std::memcpy(&value, packed.data() + i, 8);
      text += (text.empty() ? "" : ",") + number(static_cast<double>(value));
    }
    return text;
  }
  static std::string quantile(std::string_view message) {
    std::string text;
    otlp::Cursor cursor(message);
    otlp::Field field;
    while (cursor.next(field)) text += (text.empty() ? "" : ":") + number(field.as_double());
    return text;
  }

  PrometheusReceiverConfig config;
  std::shared_ptr<const ScrapeJob> job;
  Target target;
  std::optional<SeriesTable> table;
  WriterSettings settings;
  MemoryLedger ledger;
  std::unique_ptr<ScrapeRound> round;
  std::optional<ScrapeReport> report;
  bool is_expecting = true;  // the parser knows which series is likely the next
  int64_t now_ms = 1'700'000'000'000;
  size_t slices = 0;  // of the last scrape
  std::string resource, scope_text;
  std::map<std::string, std::string> units;
};

using Lines = std::vector<std::string>;

TEST_F(Scrapes, TypesDecideWhatPointsAre) {
  configure("");
  std::string text =
      "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"y\"} 5\n"
      "# TYPE g gauge\ng 1.5\n# TYPE u untyped\nu 2\nplain 3\n"
      "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 2.5\nh_count 4\n"
      "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} 2\ns_sum 7\ns_count 3\n";
  EXPECT_EQ(scrape(text), (Lines{"a_total sum+ {env=prod,x=y} 5", "g gauge {env=prod} 1.500000", "u gauge {env=prod} 2",
                                 "plain gauge {env=prod} 3", "h histogram {env=prod} count=4 sum=2.500000 counts=1,2,1 bounds=0.500000,1",
                                 "s summary {env=prod} count=3 sum=7 q0.500000:1 q0.900000:2"}));
  EXPECT_EQ(resource, "{service.name=web,server.address=host,service.instance.id=host:80,server.port=80,url.scheme=http}");
  EXPECT_EQ(scope_text, "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver@1.0{}");
  EXPECT_EQ(units["a_total"], "|Things.|{prometheus.type=counter}");
  EXPECT_EQ(units["plain"], "||{prometheus.type=unknown}");
  EXPECT_EQ(round->counts().scraped, 13U);
  EXPECT_EQ(round->counts().kept, 13U);
  EXPECT_EQ(round->counts().added, 13U);
  // The same again: nothing is new, everything is found.
  EXPECT_EQ(scrape(text).size(), 6U);
  EXPECT_EQ(round->counts().added, 0U);
}

TEST_F(Scrapes, OpenMetricsBringsUnitsStartTimesAndExemplars) {
  configure("");
  EXPECT_EQ(
      scrape("# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Time.\na_seconds_total{b=\"c\"} 5 # "
             "{trace_id=\"0af7651916cd43dd8448eb211c80319c\"} 1\n"
             "a_seconds_created{b=\"c\"} 1600000000.5\n"
             "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 0.5\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 3\nh_created 1600000001\n"
             "# TYPE build info\nbuild_info{v=\"1\"} 1\n# TYPE st stateset\nst{st=\"on\"} 1\n# TYPE gh "
             "gaugehistogram\ngh_bucket{le=\"+Inf\"} 1\n# EOF\n",
             true),
      (Lines{"a_seconds_total sum+ {b=c,env=prod} since1600000000 5 ex11",
             "h histogram {env=prod} since1600000001 count=2 sum=3 counts=1,1 bounds=1 ex11", "build sum {env=prod,v=1} 1",
             "st sum {env=prod,st=on} 1", "gh_bucket gauge {env=prod,le=+Inf} 1"}));
  EXPECT_EQ(units["a_seconds_total"], "s|Time.|{prometheus.type=counter}");
}

TEST_F(Scrapes, TargetInfoAndScopesSayWhereMetricsBelong) {
  configure("    honor_labels: true\n");
  std::string text =
      "target_info{service_version=\"2\"} 1\n"
      "otel_scope_info{otel_scope_name=\"lib\",otel_scope_version=\"3\",team=\"x\"} 1\n"
      "a{otel_scope_name=\"lib\",otel_scope_version=\"3\"} 1\n";
  EXPECT_EQ(scrape(text), (Lines{"a gauge {env=prod} 1"}));
  EXPECT_EQ(resource,
            "{service.name=web,server.address=host,service.instance.id=host:80,server.port=80,url.scheme=http,env=prod,service_version=2}");
  EXPECT_EQ(scope_text, "lib@3{env=prod,team=x}");
  // When the target fails, what it had is told to be gone under the same resource.
  EXPECT_EQ(fail_scrape(), (Lines{"a gauge {env=prod} stale"}));
  EXPECT_NE(resource.find("service_version=2"), std::string::npos);
  // Another job and instance are another resource.
  EXPECT_EQ(scrape("b{job=\"other\",instance=\"i:1\"} 1\n"), (Lines{"b gauge {env=prod} 1"}));
  EXPECT_EQ(resource, "{service.name=other,server.address=i,service.instance.id=i:1,server.port=1,url.scheme=http}");
}

TEST_F(Scrapes, AScrapeReportsAboutItself) {
  configure("", "{external_labels: {site: home}}");
  report.emplace();
  report->is_up = true;
  report->duration_s = 0.5;
  report->counts = {10, 9, 8, 0, 0};
  report->has_extras = true;
  report->body_bytes = 123;
  EXPECT_EQ(scrape("a 1\n"),
            (Lines{"up gauge {env=prod,site=home} 1", "scrape_duration_seconds gauge {env=prod,site=home} 0.500000",
                   "scrape_samples_scraped gauge {env=prod,site=home} 10",
                   "scrape_samples_post_metric_relabeling gauge {env=prod,site=home} 9", "scrape_series_added gauge {env=prod,site=home} 8",
                   "scrape_timeout_seconds gauge {env=prod,site=home} 10", "scrape_sample_limit gauge {env=prod,site=home} 0",
                   "scrape_body_size_bytes gauge {env=prod,site=home} 123", "a gauge {env=prod,site=home} 1"}));
  EXPECT_EQ(units["scrape_duration_seconds"], "s|Duration of the scrape|{prometheus.type=gauge}");
  report = ScrapeReport{.is_gone = true};
  EXPECT_EQ(fail_scrape(), (Lines{"up gauge {env=prod,site=home} stale", "scrape_duration_seconds gauge {env=prod,site=home} stale",
                                  "scrape_samples_scraped gauge {env=prod,site=home} stale",
                                  "scrape_samples_post_metric_relabeling gauge {env=prod,site=home} stale",
                                  "scrape_series_added gauge {env=prod,site=home} stale", "a gauge {env=prod,site=home} stale"}));
}

TEST_F(Scrapes, WhatVanishesIsToldOnce) {
  configure("");
  std::string histogram = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n";
  EXPECT_EQ(scrape("a{x=\"1\"} 1\na{x=\"2\"} 2\n" + histogram).size(), 3U);
  EXPECT_EQ(scrape("a{x=\"2\"} 3\n"),
            (Lines{"a gauge {env=prod,x=2} 3", "a gauge {env=prod,x=1} stale", "h histogram {env=prod} stale counts=0,0 bounds=1"}));
  EXPECT_EQ(table->size(), 1U);
  EXPECT_EQ(scrape("a{x=\"2\"} 3\n"), (Lines{"a gauge {env=prod,x=2} 3"}));
  EXPECT_EQ(fail_scrape(), (Lines{"a gauge {env=prod,x=2} stale"}));
  EXPECT_EQ(fail_scrape(), (Lines{}));
  EXPECT_EQ(scrape("a{x=\"2\"} 4\n"), (Lines{"a gauge {env=prod,x=2} 4"}));
  // Broken text: not a sample of it counts.
  EXPECT_EQ(scrape("a{x=\"2\"} 5\nb 1\nc{\n"), (Lines{"a gauge {env=prod,x=2} stale"}));
  EXPECT_EQ(round->error().message(), "line 3: expected the name of a label, found the end of the line");
  EXPECT_EQ(scrape(""), (Lines{}));
  EXPECT_EQ(table->size(), 0U);
}

TEST_F(Scrapes, TimestampsOfTheTarget) {
  configure("");
  EXPECT_EQ(scrape("a 1 1600000000000\na 2 1600000001000\nb 3\n"),
            (Lines{"a gauge {env=prod} at1600000000000 1", "a gauge {env=prod} at1600000001000 2", "b gauge {env=prod} 3"}));
  // Whoever dates samples says himself how long they count.
  EXPECT_EQ(scrape("b 3\n"), (Lines{"b gauge {env=prod} 3"}));
  configure("    track_timestamps_staleness: true\n");
  scrape("a 1 1600000000000\n");
  EXPECT_EQ(scrape(""), (Lines{"a gauge {env=prod} stale"}));
  configure("    honor_timestamps: false\n");
  EXPECT_EQ(scrape("a 1 1600000000000\n"), (Lines{"a gauge {env=prod} 1"}));
  EXPECT_EQ(scrape(""), (Lines{"a gauge {env=prod} stale"}));
}

// A clock that was never set, or set to anything. OTLP counts nanoseconds since 1970 in 63 bits.
TEST_F(Scrapes, TimesThatCannotBeToldAreDropped) {
  configure("");
  EXPECT_EQ(scrape("a 1 -5\na 2 0\na 3 9223372036855\na 4 9223372036854775807\na 5 9223372036853\nb 6 1\nc 7\n"),
            (Lines{"a gauge {env=prod} at9223372036853 5", "b gauge {env=prod} at1 6", "c gauge {env=prod} 7"}));
  EXPECT_EQ(round->counts().unusable, 4U);
  EXPECT_EQ(round->counts().scraped, 7U);
}

TEST_F(Scrapes, LabelsOfTargetAndTextMeet) {
  std::string text = "a{env=\"dev\",job=\"x\"} 1\nb{exported_env=\"old\",env=\"dev\"} 2\nc{env=\"\"} 3\n";
  configure("");
  EXPECT_EQ(scrape(text), (Lines{"a gauge {env=prod,exported_env=dev,exported_job=x} 1",
                                 "b gauge {env=prod,exported_env=old,exported_exported_env=dev} 2", "c gauge {env=prod} 3"}));
  configure("    honor_labels: true\n", "{external_labels: {site: home}}");
  EXPECT_EQ(scrape("a{env=\"dev\"} 1\n"), (Lines{"a gauge {env=dev,site=home} 1"}));
}

// Guarantee: no label, from wherever it comes, says that the data is another customer's, and none of two series is lost for it.
TEST_F(Scrapes, LabelsDoNotSayWhoseTheDataIs) {
  std::string text = "a{customer_id=\"b\"} 1\na{customer_id=\"c\"} 2\na{customer_id=\"cliente-a\",x=\"y\"} 3\n";
  report.emplace();
  configure("    customer: cliente-a\n", "{external_labels: {customer_id: d}}");
  EXPECT_EQ(scrape(text).front(), "up gauge {env=prod,exported_customer_id=d} 0");
  report.reset();
  for (std::string honor : {"", "    honor_labels: true\n"}) {
    configure("    customer: cliente-a\n" + honor);
    EXPECT_EQ(
        scrape(text + "target_info{customer_id=\"b\",version=\"1\"} 1\n"),
        (Lines{"a gauge {env=prod,exported_customer_id=b} 1", "a gauge {env=prod,exported_customer_id=c} 2", "a gauge {env=prod,x=y} 3"}));
    EXPECT_TRUE(resource.ends_with("env=prod,exported_customer_id=b,version=1,customer.id=cliente-a}")) << resource;
  }
  configure("    customer: cliente-a\n    metric_relabel_configs: [{target_label: customer_id, replacement: b}]\n");
  EXPECT_EQ(scrape("x 1\n"), (Lines{"x gauge {env=prod,exported_customer_id=b} 1"}));
  configure("");
  EXPECT_EQ(scrape("x{customer_id=\"b\"} 1\n"), (Lines{"x gauge {customer_id=b,env=prod} 1"})) << "without a customer the target says it";
}

TEST_F(Scrapes, MetricRelabelling) {
  configure(
      "    metric_relabel_configs:\n    - {source_labels: [__name__], regex: drop_.*, action: drop}\n    - {regex: noise, action: "
      "labeldrop}\n"
      "    - {source_labels: [__name__], regex: old_(.*), target_label: __name__, replacement: 'new_$1'}\n");
  std::string text = "drop_me 1\nold_a{noise=\"1\"} 2\nold_a{noise=\"2\"} 3\nb{noise=\"x\",k=\"v\"} 4\n";
  EXPECT_EQ(scrape(text), (Lines{"new_a gauge {env=prod} 2", "b gauge {env=prod,k=v} 4"}));
  EXPECT_EQ(round->counts().scraped, 4U);
  EXPECT_EQ(round->counts().kept, 3U);
  EXPECT_EQ(round->counts().duplicates, 1U);
  EXPECT_EQ(scrape(text).size(), 2U);
  // The twin takes over when the first one goes.
  EXPECT_EQ(scrape("old_a{noise=\"2\"} 5\n"), (Lines{"new_a gauge {env=prod} stale", "b gauge {env=prod,k=v} stale"}));
  EXPECT_EQ(scrape("old_a{noise=\"2\"} 6\n"), (Lines{"new_a gauge {env=prod} 6"}));
}

TEST_F(Scrapes, Limits) {
  configure("    sample_limit: 2\n");
  EXPECT_EQ(scrape("a 1\nb 2\n").size(), 2U);
  EXPECT_EQ(scrape("a 1\nb 2\nc 3\n"), (Lines{"a gauge {env=prod} stale", "b gauge {env=prod} stale"}));
  EXPECT_EQ(round->counts().kept, 3U);
  configure("    label_limit: 4\n");
  EXPECT_EQ(scrape("a 1\n").size(), 1U);  // the name, job, instance and env
  EXPECT_EQ(scrape("b{x=\"y\"} 1\n"), (Lines{"a gauge {env=prod} stale"}));
  configure("    label_value_length_limit: 10\n");
  EXPECT_EQ(scrape("a{x=\"0123456789\"} 1\n").size(), 1U);
  EXPECT_NE(scrape("a{x=\"01234567890\"} 1\n")[0].find("stale"), std::string::npos);
  configure("    label_name_length_limit: 8\n");
  EXPECT_EQ(scrape("a{longer678=\"1\"} 1\n").size(), 0U);
  configure("    metric_name_validation_scheme: legacy\n");
  EXPECT_EQ(scrape("{\"a.b\"} 1\n").size(), 0U);
  EXPECT_FALSE(round->error().is_ok());
}

TEST_F(Scrapes, OddHistogramsDoNoHarm) {
  configure("");
  EXPECT_EQ(
      scrape("# TYPE h histogram\n"
             "h_bucket{p=\"1\",le=\"1\"} 1\nh_bucket{p=\"2\",le=\"1\"} 5\nh_count{p=\"2\"} 6\nh_bucket{p=\"1\",le=\"0.5\"} "
             "4\nh_count{p=\"1\"} 7\n"
             "h_bucket{p=\"3\",le=\"+Inf\"} 9\nh_bucket{p=\"4\",le=\"1\"} 9\nh_bucket{p=\"5\"} 1\nh_bucket{le=\"x\"} 1\nh "
             "4\nh_count{p=\"6\"} NaN\n"),
      (Lines{"h histogram {env=prod,p=1} count=7 counts=4,0,6 bounds=0.500000,1", "h histogram {env=prod,p=2} count=6 counts=5,1 bounds=1",
             "h histogram {env=prod,p=3} count=9 counts=9", "h histogram {env=prod,p=6} count=0 counts=0"}));
  EXPECT_EQ(round->counts().unusable, 3U);
}

TEST_F(Scrapes, TypesMayChange) {
  configure("");
  EXPECT_EQ(scrape("# TYPE a gauge\na 1\n"), (Lines{"a gauge {env=prod} 1"}));
  EXPECT_EQ(scrape("# TYPE a counter\na 2\n"), (Lines{"a gauge {env=prod} stale", "a sum+ {env=prod} 2"}));
  EXPECT_EQ(scrape("# TYPE a counter\na 3\n"), (Lines{"a sum+ {env=prod} 3"}));
}

TEST_F(Scrapes, DuplicatesAreCountedAndTheFirstWins) {
  configure("");
  EXPECT_EQ(scrape("a 1\na 2\na 3\n"), (Lines{"a gauge {env=prod} 1"}));
  EXPECT_EQ(round->counts().duplicates, 2U);
  EXPECT_EQ(scrape("a{x=\"1\",x=\"2\"} 1\n"), (Lines{"a gauge {env=prod} stale"}));
  EXPECT_FALSE(round->error().is_ok());
}

TEST_F(Scrapes, TheStartTimeMetricDatesWhatHasNoDateOfItsOwn) {
  configure("");
  settings.uses_start_time_metric = true;
  EXPECT_EQ(scrape("# TYPE a counter\na 1\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1650000000\n"),
            (Lines{"a sum+ {env=prod} since1650000000 1", "process_start_time_seconds gauge {env=prod} 1650000000"}));
}

TEST_F(Scrapes, SuffixesCanBeTrimmed) {
  configure("");
  settings.trims_suffixes = true;
  EXPECT_EQ(scrape("# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 5\n# EOF\n", true), (Lines{"a sum+ {env=prod} 5"}));
}

// Guarantee: series that are known by their hash, without being read, are the ones that reading finds; whatever else stands there is read.
TEST_F(Scrapes, ExpectedSeriesAreTheOnesThatReadingFinds) {
  configure("");
  Random random(20240610);
  const std::vector<std::string> lines = {"a 1\n",
                                          "a{x=\"1\"} 1\n",
                                          "a {x=\"1\"} 1\n",
                                          "a  {x=\"1\"} 1\n",
                                          "a{x=\"1\"}1\n",
                                          "a\t1\n",
                                          "a  1\n",
                                          "ab 1\n",
                                          "a:b 2\n",
                                          "a{x=\"1\",y=\"}\"} 3 1600000000000\n",
                                          "a{x=\"1\",y=\"two\nlines\"} 4\n",
                                          " a 5\n",
                                          "{\"a\",x=\"1\"} 6\n",
                                          "# TYPE a gauge\n",
                                          "# TYPE a counter\n",
                                          "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n",
                                          "h_sum 2\n",
                                          "a{x=\"1\"",
                                          "a"};
  for (int i = 0; i < 1000; i++) {
    std::vector<std::string> texts(3);
    for (std::string& text : texts)
      for (uint64_t count = random.below(8); count > 0; count--) text += lines[random.below(i % 10 == 0 ? lines.size() : lines.size() - 2)];
    std::vector<Lines> found[2];
    for (bool expects : {false, true}) {
      table.emplace("web", "host:80", 7);
      is_expecting = expects;
      for (const std::string& text : texts) {
        found[expects].push_back(scrape(text));
        found[expects].push_back({round->error().to_string(), std::to_string(round->counts().duplicates)});
        now_ms -= 1000;
      }
    }
    ASSERT_EQ(found[true], found[false]) << texts[0] << "---\n" << texts[1] << "---\n" << texts[2];
  }
}

// A large scrape comes in slices, each a whole request, and a metric goes on in the next one.
TEST_F(Scrapes, LargeScrapesAreCut) {
  configure("");
  std::string text = "# TYPE a counter\n# TYPE h histogram\n";
  for (int i = 0; i < 30'000; i++) text += "a{number=\"" + std::to_string(i) + "\"} " + std::to_string(i) + "\n";
  for (int i = 0; i < 10'000; i++)
    for (std::string_view part : {"_bucket{le=\"1\",", "_bucket{le=\"+Inf\",", "_count{"})
      text += "h" + std::string(part) + "number=\"" + std::to_string(i) + "\"} 5\n";
  for (int round = 0; round < 2; round++) {
    Lines points = scrape(text);
    ASSERT_EQ(points.size(), 40'000U);
    EXPECT_GE(slices, 3U);
    EXPECT_EQ(points[29'999], "a sum+ {env=prod,number=29999} 29999");
    EXPECT_EQ(points[39'999], "h histogram {env=prod,number=9999} count=5 counts=5,0 bounds=1");
  }
}

// A hundred thousand series of eight labels each: what is kept of them stays below 200 bytes, and churn does not add up.
TEST_F(Scrapes, StateIsSmallAndChurnDoesNotAddUp) {
  configure("");
  auto text_of = [](int first, int count) {
    std::string text = "# TYPE http_requests_total counter\n";
    for (int i = first; i < first + count; i++)
      text += "http_requests_total{method=\"GET\",code=\"200\",handler=\"/api/v1/query\",id=\"" + std::to_string(i) + "\"} 1\n";
    return text;
  };
  scrape(text_of(0, 100'000));
  EXPECT_LT(table->memory_bytes(), 200U * 100'000U);
  for (int i = 0; i < 20; i++) scrape(text_of(i * 1000, 2000));
  EXPECT_LT(table->memory_bytes(), 400U * 2000U);
  EXPECT_EQ(table->size(), 2000U);
}

}  // namespace

}  // namespace vigia::receivers
