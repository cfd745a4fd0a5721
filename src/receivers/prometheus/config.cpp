#include "receivers/prometheus/config.h"

#include <set>

#include "pipeline/customer.h"
#include "prometheus/duration.h"

namespace vigia::receivers {

namespace {

using prometheus::ScrapeProtocol;

void decode_protocols(config::Section& section, std::vector<ScrapeProtocol>& out) {
  std::vector<std::string> names;
  if (!section.field("scrape_protocols", names)) return;
  section.require(!names.empty(), "scrape_protocols", "the list is empty: leave the key out to use the usual protocols");
  std::vector<ScrapeProtocol> protocols;
  for (const std::string& name : names) {
    std::optional<ScrapeProtocol> protocol = prometheus::scrape_protocol_by_name(name);
    std::string known;
    for (const std::string& one : prometheus::scrape_protocol_names()) known += (known.empty() ? "" : ", ") + one;
    if (!section.require(protocol.has_value(), "scrape_protocols", "there is no protocol \"" + name + "\"; known are " + known)) continue;
    bool is_new = std::find(protocols.begin(), protocols.end(), *protocol) == protocols.end();
    section.require(is_new, "scrape_protocols", name + " stands twice");
    protocols.push_back(*protocol);
  }
  out = std::move(protocols);
}

void decode_limits(config::Section& section, ScrapeLimits& out) {
  section.size_bytes("body_size_limit", out.body_bytes);
  section.field("sample_limit", out.samples);
  section.field("target_limit", out.targets);
  section.field("label_limit", out.labels);
  section.field("label_name_length_limit", out.label_name_bytes);
  section.field("label_value_length_limit", out.label_value_bytes);
}

void decode_global(config::Section& section, ScrapeDefaults& defaults, prometheus::LabelList& external_labels) {
  decode_shared(section, defaults);
  section.each("external_labels", [&](const std::string& name, config::Section& value) {
    std::string text;
    if (value.as_string(text)) external_labels.set(name, text);
  });
  for (std::string_view key :
       {"evaluation_interval", "rule_query_offset", "query_log_file", "query_max_series", "query_max_samples_read", "query_max_duration"})
    section.accept_ignored(key);
}

// What only a whole Prometheus can do. An empty list asks for nothing.
void refuse_server_parts(config::Section& section) {
  for (std::string_view key : {"remote_write", "remote_read", "rule_files", "alerting"}) {
    const config::Node* value = section.take(key);
    bool is_empty = !value || value->is_null() || (value->items.empty() && value->entries.empty() && !value->is_scalar());
    if (is_empty) continue;
    section.error(key,
                  std::string(key) + " is not supported by the prometheus receiver: " +
                      (key == "remote_write" ? "use the prometheusremotewrite exporter" : "that is the business of a Prometheus server"));
  }
  section.refuse("scrape_config_files", "not in this build: write the jobs into scrape_configs");
  for (std::string_view key : {"runtime", "storage", "tracing", "otlp"}) section.accept_ignored(key);
}

void decode_jobs(config::Section& section, const ScrapeDefaults& defaults, const std::string& customer, PrometheusReceiverConfig& out) {
  std::set<std::string> names;
  section.list("scrape_configs", [&](config::Section& entry) {
    auto job = std::make_shared<ScrapeJob>();
    static_cast<ScrapeDefaults&>(*job) = defaults;
    job->customer = customer;
    decode_scrape_job(entry, *job);
    entry.require(job->name.empty() || names.insert(job->name).second, "job_name", "there is another job \"" + job->name + "\"");
    out.jobs.push_back(std::move(job));
  });
}

void decode_start_time(config::Section& section, PrometheusReceiverConfig& out) {
  std::string pattern;
  section.field("use_start_time_metric", out.uses_start_time_metric);
  section.field("start_time_metric_regex", pattern);
  if (pattern.empty()) return;
  Result<Regex> compiled = Regex::compile(pattern);
  if (compiled.is_ok())
    out.start_time_metric = std::move(*compiled);
  else
    section.error("start_time_metric_regex", compiled.status().message());
}

// Keys of the Collector's that change when it scrapes first and last. What they are by default is what happens here.
void refuse_other_times(config::Section& section) {
  bool on_shutdown = false;
  section.field("scrape_on_shutdown", on_shutdown);
  section.require(!on_shutdown, "scrape_on_shutdown", "not in this build: targets are not scraped once more at the end");
  section.refuse("initial_scrape_offset", "not in this build: first scrapes are spread over the interval by their targets' names");
  section.accept_ignored("discovery_reload_on_startup");
}

void refuse_api_server(config::Section& section) {
  section.section("api_server", [](config::Section& server) {
    bool is_enabled = false;
    server.field("enabled", is_enabled);
    server.require(!is_enabled, "enabled", "the API server of the prometheus receiver is not in this build");
    server.accept_ignored("server_config");
  });
}

}  // namespace

void decode_duration(config::Section& section, std::string_view key, int64_t& out_ms) {
  std::string text;
  if (!section.field(key, text)) return;
  std::optional<int64_t> ms = prometheus::parse_duration_ms(text);
  if (section.require(ms.has_value(), key, "expected a duration such as 15s or 1m30s, found \"" + text + "\"") && *ms > 0) out_ms = *ms;
}

void decode_shared(config::Section& section, ScrapeDefaults& out) {
  decode_duration(section, "scrape_interval", out.interval_ms);
  decode_protocols(section, out.protocols);
  section.field("scrape_native_histograms", out.scrapes_native_histograms);
  section.field("always_scrape_classic_histograms", out.always_scrapes_classic_histograms);
  section.field("scrape_classic_histograms", out.always_scrapes_classic_histograms);
  section.field("extra_scrape_metrics", out.reports_extra_metrics);
  bool converts = false;
  section.field("convert_classic_histograms_to_nhcb", converts);
  section.require(!converts, "convert_classic_histograms_to_nhcb",
                  "not in this build: classic histograms become histograms with explicit bounds, which say the same");
  bool has_legacy_names = out.has_legacy_names;
  if (section.choice("metric_name_validation_scheme", has_legacy_names, {{"utf8", false}, {"legacy", true}})) {
    out.has_legacy_names = has_legacy_names;
    out.escaping = has_legacy_names ? "underscores" : "allow-utf-8";
  }
  std::string escaping;
  section.choice("metric_name_escaping_scheme", escaping,
                 {{"allow-utf-8", "allow-utf-8"}, {"underscores", "underscores"}, {"dots", "dots"}, {"values", "values"}});
  if (!escaping.empty()) out.escaping = escaping;
  section.require(!out.has_legacy_names || out.escaping != "allow-utf-8", "metric_name_escaping_scheme",
                  "legacy names cannot be asked for with allow-utf-8");
  decode_limits(section, out.limits);
  for (std::string_view key : {"scrape_failure_log_file", "keep_dropped_targets"}) section.accept_ignored(key);

  int64_t timeout_ms = 0;
  decode_duration(section, "scrape_timeout", timeout_ms);
  section.require(timeout_ms <= out.interval_ms, "scrape_timeout",
                  "the timeout is longer than the interval of " + prometheus::format_duration(out.interval_ms));
  out.timeout_ms = std::min(timeout_ms > 0 ? timeout_ms : out.timeout_ms, out.interval_ms);
}

void decode(config::Section& section, PrometheusReceiverConfig& out) {
  std::string customer;
  pipeline::decode_customer(section, customer);
  section.section("config", [&](config::Section& inner) {
    ScrapeDefaults defaults;
    inner.section("global", [&](config::Section& global) { decode_global(global, defaults, out.external_labels); });
    bool reports_extra = false;
    section.field("report_extra_scrape_metrics", reports_extra);
    defaults.reports_extra_metrics |= reports_extra;
    decode_jobs(inner, defaults, customer, out);
    refuse_server_parts(inner);
  });
  section.field("trim_metric_suffixes", out.trims_suffixes);
  decode_start_time(section, out);
  section.accept_ignored("report_extra_scrape_metrics");
  section.accept_deprecated("buffer_period", "it has no effect");
  section.accept_deprecated("buffer_count", "it has no effect");
  section.refuse("target_allocator", "the target allocator is not in this build: give the jobs in config::scrape_configs");
  refuse_api_server(section);
  refuse_other_times(section);
  section.require(!out.jobs.empty() || section.has_new_errors(), "config",
                  "no scrape_configs: at least one job is needed under \"config:\"");
}

}  // namespace vigia::receivers
