#pragma once

// One component instance of the graph with everything that belongs to it.

#include "pipeline/graph.h"

namespace vigia::pipeline {

struct Graph::Node {
  NodeKey key;
  std::string fingerprint;
  size_t depth = 0;
  // Declared before the component, which refers to them.
  std::shared_ptr<const ServiceConfig> config;
  std::unique_ptr<Context> context;
  std::array<std::unique_ptr<Junction>, 3> outputs;
  std::unique_ptr<ProcessorTelemetry> telemetry;
  std::unique_ptr<Component> component;
  std::unique_ptr<CountedEntrance> counted_entrance;
  // Where others send data to; null for receivers and extensions.
  Consumer* entrance = nullptr;
  // Extensions it has asked for: when one of them is exchanged, so is this.
  std::shared_ptr<Guarded<std::set<ComponentId>>> asked_extensions = std::make_shared<Guarded<std::set<ComponentId>>>();
  bool is_started = false;
  bool is_late = false;

  Extension* extension() const { return static_cast<Extension*>(component.get()); }
  Junction& output(otlp::Signal signal) { return *outputs[static_cast<size_t>(signal)]; }
};

}  // namespace vigia::pipeline
