#pragma once

// OpenTelemetry's names of metrics, attributes and units as Prometheus' names, by the current rules of both projects:
//
//   http.server.duration, s, histogram   → http_server_duration_seconds
//   process.io, By/s, gauge              → process_io_bytes_per_second
//   jobs.done, {job}, monotonic sum      → jobs_done_total
//   cpu.utilization, 1, gauge            → cpu_utilization_ratio
//   attribute 1st-try                    → key_1st_try
//
// Threads: values that are not changed after they were made.

#include <cstdint>
#include <string>
#include <string_view>

#include "prometheus/scratch.h"

namespace vigia::prometheus {

// `translation_strategy`: whether characters that Prometheus did not know before version 3 become underscores, and whether unit and type are
// told by suffixes.
enum class Strategy : uint8_t { underscores_with_suffixes, underscores_without_suffixes, utf8_with_suffixes, untranslated };
constexpr bool keeps_utf8(Strategy strategy) { return strategy == Strategy::utf8_with_suffixes || strategy == Strategy::untranslated; }
constexpr bool adds_suffixes(Strategy strategy) {
  return strategy == Strategy::utf8_with_suffixes || strategy == Strategy::underscores_with_suffixes;
}

// [a-zA-Z_:][a-zA-Z0-9_:]*: a name of a metric that every Prometheus takes.
bool is_plain_metric_name(std::string_view name);
// [a-zA-Z_][a-zA-Z0-9_]*.
bool is_plain_label_name(std::string_view name);

// What decides on a metric's suffix, besides its unit.
enum class NameKind : uint8_t { monotonic_counter, gauge, other };

class MetricNamer {
 public:
  // `name_space` stands before every name; "" is none.
  MetricNamer(Strategy strategy, std::string_view name_space);

  // Puts the name into `out`, which is empty when nothing but underscores would be left of it.
  void build(std::string_view name, std::string_view unit, NameKind kind, std::string& out) const;
  // The namespace as it stands before names, with its underscore, or "".
  const std::string& prefix() const { return prefix_; }

 private:
  Strategy strategy_;
  std::string prefix_;
};

class LabelNamer {
 public:
  explicit LabelNamer(Strategy strategy) : keeps_utf8_(keeps_utf8(strategy)) {}

  // The name itself when it is fine, else one that is built in `scratch`. Names of nothing but underscores become "key_"; "" stays.
  std::string_view build(std::string_view name, Scratch& scratch) const;

 private:
  bool keeps_utf8_;
};

// "By/s" → "bytes_per_second": for metadata. Puts it into `out`.
void build_unit(std::string_view unit, Strategy strategy, std::string& out);

}  // namespace vigia::prometheus
