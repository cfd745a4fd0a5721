#pragma once

// What the program counts about itself, in Prometheus terms.
//
// A MetricRegistry owns the series. Asking twice for the same name and labels gives the same object, so that a
// component that is built anew goes on counting where its predecessor stopped. Counters are plain relaxed atomics:
// they are raised once a batch, not once an item.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace vigia {

class Counter {
 public:
  void add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> upper_bounds);
  void observe(double value);

  const std::vector<double>& upper_bounds() const { return upper_bounds_; }
  // Observations at or below upper_bounds()[i]; the last entry counts all.
  std::vector<uint64_t> cumulative_counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> upper_bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class MetricRegistry {
 public:
  MetricRegistry() = default;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // References stay valid as long as the registry lives.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels, const std::vector<double>& upper_bounds);

  // A gauge or counter that is read when somebody looks. It is there as long as the returned handle lives.
  class [[nodiscard]] Observation {
   public:
    Observation() = default;
    Observation(Observation&& other) noexcept : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}
    Observation& operator=(Observation&& other) noexcept {
      std::swap(registry_, other.registry_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Observation();

   private:
    friend class MetricRegistry;
    Observation(MetricRegistry* registry, uint64_t id) : registry_(registry), id_(id) {}
    MetricRegistry* registry_ = nullptr;
    uint64_t id_ = 0;
  };
  Observation observe_gauge(std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read);
  Observation observe_counter(std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read);
  // Many gauges of one name whose labels come and go. `read` tells each of them, with labels that no other one has, and makes no series.
  using TellGauge = std::function<void(const Labels& labels, double value)>;
  Observation observe_gauges(std::string_view name, std::string_view help, std::function<void(const TellGauge& tell)> read);

  // Labels that every series carries, such as service_name.
  void set_common_labels(Labels labels);

  // The series of one counter or gauge with their present values; the common labels are left out.
  std::vector<std::pair<Labels, double>> values(std::string_view name) const;
  // All of it in the Prometheus text format 0.0.4.
  std::string prometheus_text() const;

 private:
  enum class Kind { counter, gauge, histogram };
  struct Series {
    Labels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
    std::function<void(const TellGauge&)> read_many;
    uint64_t observation_id = 0;
  };
  struct Family {
    Kind kind;
    std::string help;
    std::map<std::string, Series> series;  // by label text
  };
  struct State {
    std::map<std::string, Family, std::less<>> families;
    Labels common_labels;
    uint64_t last_observation_id = 0;
  };

  static Series& series_of(State& state, Kind kind, std::string_view name, std::string_view help, const Labels& labels);
  Observation observe(Kind kind, std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read);
  void forget(uint64_t observation_id);
  static void append_family(std::string& out, const std::string& name, const Family& family, const Labels& common);

  Guarded<State> state_;
};

}  // namespace vigia
