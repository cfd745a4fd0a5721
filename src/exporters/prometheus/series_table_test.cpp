// Scenario: points come in every order and temporality, conflict, end, expire, and are too many.
// Guarantee: the page shows each series once with its newest value, sums of deltas, and nothing that has ended.

#include "exporters/prometheus/series_table.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"
#include "prometheus/test_metrics.h"

namespace vigia::exporters {
namespace {

using otlp::MetricKind;
using prometheus::test::metric;
using prometheus::test::number_point;
using prometheus::test::PointTimes;
using prometheus::test::request;
using prometheus::test::Title;

constexpr uint64_t s = 1'000'000'000;

class SeriesTableTest : public testing::Test {
 protected:
  void limit(uint64_t max_series, int64_t expiration_ms = 300'000) {
    prometheus::TranslateSettings settings;
    settings.has_external_labels_on_target_info = false;
    table_ = std::make_unique<SeriesTable>(kit_.context("prometheus"), settings, SeriesTable::Limits{max_series, expiration_ms});
  }
  void SetUp() override { limit(1000); }
  void take(const std::vector<std::string>& metrics, int64_t now_ms = 1'000) { table_->take(request(metrics), now_ms); }
  // The samples, without comments.
  std::string page(int64_t now_ms = 1'000, prometheus::ExpositionFormat::Kind kind = prometheus::ExpositionFormat::Kind::text) {
    Appender out(kit_.ledger);
    table_->write(*prometheus::open_writer({kind, prometheus::Escaping::underscores, "0.0.4"}, out), false, now_ms);
    std::string lines;
    std::string_view text = out.view();
    while (!text.empty()) {
      std::string_view line = text.substr(0, text.find('\n') + 1);
      if (line[0] != '#') lines += line;
      text.remove_prefix(line.size());
    }
    return lines;
  }
  double dropped(const std::string& reason) {
    return kit_.metric("vigia_exporter_prometheus_dropped_points_total{exporter=\"prometheus\",reason=\"" + reason + "\"}");
  }

  pipeline::test::Kit kit_;
  std::unique_ptr<SeriesTable> table_;
};

TEST_F(SeriesTableTest, the_newest_value_counts) {
  take({metric({"g"}, {number_point(1, {{"a", "b"}}, {10 * s})})});
  take({metric({"g"}, {number_point(3, {{"a", "b"}}, {30 * s}), number_point(9, {{"a", "c"}}, {5 * s})})});
  take({metric({"g"}, {number_point(2, {{"a", "b"}}, {20 * s})})});
  EXPECT_EQ(page(), "g{a=\"b\"} 3\ng{a=\"c\"} 9\n");
  EXPECT_EQ(dropped("too_old"), 1);
  EXPECT_EQ(table_->series_count(), 2u);
}

TEST_F(SeriesTableTest, deltas_are_added_up) {
  Title sum{"c", "", MetricKind::sum, true, 1};
  take({metric(sum, {number_point(5, {}, {20 * s, 10 * s})})});
  take({metric(sum, {number_point(2, {}, {30 * s, 20 * s}), number_point(1, {}, {40 * s, 30 * s})})});
  EXPECT_EQ(page(), "c_total 8\n");
  take({metric(sum, {number_point(7, {}, {25 * s, 20 * s})})});
  EXPECT_EQ(page(), "c_total 8\n") << "it came too late";
  take({metric(sum, {number_point(4, {}, {60 * s, 55 * s})})});
  EXPECT_EQ(page(), "c_total 4\n") << "something is missing between: it begins anew";
  Title plain{"d", "", MetricKind::sum, false, 1};
  Title nothing{"e", "", MetricKind::sum, true, 0};
  take({metric(plain, {number_point(1)}), metric(nothing, {number_point(1), number_point(2)})});
  EXPECT_EQ(page(), "c_total 4\n");
  EXPECT_EQ(dropped("not_cumulative"), 3);
}

TEST_F(SeriesTableTest, histograms_of_deltas) {
  Title title{"h", "", MetricKind::histogram, false, 1};
  auto point = [](uint64_t start, uint64_t end, std::vector<double> bounds, std::vector<uint64_t> counts) {
    return prometheus::test::histogram_point(bounds, counts, 10, {}, {end * s, start * s});
  };
  take({metric(title, {point(10, 20, {1}, {1, 2})})});
  take({metric(title, {point(20, 30, {1}, {3, 4})})});
  EXPECT_EQ(page(), "h_bucket{le=\"1\"} 4\nh_bucket{le=\"+Inf\"} 10\nh_sum 20\nh_count 10\n");
  take({metric(title, {point(15, 40, {1}, {9, 9})})});
  EXPECT_EQ(dropped("too_old"), 1);
  take({metric(title, {point(30, 40, {1, 2}, {1, 1, 1})})});
  EXPECT_EQ(page(), "h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 10\nh_count 3\n") << "other bounds";
}

TEST_F(SeriesTableTest, exponential_histograms_of_deltas) {
  Title title{"e", "", MetricKind::exponential_histogram, false, 1};
  auto point = [](uint64_t start, uint64_t end, int32_t scale, prometheus::test::Side positive) {
    return prometheus::test::exponential_point(scale, 1, positive, {}, 2, {}, {end * s, start * s});
  };
  take({metric(title, {point(10, 20, 3, {0, {1, 2, 3, 4}})})});
  take({metric(title, {point(20, 30, 2, {-1, {5, 6}})})});
  EXPECT_EQ(page(), "e_bucket{le=\"+Inf\"} 23\ne_sum 4\ne_count 23\n");
  // Far apart: they are made coarser until one list holds both.
  take({metric(title, {point(30, 40, 2, {4'000, {1}})}), metric(title, {point(40, 50, 8, {-200'000, {1}})})});
  EXPECT_EQ(page(), "e_bucket{le=\"+Inf\"} 27\ne_sum 8\ne_count 27\n");
  // No number lies there: such a point begins anew.
  take({metric(title, {point(50, 60, 2, {2'000'000'000, {1}})})});
  EXPECT_EQ(page(), "e_bucket{le=\"+Inf\"} 2\ne_sum 2\ne_count 2\n");
}

TEST_F(SeriesTableTest, types_and_helps_stay_as_they_were_first) {
  take({metric({"x", "", MetricKind::gauge, false, 2, "first"}, {number_point(1)})});
  take({metric({"x", "", MetricKind::gauge, false, 2, "second"}, {number_point(2, {}, {prometheus::test::now_ns + 1})}),
        metric({"x", "", MetricKind::summary}, {prometheus::test::summary_point({}, 1, 1)})});
  EXPECT_EQ(page(), "x 2\n");
  EXPECT_EQ(dropped("type_conflict"), 1);
  EXPECT_EQ(kit_.sink->count("two types"), 1u);
  Appender out(kit_.ledger);
  table_->write(*prometheus::open_writer({}, out), false, 1'000);
  EXPECT_TRUE(out.view().starts_with("# HELP x first\n# TYPE x gauge\n")) << out.view();
}

TEST_F(SeriesTableTest, what_ended_is_gone_and_may_come_back) {
  take({metric({"g"}, {number_point(1, {{"a", "b"}}), number_point(2)})});
  take({metric({"g"}, {number_point(0, {{"a", "b"}}, {prometheus::test::now_ns, 0, 1})})});
  EXPECT_EQ(page(), "g 2\n");
  take({metric({"g"}, {number_point(7, {{"a", "b"}}, {5 * s})})});
  EXPECT_EQ(page(), "g{a=\"b\"} 7\ng 2\n") << "its earlier times do not count";
}

TEST_F(SeriesTableTest, what_expired_is_not_shown_and_is_forgotten) {
  limit(1000, 10'000);
  take({metric({"old"}, {number_point(1)}), metric({"g"}, {number_point(1, {{"a", "old"}})})}, 1'000);
  take({metric({"g"}, {number_point(2, {{"a", "new"}})})}, 8'000);
  EXPECT_EQ(page(11'000), "g{a=\"old\"} 1\ng{a=\"new\"} 2\nold 1\n");
  EXPECT_EQ(page(11'001), "g{a=\"new\"} 2\n");
  EXPECT_EQ(table_->series_count(), 3u);
  while (table_->sweep_some(11'001)) continue;
  EXPECT_EQ(table_->series_count(), 1u);
  EXPECT_EQ(page(11'001), "g{a=\"new\"} 2\n");
}

TEST_F(SeriesTableTest, a_sweep_of_many) {
  limit(100'000, 10'000);
  std::vector<std::string> points;
  std::vector<std::string> names;
  for (int i = 0; i < 3'000; i++) names.push_back(std::to_string(i));
  for (const std::string& name : names) points.push_back(number_point(1, {{"n", name}}));
  take({metric({"a"}, points), metric({"b"}, points)}, 1'000);
  std::vector<std::string> kept(points.begin(), points.begin() + 700);
  take({metric({"b"}, kept)}, 9'000);
  while (table_->sweep_some(12'000)) continue;
  EXPECT_EQ(table_->series_count(), 700u);
  std::string shown = page(12'000);
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 700);
}

TEST_F(SeriesTableTest, no_more_than_may_be) {
  limit(2);
  take({metric({"g"}, {number_point(1, {{"n", "1"}}), number_point(1, {{"n", "2"}}), number_point(1, {{"n", "3"}})}),
        metric({"h"}, {number_point(1)})});
  EXPECT_EQ(table_->series_count(), 2u);
  EXPECT_EQ(dropped("series_limit"), 2);
  take({metric({"g"}, {number_point(5, {{"n", "2"}}, {prometheus::test::now_ns + 1})})});
  EXPECT_EQ(page(), "g{n=\"1\"} 1\ng{n=\"2\"} 5\n") << "those that are there go on";
  take({metric({"g"}, {number_point(1, {{"n", std::string(70'000, 'x')}})})});
  EXPECT_EQ(dropped("labels_too_long"), 1);
}

TEST_F(SeriesTableTest, one_target_info_for_each_target) {
  auto of = [](std::string_view version, uint64_t time_ns) {
    return prometheus::test::resource({{"service.name", "shop"}, {"service.version", version}},
                                      {prometheus::test::scope("", "", {metric({"g"}, {number_point(1, {}, {time_ns})})})});
  };
  table_->take(of("1", 10 * s), 1'000);
  table_->take(of("2", 20 * s), 1'000);
  table_->take(of("1", 15 * s), 1'000);
  EXPECT_EQ(page(), "g{job=\"shop\"} 1\ntarget_info{job=\"shop\",service_version=\"2\"} 1\n");
}

TEST_F(SeriesTableTest, exemplars_are_shown_where_the_format_has_them) {
  std::string point = prometheus::test::histogram_point({1}, {1, 1}, 3) + prometheus::test::exemplar(8, 0.5, 2 * s, std::string(16, '\1')) +
                      prometheus::test::exemplar(8, 5, 3 * s, "");
  take({metric({"h", "", MetricKind::histogram}, {point})});
  EXPECT_EQ(page(1'000, prometheus::ExpositionFormat::Kind::open_metrics),
            "h_bucket{le=\"1.0\"} 1.0 # {trace_id=\"01010101010101010101010101010101\"} 0.5 2\n"
            "h_bucket{le=\"+Inf\"} 2.0 # {} 5.0 3\nh_sum 3.0\nh_count 2.0\n");
}

}  // namespace
}  // namespace vigia::exporters
