#pragma once

// The rules of a configuration that concern more than one component.

#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "pipeline/service_config.h"

namespace vigia::pipeline {

// A component's name in a list, and where it stands.
struct Reference {
  ComponentId id;
  config::Position position;
  std::string path;
};

struct PipelineReferences {
  std::string name;
  otlp::Signal signal = otlp::Signal::traces;
  bool is_known_signal = false;
  config::Position position;
  std::string path;
  std::vector<Reference> receivers;
  std::vector<Reference> processors;
  std::vector<Reference> exporters;
};

struct ServiceReferences {
  config::Position service_position;
  std::vector<Reference> extensions;
  std::vector<PipelineReferences> pipelines;
};

// No two listeners of one configuration may want the same port.
void check_listeners(const ServiceConfig& config, config::Diagnostics& diagnostics);

// No component may lead to more places than a batch can name.
void check_limits(const ServiceReferences& references, const ServiceConfig& config, config::Diagnostics& diagnostics);

// Reports what is wrong, and fills `pipelines` and `started_extensions` of `config`.
void check_service_rules(const ServiceReferences& references, ServiceConfig& config, config::Diagnostics& diagnostics);

}  // namespace vigia::pipeline
