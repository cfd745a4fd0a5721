#pragma once

// One point on the page: the newest value of a series, a histogram or a summary, and how the next one changes it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "otlp/metric_view.h"
#include "prometheus/text_writer.h"

namespace vigia::exporters {

// Bucket counts of an exponential histogram from a bucket on.
struct BucketSide {
  int32_t offset = 0;
  std::vector<uint64_t> counts;

  void read(const otlp::BucketsView& view);
  // Joins buckets by 2^shift.
  void coarsen(int32_t shift);
  // Whether the two lie near enough for one list.
  bool may_add(const BucketSide& other) const;
  // Adds the other side's, which has the same scale. REQUIRES: may_add(other).
  void add(const BucketSide& other);
};

struct ExponentialBuckets {
  int32_t scale = 0;
  uint64_t zero_count = 0;
  double zero_threshold = 0;
  BucketSide positive;
  BucketSide negative;

  void read(const otlp::ExponentialHistogramPointView& point);
  // False when the two cannot be told together; then nothing has been added.
  bool add(ExponentialBuckets& other);

 private:
  void coarsen_to(int32_t coarser_scale);
};

// An exemplar that is kept: its labels are trace_id and span_id.
struct KeptExemplar {
  std::string trace_id;  // In hexadecimal digits; "" when there is none.
  std::string span_id;
  double value = 0;
  uint64_t time_ns = 0;
};

// What histograms, summaries and points with exemplars have besides a value.
struct SeriesDetail {
  uint64_t count = 0;
  double sum = 0;
  std::vector<double> bounds;
  std::vector<uint64_t> counts;  // One more than bounds.
  std::optional<ExponentialBuckets> exponential;
  std::vector<std::pair<double, double>> quantiles;
  std::vector<KeptExemplar> exemplars;
};

// What came of a point.
enum class Outcome : uint8_t { taken, too_old, not_cumulative };

class ExposedSeries {
 public:
  // Takes the point. Of cumulative ones the newest counts; those of deltas are added up, as long as each begins where the one before ended, and
  // begin anew where one does not.
  Outcome update(const prometheus::Family& family, std::string_view point);
  void set_value(double value, uint64_t time_ns) {
    value_ = value;
    time_ns_ = time_ns;
  }

  double value() const { return value_; }
  uint64_t time_ns() const { return time_ns_; }
  uint64_t start_ns() const { return start_ns_; }
  const SeriesDetail* detail() const { return detail_.get(); }

 private:
  enum class Way : uint8_t { replace, add, ignore };
  Way way_of(const prometheus::Family& family, const otlp::DataPointView& point) const;
  void take_number(const otlp::NumberPointView& point, bool is_added, bool has_exemplars);
  void take_histogram(const otlp::HistogramPointView& point, bool is_added);
  void take_exponential(const otlp::ExponentialHistogramPointView& point, bool is_added);
  void take_summary(const otlp::SummaryPointView& point);
  void take_exemplars(const otlp::RepeatedMessages& exemplars, size_t most);
  SeriesDetail& need_detail();

  double value_ = 0;
  uint64_t time_ns_ = 0;  // 0: there was no point yet.
  uint64_t start_ns_ = 0;
  std::unique_ptr<SeriesDetail> detail_;
};

}  // namespace vigia::exporters
