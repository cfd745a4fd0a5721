#include "base/metrics.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/check.h"

namespace vigia {

Histogram::Histogram(std::vector<double> upper_bounds)
    : upper_bounds_(std::move(upper_bounds)), counts_(std::make_unique<std::atomic<uint64_t>[]>(upper_bounds_.size() + 1)) {
  CHECK(std::is_sorted(upper_bounds_.begin(), upper_bounds_.end()));
}

void Histogram::observe(double value) {
  auto bucket = std::lower_bound(upper_bounds_.begin(), upper_bounds_.end(), value) - upper_bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<uint64_t> Histogram::cumulative_counts() const {
  std::vector<uint64_t> counts;
  uint64_t total = 0;
  for (size_t i = 0; i <= upper_bounds_.size(); i++) counts.push_back(total += counts_[i].load(std::memory_order_relaxed));
  return counts;
}

namespace {

std::string escape_label(std::string_view value) {
  std::string text;
  for (char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    text += c;
  }
  return text;
}

std::string label_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escape_label(value));
  return text;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == std::floor(value) && std::fabs(value) < 1e15) return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

void append_sample(std::string& out, std::string_view name, const std::string& labels, double value) {
  out += name;
  if (!labels.empty()) out += "{" + labels + "}";
  out += " " + number_text(value) + "\n";
}

void append_histogram(std::string& out, const std::string& name, const Labels& labels, const Histogram& histogram) {
  std::vector<uint64_t> counts = histogram.cumulative_counts();
  for (size_t i = 0; i < counts.size(); i++) {
    Labels with_bound = labels;
    with_bound.emplace_back("le", i < histogram.upper_bounds().size() ? number_text(histogram.upper_bounds()[i]) : "+Inf");
    append_sample(out, name + "_bucket", label_text(with_bound), static_cast<double>(counts[i]));
  }
  append_sample(out, name + "_sum", label_text(labels), histogram.sum());
  append_sample(out, name + "_count", label_text(labels), static_cast<double>(counts.back()));
}

}  // namespace

MetricRegistry::Series& MetricRegistry::series_of(State& state, Kind kind, std::string_view name, std::string_view help,
                                                  const Labels& labels) {
  auto family = state.families.find(name);
  if (family == state.families.end()) family = state.families.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
  CHECK(family->second.kind == kind);
  Series& series = family->second.series[label_text(labels)];
  series.labels = labels;
  return series;
}

Counter& MetricRegistry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return state_.with([&](State& state) -> Counter& {
    Series& series = series_of(state, Kind::counter, name, help, labels);
    if (!series.counter) series.counter = std::make_unique<Counter>();
    return *series.counter;
  });
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return state_.with([&](State& state) -> Gauge& {
    Series& series = series_of(state, Kind::gauge, name, help, labels);
    if (!series.gauge) series.gauge = std::make_unique<Gauge>();
    return *series.gauge;
  });
}

Histogram& MetricRegistry::histogram(std::string_view name, std::string_view help, const Labels& labels,
                                     const std::vector<double>& upper_bounds) {
  return state_.with([&](State& state) -> Histogram& {
    Series& series = series_of(state, Kind::histogram, name, help, labels);
    if (!series.histogram) series.histogram = std::make_unique<Histogram>(upper_bounds);
    return *series.histogram;
  });
}

MetricRegistry::Observation MetricRegistry::observe(Kind kind, std::string_view name, std::string_view help, const Labels& labels,
                                                    std::function<double()> read) {
  uint64_t id = state_.with([&](State& state) {
    Series& series = series_of(state, kind, name, help, labels);
    series.read = std::move(read);
    return series.observation_id = ++state.last_observation_id;
  });
  return {this, id};
}

MetricRegistry::Observation MetricRegistry::observe_gauge(std::string_view name, std::string_view help, const Labels& labels,
                                                          std::function<double()> read) {
  return observe(Kind::gauge, name, help, labels, std::move(read));
}

MetricRegistry::Observation MetricRegistry::observe_counter(std::string_view name, std::string_view help, const Labels& labels,
                                                            std::function<double()> read) {
  return observe(Kind::counter, name, help, labels, std::move(read));
}

MetricRegistry::Observation MetricRegistry::observe_gauges(std::string_view name, std::string_view help,
                                                           std::function<void(const TellGauge&)> read) {
  uint64_t id = state_.with([&](State& state) {
    uint64_t next_id = ++state.last_observation_id;
    // No series has such a label, so every observer has a place of its own.
    Series& series = series_of(state, Kind::gauge, name, help, {{"", std::to_string(next_id)}});
    series.labels.clear();
    series.read_many = std::move(read);
    return series.observation_id = next_id;
  });
  return {this, id};
}

MetricRegistry::Observation::~Observation() {
  if (registry_) registry_->forget(id_);
}

void MetricRegistry::forget(uint64_t observation_id) {
  state_.with([&](State& state) {
    for (auto& [name, family] : state.families)
      std::erase_if(family.series, [&](const auto& entry) { return entry.second.observation_id == observation_id; });
  });
}

void MetricRegistry::set_common_labels(Labels labels) {
  state_.with([&](State& state) { state.common_labels = std::move(labels); });
}

void MetricRegistry::append_family(std::string& out, const std::string& name, const Family& family, const Labels& common) {
  static constexpr std::string_view kind_names[] = {"counter", "gauge", "histogram"};
  if (family.series.empty()) return;
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, kind_names[static_cast<int>(family.kind)]);
  for (const auto& [text, series] : family.series) {
    if (series.read_many) {
      series.read_many([&](const Labels& told, double value) {
        Labels labels = told;
        labels.insert(labels.end(), common.begin(), common.end());
        append_sample(out, name, label_text(labels), value);
      });
      continue;
    }
    Labels labels = series.labels;
    labels.insert(labels.end(), common.begin(), common.end());
    if (series.histogram) {
      append_histogram(out, name, labels, *series.histogram);
      continue;
    }
    double value = series.read ? series.read() : series.counter ? static_cast<double>(series.counter->value()) : series.gauge->value();
    append_sample(out, name, label_text(labels), value);
  }
}

std::vector<std::pair<Labels, double>> MetricRegistry::values(std::string_view name) const {
  return state_.with([&](const State& state) {
    std::vector<std::pair<Labels, double>> values;
    auto family = state.families.find(name);
    if (family == state.families.end()) return values;
    for (const auto& [text, series] : family->second.series) {
      if (series.counter) values.emplace_back(series.labels, static_cast<double>(series.counter->value()));
      if (series.gauge) values.emplace_back(series.labels, series.gauge->value());
      if (series.read) values.emplace_back(series.labels, series.read());
    }
    return values;
  });
}

std::string MetricRegistry::prometheus_text() const {
  return state_.with([&](const State& state) {
    std::string out;
    for (const auto& [name, family] : state.families) append_family(out, name, family, state.common_labels);
    return out;
  });
}

}  // namespace vigia
