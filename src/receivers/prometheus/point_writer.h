#pragma once

// Writes what a scrape gave as OTLP metrics: resources from job and instance, scopes from otel_scope_ labels, one metric for each name.
//
// The request is cut into slices of about half a megabyte, each a whole request of its own. They may be taken one by one, so that a large scrape
// neither holds up others nor stands in memory as a whole:
//
//   writer.write_report(report, time_ms);
//   writer.begin(round);
//   while (writer.write_slice()) …writer.take()…;
//   …writer.take()…

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "otlp/request_writer.h"
#include "receivers/prometheus/scrape_round.h"
#include "receivers/prometheus/series_table.h"
#include "receivers/prometheus/target.h"

namespace vigia::receivers {

struct WriterSettings {
  bool trims_suffixes = false;
  bool uses_start_time_metric = false;
  std::optional<Regex> start_time_metric;
  std::string scope_version;
};

// The scrape about itself. Gone: the target is not scraped any more.
struct ScrapeReport {
  bool is_gone = false;
  bool is_up = false;
  double duration_s = 0;
  ScrapeCounts counts;
  bool has_extras = false;  // of extra_scrape_metrics
  double body_bytes = 0;    // -1 when there were too many
};

class PointWriter {
 public:
  PointWriter(const WriterSettings& settings, const ScrapeJob& job, const Target& target, const prometheus::LabelList& external_labels,
              const SeriesTable& table, MemoryLedger& ledger)
      : settings_(settings),
        job_(job),
        target_(target),
        external_labels_(external_labels),
        table_(table),
        writer_(ledger, first_guess_bytes) {}

  void write_report(const ScrapeReport& report, int64_t time_ms);
  // REQUIRES: neither the round nor the table changes until all is written.
  void begin(const ScrapeRound& round);
  // True: a slice is full, and there may be more to write.
  bool write_slice();
  // What was written since the last time.
  Chain take();
  // How many points that was.
  size_t points_taken() const { return points_taken_; }

 private:
  static constexpr size_t first_guess_bytes = 4096;
  static constexpr size_t slice_bytes = 512 * 1024;
  using Samples = std::span<const Sample>;

  void open_place(uint32_t resource, uint32_t scope);
  void open_metric(uint32_t index);
  void open_metric(std::string_view name, std::string_view help, std::string_view unit, prometheus::MetricType type, otlp::MetricKind kind,
                   bool is_monotonic);
  void close_metric();
  // Ends the slice. What was open is opened again by open_metric().
  void cut();
  void make_room();
  std::string resource_content(const ResourceEntry& resource) const;

  void take_metric();
  // Writes what stands first, and says how many samples that took.
  size_t write_point(Samples samples, const MetricEntry& metric);
  void write_number(const Sample& sample, const MetricEntry& metric);
  void write_native(const Sample& sample);
  // Those whose samples belong to one point stand together in what it returns.
  Samples gather_points(Samples samples);
  void write_histogram(Samples part);
  void write_summary(Samples part);
  void write_report_number(std::string_view name, std::string_view help, std::string_view unit, double value);
  uint64_t start_of(const Series& series) const;
  void find_start_time();

  // The parts of a histogram or summary.
  struct Parts {
    std::vector<std::pair<double, double>> steps;  // boundary and value
    double sum = 0;
    double count = 0;
    bool has_sum = false;
    bool has_count = false;
    bool is_stale = false;
    int64_t time_ms = 0;
  };
  void collect(Samples part, Parts& parts) const;
  uint64_t point_of(const Sample& sample) const { return table_.series_at(sample.series).point; }
  void append_head(const Series& series, int64_t time_ms);

  const WriterSettings& settings_;
  const ScrapeJob& job_;
  const Target& target_;
  const prometheus::LabelList& external_labels_;
  const SeriesTable& table_;
  otlp::RequestWriter writer_;
  Chain slices_;
  size_t point_count_ = 0;
  size_t points_taken_ = 0;
  const ScrapeRound* round_ = nullptr;
  std::vector<SampleRun> runs_;  // in the order they are written
  size_t next_run_ = 0;
  size_t samples_left_ = 0;
  uint32_t current_metric_ = 0;
  Samples left_;                  // of the current metric
  std::vector<Sample> gathered_;  // its samples, when they do not stand together as they should
  uint64_t process_start_ns_ = 0;

  std::optional<std::pair<uint32_t, uint32_t>> place_;  // resource and scope that are open
  size_t metric_begin_ = 0;                             // where the open metric begins: one without points is taken back
  size_t points_before_ = 0;
  std::optional<otlp::NestedMessage> metric_;
  std::optional<otlp::NestedMessage> data_;
  otlp::MetricKind kind_ = otlp::MetricKind::none;
  bool is_monotonic_ = false;
  prometheus::MetricType type_ = prometheus::MetricType::unknown;

  int64_t report_time_ms_ = 0;
  bool report_is_stale_ = false;
  std::string report_attributes_;
  Parts parts_;
  std::string point_;  // one that is being put together
};

}  // namespace vigia::receivers
