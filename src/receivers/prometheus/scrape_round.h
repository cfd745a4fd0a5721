#pragma once

// One scrape of one target: takes entries from a parser, finds or makes their series, and decides in the end what became stale.
//
//   ScrapeRound round(job, target, external_labels, table, now_ms);
//   round.begin(parser);
//   while (!round.take(parser, 10'000)) …;   // in steps, so that a large scrape holds up nobody
//   round.finish();
//
// Nothing of a scrape that fails is kept: its samples go, and every series that was live is told to be gone.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "prometheus/exposition.h"
#include "receivers/prometheus/config.h"
#include "receivers/prometheus/series_table.h"
#include "receivers/prometheus/target.h"

namespace vigia::receivers {

struct Sample {
  double value = 0;
  uint32_t series = 0;
  uint32_t detail = 0;  // which it has, + 1; 0 is none
};
// What few samples have.
struct SampleDetail {
  int64_t time_ms = 0;
  uint32_t extra : 31 = 0;    // where its exemplars or its histogram begin in the extras, + 1; 0 is none
  uint32_t has_time : 1 = 0;  // its own
};
// Samples of one metric that stand together.
struct SampleRun {
  uint32_t metric = 0;
  uint32_t begin = 0;  // indexes of samples
  uint32_t end = 0;
};
// When the parts of one point began.
struct Created {
  uint32_t metric = 0;
  uint64_t point = 0;
  uint64_t ns = 0;
};

struct ScrapeCounts {
  uint64_t scraped = 0;  // samples in the text
  uint64_t kept = 0;     // after relabelling
  uint64_t added = 0;    // series that are new
  uint64_t duplicates = 0;
  uint64_t unusable = 0;  // no point can be made of them
};

class ScrapeRound {
 public:
  ScrapeRound(const ScrapeJob& job, const Target& target, const prometheus::LabelList& external_labels, SeriesTable& table, int64_t time_ms)
      : job_(job), target_(target), external_labels_(external_labels), table_(table), time_ms_(time_ms) {
    table_.begin_scrape();
  }

  // Before the first take(): lets the parser know the series that are known.
  void begin(prometheus::ExpositionParser& parser) {
    parser.set_expected(&table_.expected());
    samples_.reserve(table_.size());
  }
  // Takes some entries; true at the end, which may be an error, and when the parser wants more text.
  bool take(prometheus::ExpositionParser& parser, size_t most_entries);
  // The target could not be read at all.
  void fail(Status why) {
    if (error_.is_ok()) error_ = std::move(why);
  }
  // No more is to come. Afterwards samples() are what is to be written.
  void finish();

  const Status& error() const { return error_; }
  const ScrapeCounts& counts() const { return counts_; }
  int64_t time_ms() const { return time_ms_; }
  const std::vector<Sample>& samples() const { return samples_; }
  const std::vector<SampleRun>& runs() const { return runs_; }      // of all samples, in their order
  const std::vector<Created>& created() const { return created_; }  // sorted by metric and point
  int64_t time_ms_of(const Sample& sample) const { return sample.detail == 0 ? time_ms_ : details_[sample.detail - 1].time_ms; }
  // Exemplars, or the native histogram, as fields of the point.
  std::string_view extra_of(const Sample& sample) const {
    return sample.detail == 0 ? std::string_view() : extra_of(details_[sample.detail - 1]);
  }

 private:
  bool take_sample(prometheus::ExpositionParser& parser, bool is_native);
  // The series, or `none` when there is an error or it is dropped.
  uint32_t series_of(prometheus::ExpositionParser& parser, bool is_native);
  Status set_final_labels(prometheus::ExpositionParser& parser);
  bool check_labels();
  void add_target_labels();
  bool is_over_label_limits();
  void push(uint32_t index, const prometheus::ExpositionParser& parser, int64_t time_ms, bool has_time);
  void add(const Sample& sample, const Series& series);
  bool keep_extra(SampleDetail& detail, const Series& series, const prometheus::ExpositionParser& parser);
  std::string_view extra_of(const SampleDetail& detail) const;
  void find_live();
  void take_created(const Series& series, uint64_t ns);
  void finish_good();
  void take_infos();
  void tell_stale(uint32_t index);

  const ScrapeJob& job_;
  const Target& target_;
  const prometheus::LabelList& external_labels_;
  SeriesTable& table_;
  const int64_t time_ms_;
  Status error_;
  Status limit_error_;  // told in the end, so that everything is counted
  ScrapeCounts counts_;
  std::vector<Sample> samples_;
  std::vector<SampleDetail> details_;
  std::vector<SampleRun> runs_;
  std::vector<Created> created_;
  std::string extras_;
  prometheus::LabelList labels_;  // of a new series
  bool is_dropped_ = false;       // by relabelling
  bool has_infos_ = false;        // of a target or a scope
  bool is_as_before_ = true;      // every series that has a sample is live already and shall be
};

}  // namespace vigia::receivers
