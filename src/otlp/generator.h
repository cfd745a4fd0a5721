#pragma once

// Made-up telemetry that looks like real telemetry: a shop of some twenty services under load.
//
// A data set is a name with a version in it ("shop-1"). The name, the seed and the other options decide every byte, on every
// machine: nothing comes from the clock, and arithmetic that decides bytes is in integers. Whoever changes what is
// generated gives the data set a new name, so that figures that were measured with the old one stay comparable.
//
// What is in it: traces are trees through several services, their spans grouped by the instance that sent them, as SDKs and
// Collectors do; metrics are a fixed number of series, of all kinds, which advance from one collection to the next; logs are
// plain, key=value and JSON lines, most with a trace. Values are skewed: few are frequent, many are rare.

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "otlp/signal.h"

namespace vigia::otlp {

struct DataSetOptions {
  std::string name = "shop-1";
  uint64_t seed = 1;
  Signal signal = Signal::traces;

  size_t batch = 1000;               // items in a request: spans, data points, log records
  size_t resources_per_request = 0;  // of traces and logs; 0: one for 200 items, at least one
  size_t services = 20;
  size_t instances = 5;              // of each service
  size_t attributes_per_span = 10;   // beyond ten, more are made up
  size_t value_bytes = 16;           // length of the values of those
  double error_fraction = 0.02;      // of spans and log records
  size_t series = 10'000;            // of metrics
  size_t log_line_bytes = 0;         // 0: as they come, 60 to 400; else lines are filled up to this
  size_t items_per_second = 10'000;  // how dense spans and log records lie in the data's own time

  // When the telemetry begins. Changes the timestamps and nothing else.
  uint64_t start_time_ns = 1'760'000'000'000'000'000;
};

// One thread at a time.
class Generator {
 public:
  // Refuses unknown names and sizes out of reason.
  static Result<Generator> create(const DataSetOptions& options);
  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) noexcept;
  ~Generator();

  // Appends the next Export…ServiceRequest, with exactly `batch` items.
  void next_request(Appender& out);

  // The telemetry of one signal; made in generator_traces.cpp, generator_metrics.cpp and generator_logs.cpp.
  class Source {
   public:
    virtual ~Source() = default;
    virtual void next_request(Appender& out) = 0;
  };

 private:
  explicit Generator(std::unique_ptr<Source> source);
  std::unique_ptr<Source> source_;
};

// XXH3 of the first `request_count` requests, one after the other, as 16 hexadecimal digits: what a benchmark states.
Result<std::string> data_set_hash(const DataSetOptions& options, size_t request_count);

}  // namespace vigia::otlp
