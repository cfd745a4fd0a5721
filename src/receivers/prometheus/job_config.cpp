// The part of config.h about one job.

#include <array>

#include "base/text.h"
#include "pipeline/customer.h"
#include "pipeline/net_config.h"
#include "receivers/prometheus/config.h"

namespace vigia::receivers {

namespace {

// Kinds of service discovery that Prometheus has and we do not.
constexpr std::array<std::string_view, 31> other_discoveries = {
    "kubernetes_sd_configs", "aws_sd_configs",         "azure_sd_configs",    "consul_sd_configs",   "digitalocean_sd_configs",
    "docker_sd_configs",     "dockerswarm_sd_configs", "dns_sd_configs",      "ec2_sd_configs",      "ecs_sd_configs",
    "eureka_sd_configs",     "gce_sd_configs",         "hetzner_sd_configs",  "ionos_sd_configs",    "kuma_sd_configs",
    "lightsail_sd_configs",  "linode_sd_configs",      "marathon_sd_configs", "nerve_sd_configs",    "nomad_sd_configs",
    "oci_sd_configs",        "openstack_sd_configs",   "outscale_sd_configs", "ovhcloud_sd_configs", "puppetdb_sd_configs",
    "scaleway_sd_configs",   "serverset_sd_configs",   "stackit_sd_configs",  "triton_sd_configs",   "uyuni_sd_configs",
    "vultr_sd_configs"};

void refuse_discoveries(config::Section& section, const std::string& job) {
  const std::string instead = "leave this job out, or name its targets in static_configs, file_sd_configs or http_sd_configs";
  for (std::string_view key : other_discoveries) {
    if (!section.has(key)) {
      section.accept_ignored(key);
      continue;
    }
    std::string why = key == "kubernetes_sd_configs" ? "comes with a later version (Kubernetes discovery)" : "is not in this build";
    section.refuse(key, "job \"" + job + "\": " + std::string(key) + " " + why + "; until then " + instead);
  }
}

// "app_*.json": a star only in the last part, an ending that says how to read it.
bool is_discovery_file(std::string_view path) {
  size_t star = path.find('*');
  if (star != std::string_view::npos && path.find('/', star) != std::string_view::npos) return false;
  std::string lower = to_lower(path);
  return lower.ends_with(".json") || lower.ends_with(".yml") || lower.ends_with(".yaml");
}

void decode_file_discovery(config::Section& section, FileDiscoverySettings& out) {
  section.field("files", out.files);
  section.require(!out.files.empty(), "files", "at least one file is needed");
  for (const std::string& path : out.files)
    section.require(is_discovery_file(path), "files",
                    "cannot use \"" + path + "\": expected a path that ends in .json, .yml or .yaml, with * only in its last part");
  decode_duration(section, "refresh_interval", out.refresh_interval_ms);
}

void decode_http_discovery(config::Section& section, HttpDiscoverySettings& out) {
  section.field("url", out.url);
  Result<pipeline::HttpUrl> url = pipeline::HttpUrl::parse(out.url);
  section.require(url.is_ok(), "url", out.url.empty() ? "the url is missing" : "expected a URL such as http://host:8080/targets");
  decode_duration(section, "refresh_interval", out.refresh_interval_ms);
  decode_http_settings(section, out.http);
}

void decode_static_group(config::Section& section, const ScrapeJob& job, std::vector<prometheus::TargetGroup>& groups) {
  prometheus::TargetGroup group;
  prometheus::decode_target_group(section, group);
  // Relabelling may make an address of anything; without it what stands here must be one.
  for (const std::string& target : group.targets)
    section.require(!job.relabel_rules.empty() || target.find('/') == std::string::npos, "targets",
                    "\"" + target + "\" is not an address: expected host:port, without a scheme and a path (keys scheme and metrics_path)");
  groups.push_back(std::move(group));
}

void decode_targets(config::Section& section, ScrapeJob& job) {
  section.list("static_configs", [&](config::Section& entry) { decode_static_group(entry, job, job.static_groups); });
  section.list("file_sd_configs", [&](config::Section& entry) { decode_file_discovery(entry, job.file_discoveries.emplace_back()); });
  section.list("http_sd_configs", [&](config::Section& entry) { decode_http_discovery(entry, job.http_discoveries.emplace_back()); });
  refuse_discoveries(section, job.name);
}

void decode_fallback(config::Section& section, ScrapeJob& job) {
  std::string name;
  if (!section.field("fallback_scrape_protocol", name)) return;
  std::optional<prometheus::ScrapeProtocol> protocol = prometheus::scrape_protocol_by_name(name);
  if (section.require(protocol.has_value(), "fallback_scrape_protocol", "there is no protocol \"" + name + "\""))
    job.fallback_protocol = protocol;
}

// Those that are asked for when nobody says.
std::vector<prometheus::ScrapeProtocol> usual_protocols(bool wants_native_histograms) {
  using enum prometheus::ScrapeProtocol;
  std::vector<prometheus::ScrapeProtocol> usual = {openmetrics_1_0_0, openmetrics_0_0_1, text_1_0_0, text_0_0_4};
  if (wants_native_histograms) usual.insert(usual.begin(), protobuf);
  return usual;
}

}  // namespace

void decode_scrape_job(config::Section& section, ScrapeJob& job) {
  section.field("job_name", job.name);
  section.require(!job.name.empty(), "job_name", "a job needs a name");
  decode_shared(section, job);
  if (job.protocols.empty()) job.protocols = usual_protocols(job.scrapes_native_histograms);
  if (job.limits.body_bytes == 0) job.limits.body_bytes = default_body_limit_bytes;
  decode_fallback(section, job);
  section.field("metrics_path", job.metrics_path);
  section.choice("scheme", job.scheme, {{"http", "http"}, {"https", "https"}});
  section.each("params", [&](const std::string& name, config::Section& values) {
    std::vector<std::string> texts;
    if (values.as_strings(texts)) job.params.emplace_back(name, texts);
  });
  pipeline::decode_customer(section, job.customer);
  section.field("honor_labels", job.honors_labels);
  section.field("honor_timestamps", job.honors_timestamps);
  section.field("track_timestamps_staleness", job.tracks_timestamps_staleness);
  section.field("enable_compression", job.enable_compression);
  for (std::string_view key : {"native_histogram_bucket_limit", "native_histogram_min_bucket_factor"})
    section.accept_deprecated(key, "native histograms are not coarsened here; the key has no effect");
  decode_http_settings(section, job.http);
  prometheus::decode_relabel_rules(section, "relabel_configs", job.relabel_rules);
  prometheus::decode_relabel_rules(section, "metric_relabel_configs", job.metric_relabel_rules);
  decode_targets(section, job);
}

}  // namespace vigia::receivers
