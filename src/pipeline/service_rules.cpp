#include "pipeline/service_rules_internal.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/text.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

namespace {

std::vector<std::string> names_of(std::initializer_list<const ComponentConfigs*> lists) {
  std::vector<std::string> names;
  for (const ComponentConfigs* list : lists)
    for (const auto& [id, component] : *list) names.push_back(id.to_string());
  return names;
}

bool takes(const ComponentConfig& component, otlp::Signal signal) {
  const Signals& signals = component.factory->signals;
  return std::find(signals.begin(), signals.end(), signal) != signals.end();
}

bool is_named_extension(const config::Claim& claim) {
  return claim.topic == authenticator_topic || claim.topic == storage_topic || claim.topic == directory_topic;
}

// One pass over all pipelines; collects who uses what.
class RuleChecker {
 public:
  RuleChecker(const ServiceReferences& references, ServiceConfig& config, config::Diagnostics& diagnostics)
      : references_(references), config_(config), diagnostics_(diagnostics) {}

  void run() {
    check_extensions();
    if (references_.pipelines.empty())
      diagnostics_.error(references_.service_position, "service::pipelines", "there is no pipeline; at least one is needed");
    for (const PipelineReferences& pipeline : references_.pipelines) check_pipeline(pipeline);
    check_ambiguous_ids();
    check_connectors();
    check_cycles();
    mark_components();
    warn_of_unused();
    check_named_extensions();
    check_limits(references_, config_, diagnostics_);
    check_listeners(config_, diagnostics_);
  }

 private:
  struct Use {
    const PipelineReferences* pipeline;
    const Reference* reference;
  };

  void check_extensions() {
    for (const Reference& reference : references_.extensions) {
      if (!config_.extensions.count(reference.id)) {
        report_undefined(reference, "extension", names_of({&config_.extensions}));
        continue;
      }
      if (std::find(config_.started_extensions.begin(), config_.started_extensions.end(), reference.id) !=
          config_.started_extensions.end()) {
        diagnostics_.error(reference.position, reference.path, fmt::format("\"{}\" is listed twice", reference.id.to_string()));
        continue;
      }
      config_.started_extensions.push_back(reference.id);
    }
  }

  void report_undefined(const Reference& reference, std::string_view kind, const std::vector<std::string>& candidates) {
    std::string nearest = nearest_word(reference.id.to_string(), candidates);
    diagnostics_.error(reference.position, reference.path,
                       fmt::format("the {} \"{}\" is not defined{}", kind, reference.id.to_string(),
                                   nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
  }

  void check_pipeline(const PipelineReferences& pipeline) {
    if (!pipeline.is_known_signal) {
      mark_used(pipeline);
      return;
    }
    PipelineConfig out;
    out.signal = pipeline.signal;
    out.name = pipeline.name;
    if (pipeline.receivers.empty()) diagnostics_.error(pipeline.position, pipeline.path, "the pipeline has no receivers");
    if (pipeline.exporters.empty()) diagnostics_.error(pipeline.position, pipeline.path, "the pipeline has no exporters");
    for (const Reference& reference : pipeline.receivers)
      check_end(pipeline, reference, config_.receivers, connector_as_receiver_, ComponentKind::receiver, out.receivers);
    for (const Reference& reference : pipeline.processors) check_processor(pipeline, reference, out.processors);
    for (const Reference& reference : pipeline.exporters)
      check_end(pipeline, reference, config_.exporters, connector_as_exporter_, ComponentKind::exporter, out.exporters);
    check_storages(pipeline);
    config_.pipelines.push_back(std::move(out));
  }

  // A pipeline has one journal, which lies in one place and is made safe in one way.
  void check_storages(const PipelineReferences& pipeline) {
    std::string first_storage;
    for (const Reference& reference : pipeline.exporters) {
      auto exporter = config_.exporters.find(reference.id);
      if (exporter == config_.exporters.end() || !exporter->second.factory || !exporter->second.config.has_value()) continue;
      const auto& factory = *static_cast<const ExporterFactory*>(exporter->second.factory);
      const SenderConfig* sender = factory.sender ? factory.sender(exporter->second.config) : nullptr;
      if (!sender || !sender->queue.is_durable()) continue;
      if (first_storage.empty()) first_storage = sender->queue.storage;
      if (sender->queue.storage != first_storage)
        diagnostics_.error(reference.position, reference.path,
                           fmt::format("the exporters of a pipeline share one storage: \"{}\" has \"{}\", one before it \"{}\"",
                                       reference.id.to_string(), sender->queue.storage, first_storage));
    }
  }

  void mark_used(const PipelineReferences& pipeline) {
    for (const auto* list : {&pipeline.receivers, &pipeline.processors, &pipeline.exporters})
      for (const Reference& reference : *list)
        for (ComponentKind kind : {ComponentKind::receiver, ComponentKind::processor, ComponentKind::exporter, ComponentKind::connector})
          used_.emplace(kind, reference.id);
  }

  void add_once(const Reference& reference, std::vector<ComponentId>& out) {
    if (std::find(out.begin(), out.end(), reference.id) != out.end())
      diagnostics_.error(reference.position, reference.path, fmt::format("\"{}\" is listed twice", reference.id.to_string()));
    else
      out.push_back(reference.id);
  }

  void check_signal(const PipelineReferences& pipeline, const Reference& reference, const ComponentConfig& component) {
    if (component.factory && !takes(component, pipeline.signal))
      diagnostics_.error(reference.position, reference.path,
                         fmt::format("the {} \"{}\" does not do {}", component_kind_name(component.kind), reference.id.to_string(),
                                     otlp::signal_name(pipeline.signal)));
  }

  // A receiver or exporter, or a connector in its place.
  void check_end(const PipelineReferences& pipeline, const Reference& reference, const ComponentConfigs& own,
                 std::map<ComponentId, std::vector<Use>>& connector_uses, ComponentKind kind, std::vector<ComponentId>& out) {
    if (auto found = own.find(reference.id); found != own.end()) {
      used_.emplace(kind, reference.id);
      check_signal(pipeline, reference, found->second);
    } else if (config_.connectors.count(reference.id)) {
      used_.emplace(ComponentKind::connector, reference.id);
      connector_uses[reference.id].push_back({&pipeline, &reference});
    } else {
      report_undefined(reference, component_kind_name(kind), names_of({&own, &config_.connectors}));
      return;
    }
    add_once(reference, out);
  }

  void check_processor(const PipelineReferences& pipeline, const Reference& reference, std::vector<ComponentId>& out) {
    used_.emplace(ComponentKind::processor, reference.id);
    auto found = config_.processors.find(reference.id);
    if (found == config_.processors.end()) {
      report_undefined(reference, "processor", names_of({&config_.processors}));
      return;
    }
    check_signal(pipeline, reference, found->second);
    add_once(reference, out);
  }

  void check_ambiguous_ids() {
    for (const auto& [id, connector] : config_.connectors)
      for (const ComponentConfigs* others : {&config_.receivers, &config_.exporters})
        if (auto other = others->find(id); other != others->end())
          diagnostics_.error(connector.position, "connectors::" + id.to_string(),
                             fmt::format("there is also a {} \"{}\": a pipeline could mean either", component_kind_name(other->second.kind),
                                         id.to_string()));
  }

  bool connects(const ComponentId& id, const Use& from, const Use& to) const {
    const ComponentConfig& connector = config_.connectors.at(id);
    if (!connector.factory) return true;
    return static_cast<const ConnectorFactory*>(connector.factory)->connects(from.pipeline->signal, to.pipeline->signal);
  }

  void check_connectors() {
    for (const auto& entry : config_.connectors)
      check_connector(entry.first, connector_as_exporter_[entry.first], connector_as_receiver_[entry.first]);
  }

  void check_connector(const ComponentId& id, const std::vector<Use>& as_exporter, const std::vector<Use>& as_receiver) {
    if (as_receiver.empty() != as_exporter.empty()) {
      const Use& use = as_exporter.empty() ? as_receiver.front() : as_exporter.front();
      diagnostics_.error(use.reference->position, use.reference->path,
                         fmt::format("the connector \"{}\" is used as {}, but in no pipeline as {}", id.to_string(),
                                     as_exporter.empty() ? "receiver" : "exporter", as_exporter.empty() ? "exporter" : "receiver"));
      return;
    }
    for (const Use& from : as_exporter)
      if (std::none_of(as_receiver.begin(), as_receiver.end(), [&](const Use& to) { return connects(id, from, to); }))
        report_unconnected(id, from, "cannot lead", from.pipeline->signal, "to any pipeline that has it as receiver");
    for (const Use& to : as_receiver)
      if (std::none_of(as_exporter.begin(), as_exporter.end(), [&](const Use& from) { return connects(id, from, to); }))
        report_unconnected(id, to, "cannot give", to.pipeline->signal, "from any pipeline that has it as exporter");
  }

  void report_unconnected(const ComponentId& id, const Use& use, std::string_view what, otlp::Signal signal, std::string_view where) {
    diagnostics_.error(use.reference->position, use.reference->path,
                       fmt::format("the connector \"{}\" {} {} {}", id.to_string(), what, otlp::signal_name(signal), where));
  }

  struct Step {
    const PipelineReferences* to;
    const Reference* through;
  };

  std::vector<Step> steps_from(const PipelineReferences& pipeline) const {
    std::vector<Step> steps;
    for (const auto& [id, uses] : connector_as_exporter_)
      for (const Use& from : uses) {
        if (from.pipeline != &pipeline) continue;
        auto receivers = connector_as_receiver_.find(id);
        if (receivers == connector_as_receiver_.end()) continue;
        for (const Use& to : receivers->second)
          if (connects(id, from, to)) steps.push_back({to.pipeline, from.reference});
      }
    return steps;
  }

  // Depth first without recursion, since a file may hold any number of pipelines.
  void check_cycles() {
    std::set<const PipelineReferences*> finished;
    for (const PipelineReferences& start : references_.pipelines) {
      struct Visit {
        const PipelineReferences* pipeline;
        std::vector<Step> steps;
        size_t next = 0;
      };
      std::vector<Visit> path;
      if (!finished.count(&start)) path.push_back({&start, steps_from(start)});
      while (!path.empty()) {
        Visit& visit = path.back();
        if (visit.next == visit.steps.size()) {
          finished.insert(visit.pipeline);
          path.pop_back();
          continue;
        }
        Step step = visit.steps[visit.next++];
        auto begin = std::find_if(path.begin(), path.end(), [&](const Visit& v) { return v.pipeline == step.to; });
        if (begin != path.end()) {
          std::string text;
          for (auto at = begin; at != path.end(); ++at)
            text += fmt::format("{} → {} → ", at->pipeline->name, at->steps[at->next - 1].through->id.to_string());
          diagnostics_.error(step.through->position, step.through->path, "the pipelines form a cycle: " + text + step.to->name);
          return;
        }
        if (!finished.count(step.to)) path.push_back({step.to, steps_from(*step.to)});
      }
    }
  }

  void mark_components() {
    for (ComponentConfigs* list : {&config_.receivers, &config_.processors, &config_.exporters, &config_.connectors})
      for (auto& [id, component] : *list) component.is_used = used_.count({component.kind, id}) > 0;
    for (const ComponentId& id : config_.started_extensions) config_.extensions.at(id).is_used = true;
  }

  void warn_of_unused() {
    for (const ComponentConfigs* list : {&config_.receivers, &config_.processors, &config_.exporters, &config_.connectors})
      for (const auto& [id, component] : *list)
        if (!component.is_used) warn_unused(component, "in no pipeline");
    for (const auto& [id, component] : config_.extensions)
      if (!component.is_used) warn_unused(component, "not under service::extensions");
  }

  void warn_unused(const ComponentConfig& component, std::string_view where) {
    std::string kind(component_kind_name(component.kind));
    diagnostics_.warning(component.position, kind + "s::" + component.id.to_string(),
                         fmt::format("the {} is defined but not used: it is {}", kind, where));
  }

  void check_named_extensions() {
    for (const ComponentConfigs* list : {&config_.receivers, &config_.processors, &config_.exporters, &config_.extensions})
      for (const auto& [id, component] : *list)
        for (const config::Claim& claim : component.claims)
          if (component.is_used && is_named_extension(claim)) check_named_extension(claim);
  }

  void check_named_extension(const config::Claim& claim) {
    ComponentId id = ComponentId::parse(claim.value);
    for (const std::string& type : spellings_of(id.type))
      if (auto found = config_.extensions.find({type, id.name}); found != config_.extensions.end()) {
        if (!found->second.is_used)
          diagnostics_.error(claim.position, claim.path,
                             fmt::format("the extension \"{}\" is not listed under service::extensions", claim.value));
        return;
      }
    report_undefined({id, claim.position, claim.path}, "extension", names_of({&config_.extensions}));
  }

  const ServiceReferences& references_;
  ServiceConfig& config_;
  config::Diagnostics& diagnostics_;
  std::set<std::pair<ComponentKind, ComponentId>> used_;
  std::map<ComponentId, std::vector<Use>> connector_as_exporter_;
  std::map<ComponentId, std::vector<Use>> connector_as_receiver_;
};

}  // namespace

void check_service_rules(const ServiceReferences& references, ServiceConfig& config, config::Diagnostics& diagnostics) {
  RuleChecker(references, config, diagnostics).run();
}

}  // namespace vigia::pipeline
