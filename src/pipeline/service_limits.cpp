// How many places one component may lead to: who a batch is for, and for whom a receipt is, are bits of a word.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "pipeline/batch.h"
#include "pipeline/service_rules_internal.h"

namespace vigia::pipeline {

namespace {

class LimitChecker {
 public:
  LimitChecker(const ServiceReferences& references, const ServiceConfig& config, config::Diagnostics& diagnostics)
      : references_(references), config_(config), diagnostics_(diagnostics) {}

  void run() {
    for (const PipelineReferences& pipeline : references_.pipelines)
      if (pipeline.is_known_signal) check_ends(pipeline);
    for (const PipelineReferences& pipeline : references_.pipelines)
      if (pipeline.is_known_signal) count_beginnings(pipeline);
  }

 private:
  // Exporters, and connectors once for each signal that they lead to.
  void check_ends(const PipelineReferences& pipeline) {
    size_t count = 0;
    for (const Reference& reference : pipeline.exporters) {
      if (!config_.connectors.contains(reference.id)) {
        count++;
        continue;
      }
      std::set<otlp::Signal> signals;
      for (const PipelineReferences& other : references_.pipelines)
        if (other.is_known_signal && has(other.receivers, reference.id) && connects(reference.id, pipeline.signal, other.signal))
          signals.insert(other.signal);
      count += signals.size();
    }
    if (count > most_branches)
      diagnostics_.error(pipeline.position, pipeline.path,
                         fmt::format("the pipeline leads to {} exporters and connectors; at most {} are possible", count, most_branches));
  }

  // Told once for each component, where the first pipeline stands that is too many.
  void count_beginnings(const PipelineReferences& pipeline) {
    for (const Reference& reference : pipeline.receivers) {
      if (!config_.connectors.contains(reference.id)) {
        count_target(pipeline, reference, pipeline.signal);
        continue;
      }
      std::set<otlp::Signal> signals;
      for (const PipelineReferences& other : references_.pipelines)
        if (other.is_known_signal && has(other.exporters, reference.id) && connects(reference.id, other.signal, pipeline.signal))
          signals.insert(other.signal);
      for (otlp::Signal signal : signals) count_target(pipeline, reference, signal);
    }
  }

  void count_target(const PipelineReferences& pipeline, const Reference& reference, otlp::Signal from) {
    if (++targets_[{reference.id, {from, pipeline.signal}}] != most_branches + 1) return;
    diagnostics_.error(reference.position, reference.path,
                       fmt::format("\"{}\" leads to more than {} pipelines for {}; no more are possible", reference.id.to_string(),
                                   most_branches, otlp::signal_name(pipeline.signal)));
  }

  static bool has(const std::vector<Reference>& references, const ComponentId& id) {
    return std::any_of(references.begin(), references.end(), [&](const Reference& reference) { return reference.id == id; });
  }

  bool connects(const ComponentId& id, otlp::Signal from, otlp::Signal to) const {
    const auto* factory = static_cast<const ConnectorFactory*>(config_.connectors.at(id).factory);
    return factory && factory->connects(from, to);
  }

  const ServiceReferences& references_;
  const ServiceConfig& config_;
  config::Diagnostics& diagnostics_;
  std::map<std::pair<ComponentId, std::pair<otlp::Signal, otlp::Signal>>, size_t> targets_;
};

}  // namespace

void check_limits(const ServiceReferences& references, const ServiceConfig& config, config::Diagnostics& diagnostics) {
  LimitChecker(references, config, diagnostics).run();
}

}  // namespace vigia::pipeline
