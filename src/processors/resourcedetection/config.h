#pragma once

// The resourcedetection processor's section.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/section.h"

namespace vigia::processors {

enum class HostnameSource : uint8_t { dns, os, cname, lookup };

struct DetectorConfig {
  // Attributes that are on or off against the detector's own habit.
  std::map<std::string, bool> enabled;
  // Where the metadata service is: "http://169.254.169.254", "unix:///var/run/docker.sock". "" for detectors that ask nobody.
  std::string endpoint;
  std::vector<std::string> tag_patterns;  // Regular expressions; tags whose names match become attributes.
};

struct ResourceDetectionConfig {
  std::vector<std::string> detectors = {"env"};
  bool overrides = true;
  std::vector<std::string> only_attributes;  // The deprecated `attributes`; empty is all.
  int64_t timeout_ms = 5'000;
  int64_t refresh_interval_ms = 0;  // 0: once.
  std::vector<HostnameSource> hostname_sources = {HostnameSource::dns, HostnameSource::os};
  std::map<std::string, DetectorConfig> by_detector;
};

// An attribute a detector can find, and whether it does without being told.
struct KnownAttribute {
  std::string_view name;
  bool is_default = true;
};
// What a detector of ours is, by its name in the configuration.
struct KnownDetector {
  std::string_view name;
  std::string_view default_endpoint;
  bool has_tags = false;
  std::vector<KnownAttribute> attributes;
};
const std::vector<KnownDetector>& known_detectors();
const KnownDetector* find_detector(std::string_view name);

void decode(config::Section& section, ResourceDetectionConfig& out);

}  // namespace vigia::processors
