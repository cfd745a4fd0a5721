#pragma once

// OTLP metrics as Prometheus sees them: names, types, units and labels of every data point, by the rules of the OpenTelemetry specification
// ("Prometheus and OpenMetrics compatibility") as the Collector and Prometheus itself apply them.
//
// The labels of a point, where several things give the same name, are in this order: `job` and `instance`, the scope's (otel_scope_*),
// resource attributes that are labels by configuration, the point's attributes, external labels. Attributes whose names become the same
// label are joined by ';'.
//
// A Translator reads requests in wire form and calls a visitor for each point. What it hands out is valid during the call only. It allocates
// nothing for a point once its buffers have grown. For one thread at a time.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "otlp/metric_view.h"
#include "prometheus/label_set.h"
#include "prometheus/names.h"
#include "prometheus/resource_labels.h"

namespace vigia::prometheus {

// The numbers are those of remote write.
enum class FamilyType : uint8_t { unknown = 0, counter = 1, gauge = 2, histogram = 3, summary = 5, info = 6, stateset = 7 };

struct TranslateSettings {
  Strategy strategy = Strategy::underscores_with_suffixes;
  std::string name_space;
  // Labels for every series that has none of that name.
  std::vector<std::pair<std::string, std::string>> external_labels;
  ResourceLabels resource_labels;
  bool has_scope_labels = true;
  bool has_scope_schema_url = false;  // As otel_scope_schema_url.
  bool has_target_info = true;
  bool has_external_labels_on_target_info = true;
};

// One metric of a request.
struct Family {
  std::string_view name;
  FamilyType type = FamilyType::unknown;
  std::string_view help;
  std::string_view unit;  // In words: "bytes_per_second".
  otlp::MetricKind kind = otlp::MetricKind::none;
  bool is_monotonic = false;
  int32_t temporality = 0;  // Of OTLP: 1 delta, 2 cumulative.
};

class PointVisitor {
 public:
  virtual ~PointVisitor() = default;
  // Whether its points are wanted.
  virtual bool on_family(const Family& family, const otlp::MetricView& metric) = 0;
  // `labels` are without the name. `point` is the data point's message.
  virtual void on_point(const Family& family, LabelSpan labels, std::string_view point) = 0;
  // After all points of a resource that has target_info. `time_ns` is that of its latest point.
  virtual void on_target_info(std::string_view name, LabelSpan labels, uint64_t time_ns) = 0;
  // A metric without points, or whose name has no character that a name may have.
  virtual void on_unusable(const otlp::MetricView& metric) = 0;
};

class Translator {
 public:
  explicit Translator(const TranslateSettings& settings);
  // Its labels refer to its settings.
  Translator(const Translator&) = delete;
  Translator& operator=(const Translator&) = delete;

  void translate(std::string_view request, PointVisitor& visitor);

 private:
  void enter_resource(const otlp::ResourceView& resource);
  void read_identity(const otlp::ResourceView& resource);
  void enter_scope(const otlp::ScopeGroup& group);
  void translate_metric(std::string_view message, PointVisitor& visitor);
  bool name_family(const otlp::MetricView& metric, Family& family);
  LabelSpan labels_of(const otlp::DataPointView& point);
  void visit_target_info(const otlp::ResourceView& resource, PointVisitor& visitor);

  const TranslateSettings settings_;
  const MetricNamer metric_namer_;
  std::string target_info_;
  std::vector<LabelView> external_;  // Sorted; views into settings_ or external_text_.
  Scratch external_text_;

  AttributeLabels gathered_;
  Scratch resource_text_;
  Scratch scope_text_;
  Scratch point_text_;
  std::vector<LabelView> identity_;         // job, instance
  std::vector<LabelView> resource_;         // With identity_.
  std::vector<LabelView> scope_;            // With resource_.
  std::vector<LabelView> attributes_;       // Of a point, or of what is told by target_info.
  std::vector<LabelView> with_attributes_;  // … with scope_.
  std::vector<LabelView> labels_;           // … with external_.
  std::string name_;
  std::string unit_;
  uint64_t latest_ns_ = 0;
};

}  // namespace vigia::prometheus
