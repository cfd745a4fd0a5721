#include "pipeline/plan.h"

#include <algorithm>

namespace vigia::pipeline {

std::string NodeKey::to_string() const {
  std::string text = std::string(component_kind_name(kind)) + " " + id.to_string();
  if (kind == ComponentKind::processor) return text + " (" + pipeline + ")";
  if (kind == ComponentKind::exporter) return text + " (" + std::string(otlp::signal_name(from)) + ")";
  if (kind == ComponentKind::connector)
    return text + " (" + std::string(otlp::signal_name(from)) + " to " + std::string(otlp::signal_name(to)) + ")";
  return text;
}

namespace {

void add_once(std::vector<NodeKey>& list, const NodeKey& key) {
  if (std::find(list.begin(), list.end(), key) == list.end()) list.push_back(key);
}

class Planner {
 public:
  explicit Planner(const ServiceConfig& config) : config_(config) {}

  Plan run() {
    for (const ComponentId& id : config_.started_extensions) node({ComponentKind::extension, id, "", {}, {}}, config_.extensions.at(id));
    for (const PipelineConfig& pipeline : config_.pipelines) add_pipeline(pipeline);
    finish_fingerprints();
    find_depths();
    return std::move(plan_);
  }

 private:
  PlannedNode& node(const NodeKey& key, const ComponentConfig& component) {
    PlannedNode& node = plan_[key];
    node.component = &component;
    return node;
  }

  void add_pipeline(const PipelineConfig& pipeline) {
    std::vector<NodeKey> entrance = sinks_of(pipeline);
    for (size_t i = pipeline.processors.size(); i-- > 0;) {
      const ComponentId& id = pipeline.processors[i];
      NodeKey key{ComponentKind::processor, id, pipeline.name, pipeline.signal, pipeline.signal};
      node(key, config_.processors.at(id)).targets_of(pipeline.signal) = std::move(entrance);
      entrance = {key};
    }
    for (const ComponentId& id : pipeline.receivers) add_source(pipeline, id, entrance);
  }

  std::vector<NodeKey> sinks_of(const PipelineConfig& pipeline) {
    std::vector<NodeKey> sinks;
    for (const ComponentId& id : pipeline.exporters) {
      if (auto exporter = config_.exporters.find(id); exporter != config_.exporters.end()) {
        NodeKey key{ComponentKind::exporter, id, "", pipeline.signal, pipeline.signal};
        node(key, exporter->second);
        add_once(sinks, key);
        continue;
      }
      for (const PipelineConfig& other : config_.pipelines)
        if (is_receiver_of(id, other) && connects(id, pipeline.signal, other.signal)) {
          NodeKey key{ComponentKind::connector, id, "", pipeline.signal, other.signal};
          node(key, config_.connectors.at(id));
          add_once(sinks, key);
        }
    }
    return sinks;
  }

  void add_source(const PipelineConfig& pipeline, const ComponentId& id, const std::vector<NodeKey>& entrance) {
    auto lead = [&](const NodeKey& key, const ComponentConfig& component) {
      std::vector<NodeKey>& targets = node(key, component).targets_of(pipeline.signal);
      for (const NodeKey& target : entrance) add_once(targets, target);
    };
    if (auto receiver = config_.receivers.find(id); receiver != config_.receivers.end()) {
      lead({ComponentKind::receiver, id, "", {}, {}}, receiver->second);
      return;
    }
    for (const PipelineConfig& other : config_.pipelines) {
      bool has_as_exporter = std::find(other.exporters.begin(), other.exporters.end(), id) != other.exporters.end();
      if (has_as_exporter && connects(id, other.signal, pipeline.signal))
        lead({ComponentKind::connector, id, "", other.signal, pipeline.signal}, config_.connectors.at(id));
    }
  }

  bool is_receiver_of(const ComponentId& id, const PipelineConfig& pipeline) const {
    return std::find(pipeline.receivers.begin(), pipeline.receivers.end(), id) != pipeline.receivers.end();
  }

  bool connects(const ComponentId& id, otlp::Signal from, otlp::Signal to) const {
    return static_cast<const ConnectorFactory*>(config_.connectors.at(id).factory)->connects(from, to);
  }

  // A receiver learns when it is made which signals somebody wants.
  void finish_fingerprints() {
    for (auto& [key, node] : plan_) {
      node.fingerprint = node.component->fingerprint;
      if (key.kind != ComponentKind::receiver) continue;
      for (otlp::Signal signal : otlp::all_signals)
        if (!node.targets_of(signal).empty()) node.fingerprint += "\n" + std::string(otlp::signal_name(signal));
    }
  }

  // There are no cycles, so no way is longer than the number of nodes.
  void find_depths() {
    for (size_t round = 0; round < plan_.size(); round++) {
      bool is_changed = false;
      for (const auto& [key, node] : plan_)
        for (const auto& targets : node.targets)
          for (const NodeKey& target : targets) {
            PlannedNode& next = plan_.at(target);
            if (next.depth > node.depth) continue;
            next.depth = node.depth + 1;
            is_changed = true;
          }
      if (!is_changed) return;
    }
  }

  const ServiceConfig& config_;
  Plan plan_;
};

}  // namespace

Plan make_plan(const ServiceConfig& config) { return Planner(config).run(); }

}  // namespace vigia::pipeline
