#pragma once

// How a load run went, and the line that says so.

#include <cstdint>
#include <string>

#include "app/load/latency.h"

namespace vigia::app {

struct LoadTotals {
  uint64_t requests = 0;
  // Items. What was sent is accepted, rejected or failed in the end.
  uint64_t sent = 0;
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
  uint64_t unsent = 0;  // were due by the rate, but earlier ones were still unanswered when the time was over
  uint64_t sent_bytes = 0;

  void add(const LoadTotals& other);
};

struct LoadReport {
  std::string signal;
  LoadTotals totals;
  LatencyCounts latency;
  double seconds = 0;
  double cpu_seconds = 0;
  std::string last_complaint;

  std::string data_set;
  uint64_t seed = 0;
  uint64_t batch = 0;
  uint64_t distinct_requests = 0;
  std::string data_set_hash;

  // One line, without its end.
  std::string to_json() const;
};

}  // namespace vigia::app
