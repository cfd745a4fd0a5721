// Scenario: points of all kinds as single series. Guarantee: the series, values, times and exemplars of remote write, value by value.

#include "prometheus/translate_series.h"

#include <gtest/gtest.h>

#include <limits>

#include "prometheus/number_text.h"
#include "prometheus/special_values.h"
#include "prometheus/test_metrics.h"

namespace vigia::prometheus {
namespace {

using otlp::MetricKind;
using test::metric;
using test::now_ms;
using test::now_ns;
using test::number_point;
using test::request;

std::string text_of(LabelSpan labels) {
  std::string text;
  for (const LabelView& label : labels)
    text += std::string(text.empty() ? "" : ",") + std::string(label.name) + "=" + std::string(label.value);
  return text;
}

class Recorder final : public SeriesVisitor {
 public:
  void on_family(const Family&) override {}
  void on_sample(LabelSpan labels, const SeriesSample& sample) override {
    std::string line = text_of(labels) + " ";
    is_stale(sample.value) ? line += "stale" : (append_number(line, sample.value), line);
    if (sample.time_ms != now_ms) line += " @" + std::to_string(sample.time_ms);
    if (sample.start_ms != 0) line += " since " + std::to_string(sample.start_ms);
    lines.push_back(line);
  }
  void on_histogram(LabelSpan labels, const SparseHistogram& histogram) override {
    lines.push_back(text_of(labels) + " histogram");
    histograms.push_back(histogram);
  }
  void on_exemplar(const SeriesExemplar& exemplar) override {
    std::string line = " # " + text_of(exemplar.labels) + " ";
    append_number(line, exemplar.value);
    lines.back() += line + " @" + std::to_string(exemplar.time_ms);
  }
  void on_refused(Refusal why, size_t points) override { refused[static_cast<size_t>(why)] += points; }
  size_t refusals(Refusal why) const { return refused[static_cast<size_t>(why)]; }

  std::vector<std::string> lines;
  std::vector<SparseHistogram> histograms;
  std::array<size_t, refusal_names.size()> refused{};
};

Recorder series_of(const std::string& request, const SeriesSettings& settings = {}) {
  Recorder recorder;
  SeriesTranslator(settings).translate(request, recorder);
  return recorder;
}
using Lines = std::vector<std::string>;

TEST(Series, numbers) {
  std::string counter = metric({"c", "", MetricKind::sum, true}, {number_point(2.5, {{"Zone", "a"}, {"b", "c"}}, {now_ns, 7'000'000'000})});
  Recorder seen = series_of(request({metric({"g"}, {number_point(-1)}), counter}));
  EXPECT_EQ(seen.lines, (Lines{"__name__=g -1", "Zone=a,__name__=c_total,b=c 2.5 since 7000"}));
}

TEST(Series, classic_histogram) {
  std::string point = test::histogram_point({0.5, 1e6}, {1, 2, 3}, 6.5, {{"le", "mine"}, {"a", "b"}, {"z", "y"}});
  Recorder seen = series_of(request({metric({"h", "s", MetricKind::histogram}, {point})}));
  EXPECT_EQ(seen.lines, (Lines{"__name__=h_seconds_sum,a=b,le=mine,z=y 6.5", "__name__=h_seconds_count,a=b,le=mine,z=y 6",
                               "__name__=h_seconds_bucket,a=b,le=0.5,z=y 1", "__name__=h_seconds_bucket,a=b,le=1000000,z=y 3",
                               "__name__=h_seconds_bucket,a=b,le=+Inf,z=y 6"}));
}

TEST(Series, histogram_without_buckets_or_sum) {
  std::string point = test::point_head(MetricKind::histogram, {}, {});
  otlp::append_fixed64_field(point, 4, 9);
  EXPECT_EQ(series_of(request({metric({"h", "", MetricKind::histogram}, {point})})).lines,
            (Lines{"__name__=h_count 9", "__name__=h_bucket,le=+Inf 9"}));
}

TEST(Series, exemplars_stand_with_their_bucket) {
  std::string point = test::histogram_point({1, 10}, {1, 1, 1}, 30);
  std::string trace(16, '\1');
  point += test::exemplar(8, 20, 3'000'000, trace) + test::exemplar(8, 10, 2'000'000, trace, {{"user.id", "u"}}) +
           test::exemplar(8, 0.5, 1'000'000, "");
  Recorder seen = series_of(request({metric({"h", "", MetricKind::histogram}, {point})}));
  std::string id = "trace_id=01010101010101010101010101010101";
  EXPECT_EQ(seen.lines,
            (Lines{"__name__=h_sum 30", "__name__=h_count 3", "__name__=h_bucket,le=1 1 #  0.5 @1",
                   "__name__=h_bucket,le=10 2 # " + id + ",user_id=u 10 @2", "__name__=h_bucket,le=+Inf 3 # " + id + " 20 @3"}));
}

TEST(Series, exemplars_of_counters_in_time_and_length) {
  std::string long_text(200, 'x');
  std::string point =
      number_point(1) + test::exemplar(5, 2, 2'000'000, std::string(16, '\2'), {{"a", long_text}}) + test::exemplar(5, 1, 1'000'000, "");
  Recorder seen = series_of(request({metric({"c", "", MetricKind::sum, true}, {point})}));
  EXPECT_EQ(seen.lines, (Lines{"__name__=c_total 1 #  1 @1 # trace_id=02020202020202020202020202020202 2 @2"}));
  EXPECT_EQ(series_of(request({metric({"g"}, {point})})).lines, (Lines{"__name__=g 1"})) << "gauges have none";
}

TEST(Series, summary) {
  std::string point = test::summary_point({{0.5, 1}, {0.99, 7.5}, {1, 9}}, 4, 12);
  EXPECT_EQ(series_of(request({metric({"s", "", MetricKind::summary}, {point})})).lines,
            (Lines{"__name__=s_sum 12", "__name__=s_count 4", "__name__=s,quantile=0.5 1", "__name__=s,quantile=0.99 7.5",
                   "__name__=s,quantile=1 9"}));
}

TEST(Series, ended_series_are_marked) {
  test::PointTimes ended{now_ns, 0, 1};
  Recorder seen = series_of(
      request({metric({"g"}, {number_point(1, {}, ended)}),
               metric({"h", "", MetricKind::histogram}, {test::histogram_point({1}, {1, 2}, 3, {}, ended)}),
               metric({"s", "", MetricKind::summary}, {test::summary_point({{0.5, 1}}, 1, 1, {}, ended)}),
               metric({"e", "", MetricKind::exponential_histogram}, {test::exponential_point(2, 1, {0, {5}}, {}, 3, {}, ended)})}));
  for (const std::string& line : seen.lines) EXPECT_TRUE(line.ends_with("stale") || line.ends_with("histogram")) << line;
  EXPECT_EQ(seen.lines.size(), 1u + 4 + 3 + 1);
  ASSERT_EQ(seen.histograms.size(), 1u);
  EXPECT_TRUE(is_stale(seen.histograms[0].sum));
  EXPECT_TRUE(seen.histograms[0].positive.deltas.empty());
  EXPECT_EQ(seen.histograms[0].schema, 2);
}

TEST(Series, what_has_no_place) {
  test::Title delta{"d", "", MetricKind::sum, true, 1};
  test::Title unspecified{"u", "", MetricKind::histogram, false, 0};
  Recorder seen =
      series_of(request({metric(delta, {number_point(1), number_point(2)}), metric(unspecified, {test::histogram_point({}, {1}, 1)}),
                         metric({"g"}, {number_point(1, {}, {0})}), metric({"°"}, {number_point(1)}),
                         metric({"e", "", MetricKind::exponential_histogram},
                                {test::exponential_point(-5, 1, {}, {}, 1), test::exponential_point(40, 1, {}, {}, 1)}),
                         metric({"ok"}, {number_point(3)})}));
  EXPECT_EQ(seen.lines, (Lines{"__name__=ok 3"}));
  EXPECT_EQ(seen.refusals(Refusal::temporality), 3u);
  EXPECT_EQ(seen.refusals(Refusal::no_time), 1u);
  EXPECT_EQ(seen.refusals(Refusal::no_name), 1u);
  EXPECT_EQ(seen.refusals(Refusal::unusable_histogram), 2u);
}

TEST(Series, custom_buckets_beside_classic_ones) {
  SeriesSettings settings;
  settings.has_custom_bucket_histograms = true;
  std::string one = request({metric({"h", "", MetricKind::histogram}, {test::histogram_point({1, 10}, {1, 0, 2}, 30)})});
  Recorder seen = series_of(one, settings);
  EXPECT_EQ(seen.lines.size(), 1u + 5);
  settings.has_classic_histograms = false;
  seen = series_of(one, settings);
  EXPECT_EQ(seen.lines, (Lines{"__name__=h histogram"}));
  const SparseHistogram& histogram = seen.histograms.at(0);
  EXPECT_EQ(histogram.schema, custom_buckets_schema);
  EXPECT_EQ(histogram.custom_bounds, (std::vector<double>{1, 10}));
  EXPECT_EQ(histogram.positive.spans, (std::vector<BucketSpan>{{0, 3}}));
  EXPECT_EQ(histogram.positive.deltas, (std::vector<int64_t>{1, -1, 2}));
}

TEST(Series, target_info_is_one_more) {
  std::string one =
      test::resource({{"service.name", "shop"}, {"host.name", "h"}}, {test::scope("", "", {metric({"g"}, {number_point(1)})})});
  EXPECT_EQ(series_of(one).lines, (Lines{"__name__=g,job=shop 1", "__name__=target_info,host_name=h,job=shop 1"}));
}

}  // namespace
}  // namespace vigia::prometheus
