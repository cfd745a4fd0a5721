#pragma once

// Which component instances a configuration asks for, and how they hang together: the graph on paper.
//
// One receiver and one extension for each id; a processor for each pipeline that has it; an exporter for each signal; a connector
// for each pair of signals; a journal for each pipeline that has an exporter with storage.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/dead_letter_desk.h"
#include "pipeline/journal_stage.h"
#include "pipeline/service_config.h"

namespace vigia::pipeline {

// What tells instances apart, also across reloads.
struct NodeKey {
  ComponentKind kind = ComponentKind::receiver;
  ComponentId id;
  std::string pipeline;  // Of a processor and a journal.
  // Of a processor, an exporter, a journal (both the same) and a connector.
  otlp::Signal from = otlp::Signal::traces;
  otlp::Signal to = otlp::Signal::traces;

  auto operator<=>(const NodeKey&) const = default;
  // "exporter otlp (traces)".
  std::string to_string() const;
};

struct PlannedNode {
  const ComponentConfig* component = nullptr;  // Not of a journal.
  std::optional<JournalStageConfig> journal;
  // Of what can refuse data of a durable pipeline for good: where that is set aside.
  struct DeadLetters {
    ComponentId storage;
    std::string pipeline;
    std::vector<DeadLetterOwner> owners;
  };
  std::optional<DeadLetters> dead_letters;
  // Equal fingerprints under one key: the instance may go on.
  std::string fingerprint;
  // Where its output goes, by signal. Processors and connectors have one output, under their `to`.
  std::array<std::vector<NodeKey>, 3> targets;
  // How many components lie between this and the receivers, the longest way.
  size_t depth = 0;

  std::vector<NodeKey>& targets_of(otlp::Signal signal) { return targets[static_cast<size_t>(signal)]; }
  const std::vector<NodeKey>& targets_of(otlp::Signal signal) const { return targets[static_cast<size_t>(signal)]; }
};

using Plan = std::map<NodeKey, PlannedNode>;

// `config` was decoded without errors, and outlives the plan.
Plan make_plan(const ServiceConfig& config);

}  // namespace vigia::pipeline
