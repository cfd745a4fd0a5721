#include "pipeline/plan.h"

#include <algorithm>

#include "pipeline/sender_config.h"

namespace vigia::pipeline {

std::string NodeKey::to_string() const {
  std::string text = std::string(component_kind_name(kind)) + " " + id.to_string();
  if (kind == ComponentKind::processor) return text + " (" + pipeline + ")";
  if (kind == ComponentKind::journal) return "journal of the pipeline " + pipeline;
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
    for (const NodeKey& sink : entrance) {
      bool is_exporter = sink.kind == ComponentKind::exporter;
      node(sink, is_exporter ? config_.exporters.at(sink.id) : config_.connectors.at(sink.id));
    }
    std::optional<JournalStageConfig> journal = journal_of(pipeline, entrance);
    std::optional<PlannedNode::DeadLetters> dead_letters = journal ? dead_letters_of(*journal) : dead_letters_of_source(pipeline);
    // What a processor of a durable pipeline holds names its exporters by their places, so other exporters mean other processors.
    std::string places;
    if (journal)
      for (const NodeKey& sink : entrance) places += "\n" + sink.to_string();
    for (size_t i = pipeline.processors.size(); i-- > 0;) {
      const ComponentId& id = pipeline.processors[i];
      NodeKey key{ComponentKind::processor, id, pipeline.name, pipeline.signal, pipeline.signal};
      PlannedNode& processor = node(key, config_.processors.at(id));
      processor.targets_of(pipeline.signal) = std::move(entrance);
      processor.fingerprint = places;
      processor.dead_letters = dead_letters;
      entrance = {key};
    }
    if (journal) {
      NodeKey key{ComponentKind::journal, {}, pipeline.name, pipeline.signal, pipeline.signal};
      PlannedNode& head = plan_[key];
      head.targets_of(pipeline.signal) = std::move(entrance);
      head.fingerprint = journal->fingerprint() + places;
      head.journal = std::move(journal);
      head.dead_letters = std::move(dead_letters);
      entrance = {key};
    }
    for (const ComponentId& id : pipeline.receivers) add_source(pipeline, id, entrance);
  }

  std::vector<NodeKey> sinks_of(const PipelineConfig& pipeline) const {
    std::vector<NodeKey> sinks;
    for (const ComponentId& id : pipeline.exporters) {
      if (config_.exporters.contains(id)) {
        add_once(sinks, {ComponentKind::exporter, id, "", pipeline.signal, pipeline.signal});
        continue;
      }
      for (const PipelineConfig& other : config_.pipelines)
        if (is_receiver_of(id, other) && connects(id, pipeline.signal, other.signal))
          add_once(sinks, {ComponentKind::connector, id, "", pipeline.signal, other.signal});
    }
    return sinks;
  }

  // Where some exporter has storage: who it is for, and how much may wait for each.
  std::optional<JournalStageConfig> journal_of(const PipelineConfig& pipeline, const std::vector<NodeKey>& sinks) {
    JournalStageConfig journal;
    for (size_t branch = 0; branch < sinks.size(); branch++) {
      const SenderConfig* sender = sender_of(sinks[branch]);
      if (!sender || !sender->queue.is_durable()) continue;
      const QueueConfig& queue = sender->queue;
      std::string exporter = sinks[branch].id.to_string();
      std::optional<PlannedNode::DeadLetters>& dead_letters = plan_.at(sinks[branch]).dead_letters;
      if (!dead_letters) dead_letters = {ComponentId::parse(queue.storage), pipeline.name, {{exporter, all_branches}}};
      journal.storage = ComponentId::parse(queue.storage);
      journal.blocks_on_overflow |= queue.blocks_on_overflow;
      journal.cursors.push_back({exporter, branch, quota_of(pipeline, queue),
                                 queue.when_full == WhenFull::drop_oldest ? journal::WhenFull::drop_oldest : journal::WhenFull::reject,
                                 sender->overflow, queue.keeps_order});
    }
    if (journal.cursors.empty()) return std::nullopt;
    add_connectors(sinks, journal);
    journal.pipeline = pipeline.name;
    journal.signal = pipeline.signal;
    journal.branch_count = sinks.size();
    return journal;
  }

  // What a connector takes to another durable pipeline is safe once it is in that one's journal; until then it stays in this one. The
  // connector says nothing of a queue, so that it gets what the exporter beside it has.
  void add_connectors(const std::vector<NodeKey>& sinks, JournalStageConfig& journal) const {
    journal::Amount quota = journal.cursors.front().quota;
    for (size_t branch = 0; branch < sinks.size(); branch++)
      if (sinks[branch].kind == ComponentKind::connector && leads_to_disk(sinks[branch]))
        journal.cursors.push_back({branch_name(sinks[branch]), branch, quota});
  }

  static std::string branch_name(const NodeKey& connector) {
    std::string id = connector.id.to_string();
    return connector.from == connector.to ? id : id + " to " + std::string(otlp::signal_name(connector.to));
  }

  bool leads_to_disk(const NodeKey& sink) const {
    if (sink.kind == ComponentKind::exporter) {
      const SenderConfig* sender = sender_of(sink);
      return sender && sender->queue.is_durable();
    }
    return std::any_of(config_.pipelines.begin(), config_.pipelines.end(), [&](const PipelineConfig& pipeline) {
      if (!is_receiver_of(sink.id, pipeline) || pipeline.signal != sink.to) return false;
      std::vector<NodeKey> sinks = sinks_of(pipeline);
      return std::any_of(sinks.begin(), sinks.end(), [&](const NodeKey& next) { return leads_to_disk(next); });
    });
  }

  static std::optional<PlannedNode::DeadLetters> dead_letters_of(const JournalStageConfig& journal) {
    PlannedNode::DeadLetters letters{journal.storage, journal.pipeline, {}};
    for (const JournalStageConfig::Cursor& cursor : journal.cursors)
      letters.owners.push_back({cursor.exporter, uint64_t{1} << cursor.branch});
    return letters;
  }

  // Of a pipeline without a journal that lies between durable ones: what its processors refuse is still in the journal before it.
  std::optional<PlannedNode::DeadLetters> dead_letters_of_source(const PipelineConfig& pipeline) const {
    for (const PipelineConfig& source : config_.pipelines)
      for (const NodeKey& sink : sinks_of(source)) {
        bool leads_here = sink.kind == ComponentKind::connector && is_receiver_of(sink.id, pipeline) && sink.to == pipeline.signal;
        if (!leads_here || !leads_to_disk(sink)) continue;
        if (std::optional<ComponentId> storage = storage_of(source))
          return PlannedNode::DeadLetters{*storage, source.name, {{branch_name(sink), all_branches}}};
        if (std::optional<PlannedNode::DeadLetters> before = dead_letters_of_source(source)) return before;
      }
    return std::nullopt;
  }

  std::optional<ComponentId> storage_of(const PipelineConfig& pipeline) const {
    for (const NodeKey& sink : sinks_of(pipeline))
      if (const SenderConfig* sender = sender_of(sink); sender && sender->queue.is_durable())
        return ComponentId::parse(sender->queue.storage);
    return std::nullopt;
  }

  const SenderConfig* sender_of(const NodeKey& key) const {
    if (key.kind != ComponentKind::exporter) return nullptr;
    const ComponentConfig& exporter = config_.exporters.at(key.id);
    const auto& factory = *static_cast<const ExporterFactory*>(exporter.factory);
    return factory.sender ? factory.sender(exporter.config) : nullptr;
  }

  // The journal holds requests as they came. Where something behind it joins them, queue_size counts what is joined, as in the Collector.
  journal::Amount quota_of(const PipelineConfig& pipeline, const QueueConfig& queue) const {
    if (queue.sizer == Sizer::bytes) return {0, 0, queue.size};
    if (queue.sizer == Sizer::items) return {0, queue.size, 0};
    uint64_t items = queue.batch && queue.batch->sizer == Sizer::items ? queue.batch->min_size : 0;
    for (const ComponentId& id : pipeline.processors) {
      const ComponentConfig& processor = config_.processors.at(id);
      const auto& factory = *static_cast<const ProcessorFactory*>(processor.factory);
      if (factory.batch_items) items = std::max(items, factory.batch_items(processor.config));
    }
    if (items > 0) return {0, queue.size * items, 0};
    if (queue.batch) return {0, 0, queue.size * std::max<uint64_t>(queue.batch->min_size, 1)};
    return {queue.size, 0, 0};
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
      if (node.component) node.fingerprint += node.component->fingerprint;
      // It sets data aside under the pipeline's name.
      if (key.kind == ComponentKind::exporter && node.dead_letters)
        node.fingerprint += "\n" + node.dead_letters->storage.to_string() + " " + node.dead_letters->pipeline;
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
