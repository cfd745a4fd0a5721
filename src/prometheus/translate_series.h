#pragma once

// OTLP metrics as single series, the way remote write and a store want them: a histogram is its _bucket, _sum and _count series, a summary
// its quantiles, and an exponential histogram one native histogram.
//
// - A point without a recorded value ends all its series: their value is the staleness marker.
// - Sums, histograms and exponential histograms that are not cumulative have no meaning there and are refused.
// - `le` and `quantile` are the histogram's and the summary's own: an attribute of that name gives way.
// - Exemplars follow the sample of the series that they belong to: the bucket that their value falls into.
//
// What the visitor gets is valid during the call only. One thread at a time.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "prometheus/sparse_histogram.h"
#include "prometheus/translate.h"

namespace vigia::prometheus {

// Why points were left out.
enum class Refusal : uint8_t { temporality, no_name, unusable_histogram, no_time };
constexpr std::array<std::string_view, 4> refusal_names = {"temporality", "no_name", "unusable_histogram", "no_time"};

struct SeriesSample {
  double value = 0;
  int64_t time_ms = 0;
  int64_t start_ms = 0;  // When a counter or histogram began; 0: unknown, or a gauge.
};
struct SeriesExemplar {
  LabelSpan labels;  // Sorted.
  double value = 0;
  int64_t time_ms = 0;
};

class SeriesVisitor {
 public:
  virtual ~SeriesVisitor() = default;
  // Before the series of a metric, in each request anew.
  virtual void on_family(const Family& family) = 0;
  // `labels` are sorted and have the name as `__name__`.
  virtual void on_sample(LabelSpan labels, const SeriesSample& sample) = 0;
  virtual void on_histogram(LabelSpan labels, const SparseHistogram& histogram) = 0;
  // Of the series of the last on_sample() or on_histogram().
  virtual void on_exemplar(const SeriesExemplar& exemplar) = 0;
  virtual void on_refused(Refusal why, size_t points) = 0;
};

struct SeriesSettings {
  TranslateSettings translate;
  bool has_custom_bucket_histograms = false;  // Explicit buckets become native histograms with custom buckets …
  bool has_classic_histograms = true;         // … and, or, the classic series.
};

class SeriesTranslator final : private PointVisitor {
 public:
  explicit SeriesTranslator(const SeriesSettings& settings);

  void translate(std::string_view request, SeriesVisitor& visitor);

 private:
  bool on_family(const Family& family, const otlp::MetricView& metric) override;
  void on_point(const Family& family, LabelSpan labels, std::string_view point) override;
  void on_target_info(std::string_view name, LabelSpan labels, uint64_t time_ns) override;
  void on_unusable(const otlp::MetricView& metric) override;

  void visit_number(const Family& family, const otlp::NumberPointView& point);
  void visit_histogram(const Family& family, const otlp::HistogramPointView& point);
  void visit_buckets(const Family& family, const otlp::HistogramPointView& point);
  void visit_exponential(const Family& family, const otlp::ExponentialHistogramPointView& point);
  void visit_summary(const Family& family, const otlp::SummaryPointView& point);
  void visit_sample(double value, bool is_ended);
  void visit_sparse(const otlp::DataPointView& point, const otlp::RepeatedMessages& exemplars);
  void sort_exemplars(const otlp::RepeatedMessages& exemplars, std::span<const double> bounds);
  // Those of the bucket, when all before it have been asked for.
  void visit_exemplars(size_t bucket);
  void visit_exemplar(const otlp::ExemplarView& exemplar);
  // Labels of this name with a suffix, and one more label or none; its value may be changed in the place that is given.
  LabelView* set_labels(std::string_view name, std::string_view suffix, std::string_view extra_name);

  const SeriesSettings settings_;
  Translator translator_;
  SeriesVisitor* visitor_ = nullptr;
  LabelSpan point_labels_;
  int64_t time_ms_ = 0;
  int64_t start_ms_ = 0;
  std::string name_;
  std::vector<LabelView> labels_;
  std::string bound_text_;
  std::vector<uint64_t> counts_;
  CountScratch sides_;
  std::vector<double> bounds_;
  SparseHistogram histogram_;
  struct PendingExemplar {
    size_t bucket;
    uint64_t time_ns;
    std::string_view message;
  };
  std::vector<PendingExemplar> exemplars_;  // By bucket and time.
  size_t next_exemplar_ = 0;
  AttributeLabels exemplar_attributes_;
  std::vector<LabelView> exemplar_labels_;
  std::vector<LabelView> exemplar_ids_;
  std::vector<LabelView> merged_exemplar_labels_;
  Scratch exemplar_text_;
};

}  // namespace vigia::prometheus
