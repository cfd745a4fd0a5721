// Scenario: one page of every kind of metric, for scrapers of every age. Guarantee: byte for byte what the formats say.

#include "prometheus/text_writer.h"

#include <gtest/gtest.h>

#include "otlp/field_view.h"

namespace vigia::prometheus {
namespace {

using Kind = ExpositionFormat::Kind;

class Page {
 public:
  explicit Page(const ExpositionFormat& format) : out_(ledger_), writer_(open_writer(format, out_)) {}

  void family(std::string_view name, FamilyType type, const std::vector<ExposedPoint>& points, std::string_view help = "what it is") {
    writer_->begin_family({name, help, type});
    for (const ExposedPoint& point : points) writer_->point(point);
    writer_->end_family();
  }
  std::string text() {
    writer_->end();
    return std::string(out_.view());
  }

 private:
  MemoryLedger ledger_;
  Appender out_;
  std::unique_ptr<ExpositionWriter> writer_;
};

const LabelView plain_labels[] = {{"a", "b"}, {"path", "C:\\x\n\"y\""}};
const LabelView trace[] = {{"trace_id", "abc"}};

ExposedPoint point_of(double value) {
  ExposedPoint point;
  point.labels = plain_labels;
  point.value = value;
  return point;
}

std::string page_of(Kind kind) {
  Page page({kind, Escaping::underscores, ""});
  ExposedPoint gauge = point_of(1.5);
  gauge.time_ms = 1'700'000'000'120;
  page.family("g", FamilyType::gauge, {gauge}, "line\nbreak \"q\" \\");
  std::optional<ExposedExemplar> exemplars[] = {ExposedExemplar{trace, 0.5, 1'500'000'000}};
  ExposedPoint counter = point_of(3);
  counter.exemplars = exemplars;
  page.family("c_total", FamilyType::counter, {counter});
  double bounds[] = {0.5, 10};
  uint64_t counts[] = {1, 2};
  std::optional<ExposedExemplar> of_buckets[] = {std::nullopt, ExposedExemplar{{}, 7, 0}, std::nullopt};
  ExposedPoint histogram;
  histogram.bounds = bounds;
  histogram.cumulative_counts = counts;
  histogram.count = 4;
  histogram.sum = 30;
  histogram.exemplars = of_buckets;
  page.family("h", FamilyType::histogram, {histogram});
  std::pair<double, double> quantiles[] = {{0.5, 1}, {1, 2}};
  ExposedPoint summary;
  summary.quantiles = quantiles;
  summary.count = 2;
  summary.sum = 3;
  page.family("s", FamilyType::summary, {summary});
  page.family("u", FamilyType::unknown, {ExposedPoint()}, "");
  return page.text();
}

TEST(TextWriter, text) {
  EXPECT_EQ(page_of(Kind::text), R"(# HELP g line\nbreak "q" \\
# TYPE g gauge
g{a="b",path="C:\\x\n\"y\""} 1.5 1700000000120
# HELP c_total what it is
# TYPE c_total counter
c_total{a="b",path="C:\\x\n\"y\""} 3
# HELP h what it is
# TYPE h histogram
h_bucket{le="0.5"} 1
h_bucket{le="10"} 2
h_bucket{le="+Inf"} 4
h_sum 30
h_count 4
# HELP s what it is
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="1"} 2
s_sum 3
s_count 2
# HELP u )"
                                 "\n# TYPE u untyped\nu 0\n");
}

TEST(TextWriter, open_metrics) {
  EXPECT_EQ(page_of(Kind::open_metrics), R"(# HELP g line\nbreak \"q\" \\
# TYPE g gauge
g{a="b",path="C:\\x\n\"y\""} 1.5 1700000000.120
# HELP c what it is
# TYPE c counter
c_total{a="b",path="C:\\x\n\"y\""} 3.0 # {trace_id="abc"} 0.5 1.500
# HELP h what it is
# TYPE h histogram
h_bucket{le="0.5"} 1.0
h_bucket{le="10.0"} 2.0 # {} 7.0
h_bucket{le="+Inf"} 4.0
h_sum 30.0
h_count 4.0
# HELP s what it is
# TYPE s summary
s{quantile="0.5"} 1.0
s{quantile="1.0"} 2.0
s_sum 3.0
s_count 2.0
# TYPE u unknown
u 0.0
# EOF
)");
}

TEST(TextWriter, names_in_utf8) {
  const LabelView labels[] = {{"http.méthode", "x"}, {"plain", "y"}};
  ExposedPoint point;
  point.labels = labels;
  auto page = [&](Escaping escaping) {
    Page one({Kind::text, escaping, ""});
    one.family("débit.total", FamilyType::gauge, {point}, "");
    return one.text();
  };
  EXPECT_EQ(page(Escaping::utf8),
            "# HELP \"débit.total\" \n# TYPE \"débit.total\" gauge\n{\"débit.total\",\"http.méthode\"=\"x\",plain=\"y\"} 0\n");
  EXPECT_EQ(page(Escaping::underscores), "# HELP d_bit_total \n# TYPE d_bit_total gauge\nd_bit_total{http_m_thode=\"x\",plain=\"y\"} 0\n");
  EXPECT_EQ(page(Escaping::dots),
            "# HELP d__bit_dot_total \n# TYPE d__bit_dot_total gauge\nd__bit_dot_total{http_dot_m__thode=\"x\",plain=\"y\"} 0\n");
  EXPECT_EQ(
      page(Escaping::values),
      "# HELP U__d_e9_bit_2e_total \n# TYPE U__d_e9_bit_2e_total gauge\nU__d_e9_bit_2e_total{U__http_2e_m_e9_thode=\"x\",plain=\"y\"} 0\n");
}

TEST(TextWriter, protobuf) {
  std::string page = page_of(Kind::protobuf);
  std::vector<std::string> names;
  std::string_view rest = page;
  while (!rest.empty()) {
    otlp::Cursor cursor(rest);
    uint64_t size = 0;
    ASSERT_TRUE(cursor.next_varint(size));
    rest.remove_prefix(static_cast<size_t>(cursor.position() - rest.data()));
    ASSERT_LE(size, rest.size());
    std::string_view family = rest.substr(0, size);
    rest.remove_prefix(size);
    names.emplace_back(otlp::bytes_field(family, 1));
    std::string_view metric = otlp::message_field(family, 4);
    if (names.back() == "g") {
      EXPECT_EQ(otlp::double_field(otlp::message_field(metric, 2), 1), 1.5);
    }
    if (names.back() != "h") continue;
    std::string_view histogram = otlp::message_field(metric, 7);
    EXPECT_EQ(otlp::varint_field(histogram, 1), 4u);
    EXPECT_EQ(otlp::RepeatedMessages(histogram, 3).count(), 3u);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"g", "c_total", "h", "s", "u"}));
}

TEST(Negotiation, what_is_asked_for) {
  auto type = [](std::string_view accept, bool has_open_metrics = true) {
    return negotiate_format(accept, has_open_metrics).content_type();
  };
  std::string text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
  std::string protobuf =
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores";
  EXPECT_EQ(type(""), text);
  EXPECT_EQ(type("*/*"), text);
  EXPECT_EQ(type("application/json"), text);
  EXPECT_EQ(type("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores");
  EXPECT_EQ(type("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", false), text);
  EXPECT_EQ(type("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;q=0.5"),
            protobuf);
  EXPECT_EQ(type("text/plain;q=0.7,application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6"),
            text);
  EXPECT_EQ(
      type("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  EXPECT_EQ(type("text/plain;version=1.0.0;escaping=values"), "text/plain; version=1.0.0; charset=utf-8; escaping=values");
  EXPECT_EQ(type("text/plain;version=0.0.4;q=0,application/openmetrics-text;version=1.0.0"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores");
  EXPECT_EQ(type(";;;,=,text/plain;;q=x"), text);
  EXPECT_EQ(type(std::string(100'000, ',') + "text/plain"), text);
}

}  // namespace
}  // namespace vigia::prometheus
