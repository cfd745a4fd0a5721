#pragma once

// Metrics as a scraper reads them: Prometheus' text format, OpenMetrics 1.0, and the delimited protobuf messages with native histograms.
//
//   std::unique_ptr<ExpositionWriter> writer = open_writer(format, out);
//   writer->begin_family(family);
//   writer->point(point);
//   writer->end_family();
//   writer->end();
//
// One thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "prometheus/sparse_histogram.h"
#include "prometheus/translate.h"

namespace vigia::prometheus {

// What becomes of characters in names that Prometheus did not know before version 3.
enum class Escaping : uint8_t { underscores, dots, values, utf8 };
void append_escaped_name(std::string& out, std::string_view name, Escaping escaping);

struct ExpositionFormat {
  enum class Kind : uint8_t { text, open_metrics, protobuf };
  Kind kind = Kind::text;
  Escaping escaping = Escaping::underscores;
  std::string version = "0.0.4";  // Of a text.

  std::string content_type() const;
};
// The best that a client's Accept header asks for and we have; text when it asks for nothing of that.
ExpositionFormat negotiate_format(std::string_view accept, bool has_open_metrics);

struct ExposedFamily {
  std::string_view name;  // As samples have it, but for _bucket and the like.
  std::string_view help;
  FamilyType type = FamilyType::unknown;
};

struct ExposedExemplar {
  LabelSpan labels;
  double value = 0;
  uint64_t time_ns = 0;
};

struct ExposedPoint {
  LabelSpan labels;  // Without the name, `le` and `quantile`.
  double value = 0;  // Of a counter, a gauge and what is of no known type.
  // Of a histogram or summary.
  uint64_t count = 0;
  double sum = 0;
  std::span<const double> bounds;                        // In their order; each with …
  std::span<const uint64_t> cumulative_counts;           // … what lies at or below it.
  const SparseHistogram* native = nullptr;               // Instead of the bounds.
  std::span<const std::pair<double, double>> quantiles;  // With their values.
  // Of a counter at most one; of a histogram at most one for each bucket, in their order, the last bucket being the one up to infinity.
  std::span<const std::optional<ExposedExemplar>> exemplars;
  std::optional<int64_t> time_ms;  // When it is to be told.
  uint64_t start_ns = 0;           // 0: unknown.
};

class ExpositionWriter {
 public:
  virtual ~ExpositionWriter() = default;
  virtual void begin_family(const ExposedFamily& family) = 0;
  virtual void point(const ExposedPoint& point) = 0;
  virtual void end_family() = 0;
  virtual void end() = 0;
};

std::unique_ptr<ExpositionWriter> open_writer(const ExpositionFormat& format, Appender& out);

}  // namespace vigia::prometheus
