#pragma once

// One round of readings: the request that its points are written into, metric by metric.
//
//   MetricPoints time(round, facts[0], choices[0]);
//   time.add(12.5, attributes);
//
// What is not wanted, and what gets no point, leaves nothing in the request. One thread.

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "otlp/metric_writer.h"
#include "otlp/request_writer.h"
#include "receivers/hostmetrics/metric_choice.h"

namespace vigia::receivers {

class Round {
 public:
  // `common_resource` is the content of a Resource message: what every resource has.
  Round(MemoryLedger& ledger, const Clock& clock, std::string version, std::string common_resource)
      : ledger_(ledger), clock_(clock), version_(std::move(version)), common_resource_(std::move(common_resource)) {}

  void begin();
  // Work goes on without a break until then.
  void begin_slice();
  bool is_slice_over() const { return clock_.steady_ns() >= slice_end_ns_; }

  // What follows comes from this scraper, about the machine; `start_ns` is when its counters began.
  void enter_scraper(std::string_view scraper, uint64_t start_ns);
  // What follows is about another resource, until the next call of one of these two. The attributes are those of a Resource message.
  void enter_resource(std::string_view resource, std::string_view schema_url, uint64_t start_ns);

  uint64_t now_ns() const { return now_ns_; }
  // Points are of the present: for readings that take long.
  void look_at_the_clock() { now_ns_ = static_cast<uint64_t>(clock_.wall_ns()); }
  size_t point_count() const { return point_count_; }
  // The request; empty when there was no point.
  Slice take();

 private:
  friend class MetricPoints;
  // What is collected before points become one.
  struct Merged {
    std::string attributes;
    int64_t whole = 0;
    double real = 0;
    uint64_t count = 0;
  };
  otlp::RequestWriter& open();

  MemoryLedger& ledger_;
  const Clock& clock_;
  const std::string version_;
  const std::string common_resource_;
  std::optional<otlp::RequestWriter> writer_;
  std::string scope_;
  std::string resource_;
  std::string schema_url_;
  bool is_resource_open_ = false;
  bool is_scope_open_ = false;
  uint64_t start_ns_ = 0;
  uint64_t now_ns_ = 0;
  int64_t slice_end_ns_ = 0;
  size_t point_count_ = 0;
  size_t expected_size_ = 4096;
  std::vector<Merged> merged_;
  size_t merged_count_ = 0;
};

// The points of one metric. Only one of a round is open at a time.
class MetricPoints {
 public:
  MetricPoints(Round& round, const MetricFact& fact, const MetricChoice& choice) : round_(round), fact_(fact), choice_(choice) {}
  MetricPoints(const MetricPoints&) = delete;
  MetricPoints& operator=(const MetricPoints&) = delete;
  ~MetricPoints() { close(); }

  // `attributes` are KeyValues as of make_attributes().
  void add(uint64_t value, std::string_view attributes = {}) {
    add_any(static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX)), attributes);
  }
  void add(double value, std::string_view attributes = {}) { add_any(value, attributes); }

 private:
  template <typename Value>
  void add_any(Value value, std::string_view attributes);
  template <typename Value>
  void write(Value value, std::string_view attributes);
  Round::Merged& merged_with(std::string_view attributes);
  void write_merged();
  void close();

  Round& round_;
  const MetricFact& fact_;
  const MetricChoice& choice_;
  std::optional<otlp::MetricWriter> writer_;
  bool is_whole_ = false;
};

// Attributes of a point in wire form, made once and used in every round.
std::string make_attributes(std::initializer_list<std::pair<std::string_view, std::string_view>> attributes);

}  // namespace vigia::receivers
