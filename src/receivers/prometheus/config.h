#pragma once

// The prometheus receiver's section: Prometheus' own configuration under `config`, as far as a receiver can follow it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/section.h"
#include "prometheus/discovery.h"
#include "prometheus/exposition.h"
#include "prometheus/relabel.h"
#include "receivers/prometheus/http_settings.h"

namespace vigia::receivers {

struct FileDiscoverySettings {
  std::vector<std::string> files;  // "*" in the last part of a path
  int64_t refresh_interval_ms = 5 * 60'000;
};
struct HttpDiscoverySettings {
  std::string url;
  int64_t refresh_interval_ms = 60'000;
  HttpSettings http;
};

// 0 is no limit, except for the body: nothing is read without a bound.
struct ScrapeLimits {
  uint64_t body_bytes = 0;
  uint64_t samples = 0;
  uint64_t targets = 0;
  uint64_t labels = 0;
  uint64_t label_name_bytes = 0;
  uint64_t label_value_bytes = 0;
};
constexpr uint64_t default_body_limit_bytes = 128 << 20;
constexpr uint64_t default_target_limit = 10'000;

// What a job takes from `global` when it does not say.
struct ScrapeDefaults {
  int64_t interval_ms = 60'000;
  int64_t timeout_ms = 10'000;
  std::vector<prometheus::ScrapeProtocol> protocols;  // empty: by scrape_native_histograms
  bool scrapes_native_histograms = false;
  bool always_scrapes_classic_histograms = false;
  bool reports_extra_metrics = false;
  bool has_legacy_names = false;
  std::string escaping = "allow-utf-8";
  ScrapeLimits limits;
};

struct ScrapeJob : ScrapeDefaults {
  std::string name;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::vector<std::pair<std::string, std::vector<std::string>>> params;
  std::string customer;  // Whose the targets are; at first the receiver's.
  bool honors_labels = false;
  bool honors_timestamps = true;
  bool tracks_timestamps_staleness = false;
  bool enable_compression = true;
  std::optional<prometheus::ScrapeProtocol> fallback_protocol = prometheus::ScrapeProtocol::text_0_0_4;
  HttpSettings http;
  prometheus::RelabelRules relabel_rules;
  prometheus::RelabelRules metric_relabel_rules;
  std::vector<prometheus::TargetGroup> static_groups;
  std::vector<FileDiscoverySettings> file_discoveries;
  std::vector<HttpDiscoverySettings> http_discoveries;
};

struct PrometheusReceiverConfig {
  std::vector<std::shared_ptr<const ScrapeJob>> jobs;
  prometheus::LabelList external_labels;
  bool trims_suffixes = false;
  bool uses_start_time_metric = false;
  std::optional<Regex> start_time_metric;  // none: process_start_time_seconds
};

void decode(config::Section& section, PrometheusReceiverConfig& out);
// One entry of scrape_configs. The defaults have been taken before.
void decode_scrape_job(config::Section& section, ScrapeJob& job);

// Keys of scrape_configs that a job and `global` share.
void decode_shared(config::Section& section, ScrapeDefaults& out);
// Prometheus' notation; the error stands at the key.
void decode_duration(config::Section& section, std::string_view key, int64_t& out_ms);

}  // namespace vigia::receivers
