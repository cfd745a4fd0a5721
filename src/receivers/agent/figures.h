#pragma once

// The figures an agent tells, each both on /metrics and in what is pushed, under the same name and labels. One thread at a time, but for
// whoever reads /metrics.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "otlp/request_writer.h"

namespace vigia::receivers {

class Figures {
 public:
  // `labels` are those of every figure: whose node, which node.
  Figures(MetricRegistry& metrics, Labels labels) : metrics_(metrics), labels_(std::move(labels)) {}

  // A figure of this round. One that is not set in a round disappears with end_round().
  void set(std::string_view name, double value, const Labels& more_labels = {});
  void end_round();
  size_t size() const { return series_.size(); }

  // All figures, to the scope that is open. A name that ends in _total is a counter; all others are gauges without a unit, so that nobody
  // translates the names.
  void write(otlp::RequestWriter& writer, int64_t start_ns, int64_t now_ns) const;

 private:
  struct Series {
    std::shared_ptr<std::atomic<double>> value;
    std::string attributes;  // In wire form.
    bool is_of_this_round = false;
    MetricRegistry::Observation observation;
  };
  using Key = std::pair<std::string, Labels>;  // The name comes first, so one metric's series stand together.

  Series make_series(std::string_view name, const Labels& more_labels);

  MetricRegistry& metrics_;
  const Labels labels_;
  std::map<Key, Series> series_;
};

}  // namespace vigia::receivers
