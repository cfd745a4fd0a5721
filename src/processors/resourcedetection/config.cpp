#include "processors/resourcedetection/config.h"

#include <algorithm>

#include "base/regex.h"
#include "pipeline/net_config.h"

namespace vigia::processors {

namespace {

std::string names_of_detectors() {
  std::string names;
  for (const KnownDetector& one : known_detectors()) names += (names.empty() ? "" : ", ") + std::string(one.name);
  return names;
}

void decode_attributes(config::Section& section, const KnownDetector& known, DetectorConfig& out) {
  section.each("resource_attributes", [&](const std::string& name, config::Section& attribute) {
    bool is_enabled = true;
    attribute.field("enabled", is_enabled);
    bool is_known = std::any_of(known.attributes.begin(), known.attributes.end(), [&](const auto& one) { return one.name == name; });
    if (!is_known) attribute.error("the detector \"" + std::string(known.name) + "\" does not find the attribute \"" + name + "\"");
    out.enabled[name] = is_enabled;
  });
}

void decode_endpoint(config::Section& section, DetectorConfig& out) {
  section.field("endpoint", out.endpoint);
  bool is_url = out.endpoint.starts_with("unix://") || pipeline::HttpUrl::parse(out.endpoint).is_ok();
  section.require(is_url, "endpoint", "expected http://host:port or unix:///path, found \"" + out.endpoint + "\"");
}

void decode_tags(config::Section& section, const KnownDetector& known, DetectorConfig& out) {
  section.field("tags", out.tag_patterns);
  for (const std::string& pattern : out.tag_patterns)
    if (auto regex = Regex::compile(pattern); !regex.is_ok()) section.error("tags", regex.status().message());
  if (known.name != "ec2") return;
  bool are_from_imds = false;
  section.field("tags_from_imds", are_from_imds);
  section.require(
      are_from_imds || out.tag_patterns.empty(), "tags",
      "tags are read from the instance metadata service only: write tags_from_imds: true, and allow tags in the instance's metadata");
  section.accept_ignored("max_attempts");
  section.accept_ignored("max_backoff");
}

void decode_hostname_sources(config::Section& section, std::vector<HostnameSource>& out) {
  std::vector<std::string> names;
  if (!section.field("hostname_sources", names) || names.empty()) return;
  const std::map<std::string, HostnameSource> sources = {
      {"dns", HostnameSource::dns}, {"os", HostnameSource::os}, {"cname", HostnameSource::cname}, {"lookup", HostnameSource::lookup}};
  out.clear();
  for (const std::string& name : names) {
    auto found = sources.find(name);
    if (section.require(found != sources.end(), "hostname_sources", "expected dns, os, cname or lookup, found \"" + name + "\""))
      out.push_back(found->second);
  }
}

void decode_detector(config::Section& section, const KnownDetector& known, ResourceDetectionConfig& out) {
  DetectorConfig& detector = out.by_detector[std::string(known.name)];
  decode_attributes(section, known, detector);
  if (!known.default_endpoint.empty()) decode_endpoint(section, detector);
  if (known.has_tags) decode_tags(section, known, detector);
  if (known.name == "system") decode_hostname_sources(section, out.hostname_sources);
  section.accept_deprecated("fail_on_missing_metadata",
                            "a detector that fails is told in the log, and the data goes on without what it would find");
}

void decode_retry(config::Section& section) {
  section.section("retry", [](config::Section& retry) {
    for (const char* key : {"enabled", "initial_interval", "randomization_factor", "multiplier", "max_interval", "max_elapsed_time"})
      retry.accept_ignored(key);
  });
}

}  // namespace

const std::vector<KnownDetector>& known_detectors() {
  static const std::vector<KnownDetector> detectors = {
      {"env", "", false, {}},
      {"system",
       "",
       false,
       {{"host.name"},
        {"os.type"},
        {"host.id", false},
        {"host.arch", false},
        {"host.ip", false},
        {"host.mac", false},
        {"host.interface", false},
        {"os.description", false},
        {"os.name", false},
        {"os.version", false},
        {"os.build.id", false},
        {"host.cpu.vendor.id", false},
        {"host.cpu.family", false},
        {"host.cpu.model.id", false},
        {"host.cpu.model.name", false},
        {"host.cpu.stepping", false},
        {"host.cpu.cache.l2.size", false}}},
      {"docker", "unix:///var/run/docker.sock", false, {{"host.name"}, {"os.type"}}},
      {"ec2",
       "http://169.254.169.254",
       true,
       {{"cloud.provider"},
        {"cloud.platform"},
        {"cloud.account.id"},
        {"cloud.region"},
        {"cloud.availability_zone"},
        {"host.id"},
        {"host.image.id"},
        {"host.name"},
        {"host.type"}}},
      {"gcp",
       "http://169.254.169.254",
       false,
       {{"cloud.provider"},
        {"cloud.platform"},
        {"cloud.account.id"},
        {"cloud.region"},
        {"cloud.availability_zone"},
        {"host.id"},
        {"host.name"},
        {"host.type"},
        {"k8s.cluster.name"},
        {"gcp.gce.instance.name", false},
        {"gcp.gce.instance.hostname", false}}},
      {"azure",
       "http://169.254.169.254",
       true,
       {{"cloud.provider"},
        {"cloud.platform"},
        {"cloud.account.id"},
        {"cloud.region"},
        {"cloud.availability_zone", false},
        {"host.id"},
        {"host.name"},
        {"azure.vm.name"},
        {"azure.vm.size"},
        {"azure.vm.scaleset.name"},
        {"azure.resourcegroup.name"}}},
      {"aks", "http://169.254.169.254", false, {{"cloud.provider"}, {"cloud.platform"}, {"k8s.cluster.name", false}}},
  };
  return detectors;
}

const KnownDetector* find_detector(std::string_view name) {
  for (const KnownDetector& one : known_detectors())
    if (one.name == name) return &one;
  return nullptr;
}

void decode(config::Section& section, ResourceDetectionConfig& out) {
  section.field("detectors", out.detectors);
  section.require(!out.detectors.empty(), "detectors", "name at least one of: " + names_of_detectors());
  for (const std::string& name : out.detectors)
    section.require(find_detector(name), "detectors", "the detector \"" + name + "\" is not in this build; it has " + names_of_detectors());
  section.field("override", out.overrides);
  if (section.field("attributes", out.only_attributes))
    section.warn("attributes", "is deprecated: turn attributes on and off by resource_attributes under the detector's name");
  section.duration_ms("timeout", out.timeout_ms);
  section.require(out.timeout_ms > 0, "timeout", "must be positive");
  section.duration_ms("refresh_interval", out.refresh_interval_ms);
  section.require(out.refresh_interval_ms >= 0, "refresh_interval", "must not be negative; 0 is once, at the start");
  section.accept_ignored("fail_on_missing_metadata");
  decode_retry(section);
  for (const KnownDetector& known : known_detectors()) {
    out.by_detector[std::string(known.name)].endpoint = known.default_endpoint;
    section.section(known.name, [&](config::Section& part) { decode_detector(part, known, out); });
  }
}

}  // namespace vigia::processors
