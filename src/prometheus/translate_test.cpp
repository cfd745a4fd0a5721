// Scenario: metrics of several resources and scopes, with attributes that collide, repeat and belong to nobody.
// Guarantee: every point has the labels that the rules give, sorted, each name once.

#include "prometheus/translate.h"

#include <gtest/gtest.h>

#include <map>

#include "prometheus/test_metrics.h"

namespace vigia::prometheus {
namespace {

using otlp::MetricKind;
using test::metric;
using test::number_point;
using test::request;
using test::resource;
using test::scope;

std::string text_of(LabelSpan labels) {
  std::string text;
  std::string_view before;
  for (const LabelView& label : labels) {
    EXPECT_LT(before, label.name) << "not sorted, or twice";
    before = label.name;
    text += std::string(text.empty() ? "" : ",") + std::string(label.name) + "=" + std::string(label.value);
  }
  return text;
}

// "name{labels}" of all points, and what else it was told.
class Recorder final : public PointVisitor {
 public:
  bool on_family(const Family& family, const otlp::MetricView&) override {
    types[std::string(family.name)] = family.type;
    units[std::string(family.name)] = family.unit;
    return true;
  }
  void on_point(const Family& family, LabelSpan labels, std::string_view) override {
    points.push_back(std::string(family.name) + "{" + text_of(labels) + "}");
  }
  void on_target_info(std::string_view name, LabelSpan labels, uint64_t time_ns) override {
    infos.push_back(std::string(name) + "{" + text_of(labels) + "}");
    info_time_ns = time_ns;
  }
  void on_unusable(const otlp::MetricView& metric) override { unusable.emplace_back(metric.name()); }

  std::map<std::string, FamilyType> types;
  std::map<std::string, std::string> units;
  std::vector<std::string> points;
  std::vector<std::string> infos;
  std::vector<std::string> unusable;
  uint64_t info_time_ns = 0;
};

Recorder translated(const std::string& request, const TranslateSettings& settings = {}) {
  Recorder recorder;
  Translator(settings).translate(request, recorder);
  return recorder;
}

TEST(Translate, job_instance_scope_and_point) {
  std::string one = resource({{"service.name", "shop"}, {"service.namespace", "eu"}, {"service.instance.id", "i-1"}},
                             {scope("lib", "1.2", {metric({"a.b", "s"}, {number_point(1, {{"http.method", "GET"}})})}, {{"team", "x"}})});
  Recorder seen = translated(one);
  EXPECT_EQ(seen.points, std::vector<std::string>{"a_b_seconds{http_method=GET,instance=i-1,job=eu/shop,otel_scope_name=lib,"
                                                  "otel_scope_team=x,otel_scope_version=1.2}"});
  EXPECT_EQ(seen.units["a_b_seconds"], "seconds");
  EXPECT_TRUE(seen.infos.empty()) << "there is nothing to say besides job and instance";
}

TEST(Translate, what_makes_no_labels) {
  std::string one = resource({{"service.namespace", "eu"}, {"other", "x"}},
                             {scope("", "", {metric({"a"}, {number_point(1, {{"empty", ""}, {"", "v"}, {"__name__", "b"}})})},
                                    {{"name", "n"}, {"version", "v"}, {"schema_url", "s"}}, "http://schema")});
  Recorder seen = translated(one);
  EXPECT_EQ(seen.points, std::vector<std::string>{"a{}"});
  EXPECT_TRUE(seen.infos.empty()) << "about nobody";
  TranslateSettings with_schema;
  with_schema.has_scope_schema_url = true;
  EXPECT_EQ(translated(one, with_schema).points, std::vector<std::string>{"a{otel_scope_schema_url=http://schema}"});
  with_schema.has_scope_labels = false;
  EXPECT_EQ(translated(one, with_schema).points, std::vector<std::string>{"a{}"});
}

TEST(Translate, names_that_become_the_same_are_joined) {
  std::string one =
      request({metric({"a"}, {number_point(1, {{"x.y", "2"}, {"x_y", "3"}, {"x-y", "1"}, {"z.z", "same"}, {"z_z", "same"}})})});
  // In the order of the keys: '-' < '.' < '_'.
  EXPECT_EQ(translated(one).points, std::vector<std::string>{"a{x_y=1;2;3,z_z=same}"});
}

TEST(Translate, the_customer_is_one_label_wherever_it_stands) {
  TranslateSettings settings;
  settings.external_labels = {{"customer_id", "nobody"}, {"region", "eu"}};
  auto labels = [&](const test::Attributes& of_resource, const test::Attributes& of_point) {
    return translated(request({metric({"a"}, {number_point(1, of_point)})}, of_resource), settings).points.front();
  };
  EXPECT_EQ(labels({{"customer.id", "acme"}, {"node.id", "n1"}, {"environment", "prod"}, {"node.region", "r"}, {"host.name", "h"}}, {}),
            "a{customer_id=acme,environment=prod,node_id=n1,node_region=r,region=eu}");
  EXPECT_EQ(labels({}, {{"customer.id", "acme"}}), "a{customer_id=acme,region=eu}");
  EXPECT_EQ(labels({}, {{"customer_id", "acme"}}), "a{customer_id=acme,region=eu}");
  EXPECT_EQ(labels({{"customer.id", "acme"}}, {{"customer_id", "acme"}}), "a{customer_id=acme,region=eu}");
  // A point cannot say that it is somebody else's.
  EXPECT_EQ(labels({{"customer.id", "acme"}}, {{"customer_id", "evil"}}), "a{customer_id=acme,region=eu}");
  EXPECT_EQ(labels({}, {}), "a{customer_id=nobody,region=eu}");
}

TEST(Translate, resource_attributes_by_choice) {
  TranslateSettings settings;
  settings.resource_labels = {{"k8s.*", "host.?ame"}, {"k8s.pod.uid"}};
  std::string one =
      request({metric({"a"}, {number_point(1)})},
              {{"k8s.pod.name", "p"}, {"k8s.pod.uid", "u"}, {"host.name", "h"}, {"host.nname", "x"}, {"customer.id", "acme"}});
  EXPECT_EQ(translated(one, settings).points, std::vector<std::string>{"a{host_name=h,k8s_pod_name=p}"});
  settings.resource_labels = {{}, {"k8s.pod.uid", "customer.id", "host*"}};
  EXPECT_EQ(translated(one, settings).points, std::vector<std::string>{"a{k8s_pod_name=p}"});
  settings.resource_labels = {{}, {}};
  EXPECT_EQ(translated(one, settings).points, std::vector<std::string>{"a{}"});
}

TEST(Translate, target_info) {
  std::string points = metric({"a"}, {number_point(1, {}, {500}), number_point(1, {}, {900}), number_point(1, {}, {700})});
  std::string one =
      resource({{"service.name", "shop"}, {"host.name", "h"}, {"customer.id", "acme"}, {"host_name", "i"}}, {scope("", "", {points})});
  TranslateSettings settings;
  settings.external_labels = {{"region", "eu"}};
  settings.name_space = "ns";
  Recorder seen = translated(one, settings);
  EXPECT_EQ(seen.infos, std::vector<std::string>{"ns_target_info{customer_id=acme,host_name=h;i,job=shop,region=eu}"});
  EXPECT_EQ(seen.info_time_ns, 900u);
  settings.has_target_info = false;
  EXPECT_TRUE(translated(one, settings).infos.empty());
}

TEST(Translate, types) {
  auto with_type = [](const std::string& whole, std::string_view type) {
    // The item's content with the metadata behind it.
    otlp::Field field;
    otlp::Cursor cursor(whole);
    cursor.next(field);
    return test::message(2, std::string(field.content) + test::attributes(12, {{"prometheus.type", type}}));
  };
  test::Title sum{"sum", "", MetricKind::sum};
  Recorder seen = translated(request({metric({"g"}, {number_point(1)}), metric({"c", "", MetricKind::sum, true}, {number_point(1)}),
                                      metric(sum, {number_point(1)}), with_type(metric({"u"}, {number_point(1)}), "unknown"),
                                      with_type(metric({"i", "", MetricKind::sum}, {number_point(1)}), "info"),
                                      with_type(metric({"st", "", MetricKind::sum}, {number_point(1)}), "stateset"),
                                      metric({"h", "", MetricKind::histogram}, {test::histogram_point({1}, {1, 2}, 3)}),
                                      metric({"e", "", MetricKind::exponential_histogram}, {test::exponential_point(0, 1, {}, {}, 3)}),
                                      metric({"s", "", MetricKind::summary}, {test::summary_point({{0.5, 1}}, 1, 1)}),
                                      metric({"empty"}, {}), metric({"°"}, {number_point(1)})}));
  std::map<std::string, FamilyType> expected = {
      {"g", FamilyType::gauge},     {"c_total", FamilyType::counter}, {"sum", FamilyType::gauge},
      {"u", FamilyType::unknown},   {"i", FamilyType::info},          {"st", FamilyType::stateset},
      {"h", FamilyType::histogram}, {"e", FamilyType::histogram},     {"s", FamilyType::summary},
  };
  EXPECT_EQ(seen.types, expected);
  EXPECT_EQ(seen.unusable, (std::vector<std::string>{"empty", "°"}));
}

TEST(Translate, values_of_every_kind) {
  std::string point = number_point(1);
  otlp::append_int_attribute(point, 7, "int", -5);
  otlp::append_bool_attribute(point, 7, "bool", true);
  otlp::append_double_attribute(point, 7, "double", 0.5);
  otlp::append_list_attribute(point, 7, "list", {"a", "b"});
  EXPECT_EQ(translated(request({metric({"a"}, {point})})).points,
            std::vector<std::string>{R"(a{bool=true,double=0.5,int=-5,list=["a","b"]})"});
}

// Many that collide cost no more than one that is as long.
TEST(Translate, very_many_colliding_attributes) {
  std::string point = number_point(1);
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; i++)
    names.push_back("a" + std::string(static_cast<size_t>(i % 50) + 1, '.') + std::string(static_cast<size_t>(i / 50 % 20), '-'));
  for (size_t i = 0; i < names.size(); i++) otlp::append_attribute(point, 7, names[i], std::to_string(i));
  Recorder seen = translated(request({metric({"a"}, {point})}));
  ASSERT_EQ(seen.points.size(), 1u);
  EXPECT_GT(seen.points.front().size(), 20'000u * 5);
}

}  // namespace
}  // namespace vigia::prometheus
