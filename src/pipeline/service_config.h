#pragma once

// A whole Collector file, decoded: components by their factories, `service`, and all rules that concern more than one
// component. Every mistake is told at once, with its place.

#include <any>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/node.h"
#include "pipeline/component.h"

namespace vigia::pipeline {

// A journal is no component of the file: it stands at the head of a pipeline with an exporter that has storage.
enum class ComponentKind : uint8_t { receiver, processor, exporter, connector, extension, journal };
std::string_view component_kind_name(ComponentKind kind);

// One entry under `receivers`, `processors`, ….
struct ComponentConfig {
  ComponentKind kind = ComponentKind::receiver;
  ComponentId id;
  std::any config;
  // Equal when the same factory is given the same configuration: the component need not be exchanged on a reload.
  std::string fingerprint;
  config::Position position;
  std::vector<config::Claim> claims;
  bool is_used = false;                       // In a pipeline, or among the started extensions.
  const ComponentFactory* factory = nullptr;  // Of the kind's own type; lives as long as Components.
};
using ComponentConfigs = std::map<ComponentId, ComponentConfig>;

struct PipelineConfig {
  otlp::Signal signal = otlp::Signal::traces;
  std::string name;                    // "traces/x".
  std::vector<ComponentId> receivers;  // Receivers and connectors.
  std::vector<ComponentId> processors;
  std::vector<ComponentId> exporters;  // Exporters and connectors.
};

enum class MetricsLevel : uint8_t { none, basic, normal, detailed };

struct TelemetryConfig {
  LogSettings logs;
  bool is_development = false;
  std::vector<std::pair<std::string, std::string>> log_fields;  // initial_fields.
  MetricsLevel metrics_level = MetricsLevel::normal;
  std::string metrics_address = "localhost:8888";  // "" when nobody wants to scrape.
  // Where that was said.
  config::Position metrics_position;
  std::string metrics_path = "service::telemetry::metrics::address";
  // service.telemetry.resource: more labels, or nothing to take one away.
  std::map<std::string, std::optional<std::string>> resource;
};

struct ServiceConfig {
  ComponentConfigs receivers;
  ComponentConfigs processors;
  ComponentConfigs exporters;
  ComponentConfigs connectors;
  ComponentConfigs extensions;
  std::vector<ComponentId> started_extensions;  // service.extensions, in its order.
  std::vector<PipelineConfig> pipelines;
  TelemetryConfig telemetry;
};

// Reads the tree; usable only if `diagnostics` has no errors afterwards. `components` outlives the result.
ServiceConfig decode_service(const config::Node& root, const Components& components, config::Diagnostics& diagnostics);

// Looks at what the used components need on this machine: certificates, keys, password files.
void check_surroundings(const ServiceConfig& config, FileSystem& files, config::Diagnostics& diagnostics);

}  // namespace vigia::pipeline
