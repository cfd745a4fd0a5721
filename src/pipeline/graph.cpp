#include "pipeline/graph.h"

#include <algorithm>

#include <fmt/core.h>

#include "pipeline/agent_directory.h"
#include "pipeline/countdown.h"
#include "pipeline/dead_letter_desk.h"
#include "pipeline/graph_node_internal.h"
#include "pipeline/storage.h"

namespace vigia::pipeline {

namespace {

constexpr int64_t loop_pass_timeout_ms = 5'000;
constexpr int64_t undo_timeout_ms = 2'000;
constexpr int64_t extensions_stop_ms = 2'000;

// Extensions first, then from the exporters up to the receivers; of equal rank, what is downstream.
int start_rank(ComponentKind kind) {
  switch (kind) {
    case ComponentKind::extension:
      return 0;
    case ComponentKind::exporter:
      return 1;
    case ComponentKind::connector:
    case ComponentKind::processor:
    case ComponentKind::journal:
      return 2;
    case ComponentKind::receiver:
      return 3;
  }
  return 0;
}

// What a claim wants an extension to be.
struct Role {
  std::string_view name;
  bool (*fits)(Component& extension);
};

template <typename Interface>
bool implements(Component& extension) {
  return dynamic_cast<Interface*>(&extension) != nullptr;
}

std::optional<Role> role_of(const config::Claim& claim, ComponentKind claimant) {
  if (claim.topic == directory_topic) return Role{"a directory of agents", implements<AgentDirectory>};
  if (claim.topic == storage_topic) return Role{"a storage", implements<Storage>};
  if (claim.topic != authenticator_topic) return std::nullopt;
  if (claimant == ComponentKind::exporter) return Role{"a client's authenticator", implements<ClientAuthenticator>};
  return Role{"a server's authenticator", implements<ServerAuthenticator>};
}

}  // namespace

Graph::Graph(GraphEnvironment environment)
    : environment_(std::move(environment)),
      journals_(environment_.files, environment_.clock, environment_.ledger, environment_.log),
      unused_data_(environment_.files, environment_.metrics, environment_.log) {}
Graph::~Graph() = default;

Extension* Graph::find_extension(const ComponentId& id) const {
  return extensions_.with([&](const std::map<ComponentId, Extension*>& extensions) -> Extension* {
    auto found = extensions.find(id);
    return found == extensions.end() ? nullptr : found->second;
  });
}

void Graph::publish_extension(Node& node, bool is_there) {
  if (node.key.kind != ComponentKind::extension) return;
  extensions_.with([&](std::map<ComponentId, Extension*>& extensions) {
    if (is_there)
      extensions[node.key.id] = node.extension();
    else if (auto found = extensions.find(node.key.id); found != extensions.end() && found->second == node.extension())
      extensions.erase(found);
  });
}

// --- Making ---

Context Graph::context_for(Node& node) const {
  LogFields fields = {{"kind", component_kind_name(node.key.kind)}};
  if (node.key.kind != ComponentKind::journal) fields.emplace_back("name", node.key.id.to_string());
  if (node.key.kind == ComponentKind::processor || node.key.kind == ComponentKind::journal)
    fields.emplace_back("pipeline", node.key.pipeline);
  if (node.key.kind == ComponentKind::exporter) fields.emplace_back("data_type", otlp::signal_name(node.key.from));
  auto asked = node.asked_extensions;
  return {node.key.id,
          environment_.log.with(fields),
          environment_.metrics,
          environment_.clock,
          environment_.files,
          environment_.ledger,
          environment_.loops,
          environment_.background,
          environment_.resolver,
          [this, asked](const ComponentId& id) {
            asked->with([&](std::set<ComponentId>& ids) { ids.insert(id); });
            return find_extension(id);
          },
          environment_.report_port,
          environment_.version,
          environment_.proxies,
          environment_.deliveries,
          environment_.own_log,
          nullptr,
          environment_.api,
          environment_.environment};
}

Result<Graph::NodePointer> Graph::create_node(const NodeKey& key, const PlannedNode& planned,
                                              const std::shared_ptr<const ServiceConfig>& config) {
  auto node = std::make_unique<Node>();
  node->key = key;
  node->fingerprint = planned.fingerprint;
  node->depth = planned.depth;
  node->config = config;
  if (key.kind == ComponentKind::processor) node->telemetry = std::make_unique<ProcessorTelemetry>(environment_.metrics, key.id);
  for (otlp::Signal signal : otlp::all_signals) {
    if (planned.targets_of(signal).empty()) continue;
    auto index = static_cast<size_t>(signal);
    node->outputs[index] = std::make_unique<Junction>(node->telemetry ? node->telemetry->outgoing_items[index] : nullptr);
  }
  node->context = std::make_unique<Context>(context_for(*node));
  if (planned.dead_letters) {
    const auto& [storage, pipeline, owners] = *planned.dead_letters;
    auto desk = std::make_shared<DeadLetterDesk>(*node->context, journals_, storage, pipeline, owners);
    node->context->set_aside = [desk](Batch batch, const Status& why) { desk->set_aside(std::move(batch), why); };
  }
  Status status = create_component(*node, planned);
  if (!status.is_ok()) return std::move(status).with_context(fmt::format("cannot create the {}", key.to_string()));
  return node;
}

Status Graph::create_component(Node& node, const PlannedNode& planned) {
  if (planned.journal) {
    auto stage = std::make_unique<JournalStage>(*node.context, journals_, *planned.journal, node.output(node.key.to));
    node.entrance = stage.get();
    node.component = std::move(stage);
    return {};
  }
  const ComponentFactory& factory = *planned.component->factory;
  const std::any& config = planned.component->config;
  const NodeKey& key = node.key;
  const Context& context = *node.context;
  switch (key.kind) {
    case ComponentKind::receiver: {
      Outputs outputs{node.outputs[0].get(), node.outputs[1].get(), node.outputs[2].get()};
      ASSIGN_OR_RETURN(node.component, static_cast<const ReceiverFactory&>(factory).create(context, config, outputs));
      return {};
    }
    case ComponentKind::processor: {
      ASSIGN_OR_RETURN(std::unique_ptr<Processor> processor,
                       static_cast<const ProcessorFactory&>(factory).create(context, config, key.from, node.output(key.to)));
      Counter& items = *node.telemetry->incoming_items[static_cast<size_t>(key.from)];
      node.counted_entrance = std::make_unique<CountedEntrance>(*processor, items);
      node.entrance = node.counted_entrance.get();
      node.component = std::move(processor);
      return {};
    }
    case ComponentKind::exporter: {
      ASSIGN_OR_RETURN(std::unique_ptr<Exporter> exporter, static_cast<const ExporterFactory&>(factory).create(context, config, key.from));
      node.entrance = exporter.get();
      node.component = std::move(exporter);
      return {};
    }
    case ComponentKind::connector: {
      ASSIGN_OR_RETURN(std::unique_ptr<Connector> connector,
                       static_cast<const ConnectorFactory&>(factory).create(context, config, key.from, key.to, node.output(key.to)));
      node.entrance = connector.get();
      node.component = std::move(connector);
      return {};
    }
    case ComponentKind::extension: {
      ASSIGN_OR_RETURN(node.component, static_cast<const ExtensionFactory&>(factory).create(context, config));
      return {};
    }
    case ComponentKind::journal:
      break;
  }
  return internal_error("unknown kind of component");
}

void Graph::try_out(ServiceConfig config, config::Diagnostics& diagnostics) {
  auto shared = std::make_shared<const ServiceConfig>(std::move(config));
  Plan plan = make_plan(*shared);
  Nodes nodes;
  for (const auto& [key, planned] : plan) {
    Result<NodePointer> node = create_node(key, planned, shared);
    if (node.is_ok())
      nodes[key] = std::move(*node);
    else
      diagnostics.error(planned.component ? planned.component->position : config::Position(),
                        fmt::format("{}s::{}", component_kind_name(key.kind), key.id.to_string()), node.status().message());
  }
  for (const auto& [key, planned] : plan) check_named_extensions(planned, nodes, diagnostics);
}

// That they are defined and listed has been checked before; what they are good for is known of the living ones.
void Graph::check_named_extensions(const PlannedNode& planned, const Nodes& nodes, config::Diagnostics& diagnostics) {
  if (!planned.component) return;
  for (const config::Claim& claim : planned.component->claims) {
    std::optional<Role> role = role_of(claim, planned.component->kind);
    if (!role) continue;
    ComponentId id = ComponentId::parse(claim.value);
    for (const std::string& type : spellings_of(id.type)) {
      auto found = nodes.find({ComponentKind::extension, {type, id.name}, "", {}, {}});
      if (found == nodes.end() || role->fits(*found->second->component)) continue;
      diagnostics.error(claim.position, claim.path, fmt::format("the extension \"{}\" cannot be {}", claim.value, role->name));
    }
  }
}

// Points the outputs of `nodes` to where the plan says.
void Graph::connect(const Plan& plan, const Nodes& nodes, const Find& find) {
  for (const auto& [key, node] : nodes) {
    const PlannedNode& planned = plan.at(key);
    for (otlp::Signal signal : otlp::all_signals) {
      std::vector<Consumer*> targets;
      for (const NodeKey& target : planned.targets_of(signal)) targets.push_back(find(target).entrance);
      if (!targets.empty()) node->output(signal).connect(std::move(targets));
    }
  }
}

// --- Starting and stopping ---

Status Graph::start_node(Node& node) {
  Status status = node.component->start();
  if (!status.is_ok()) return std::move(status).with_context(fmt::format("cannot start the {}", node.key.to_string()));
  node.is_started = true;
  publish_extension(node, true);
  return {};
}

Status Graph::start_nodes(const std::vector<Node*>& nodes, int64_t timeout_ms) {
  std::vector<Node*> ordered = nodes;
  // Extensions in the order of service.extensions: one may need another.
  auto place = [](const Node* node) {
    const std::vector<ComponentId>& order = node->config->started_extensions;
    bool is_extension = node->key.kind == ComponentKind::extension;
    auto within = is_extension ? std::find(order.begin(), order.end(), node->key.id) - order.begin() : -static_cast<ptrdiff_t>(node->depth);
    return std::pair(start_rank(node->key.kind), within);
  };
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Node* a, const Node* b) { return place(a) < place(b); });
  for (Node* node : ordered) {
    Status status = start_node(*node);
    if (status.is_ok()) continue;
    stop_nodes(ordered, timeout_ms);
    return status;
  }
  return {};
}

// Upstream before downstream; what lies equally deep stops together. A round may take half of the time that is left, so that a late one
// does not take everything from those behind it; the exporters, who may have to wait for the other side, all but a little.
bool Graph::stop_nodes(std::vector<Node*> nodes, int64_t timeout_ms) {
  std::erase_if(nodes, [](const Node* node) { return !node->is_started; });
  std::map<std::pair<int, size_t>, std::vector<Node*>> rounds;
  for (Node* node : nodes) {
    int phase = node->key.kind == ComponentKind::receiver    ? 0
                : node->key.kind == ComponentKind::exporter  ? 2
                : node->key.kind == ComponentKind::extension ? 3
                                                             : 1;
    rounds[{phase, phase == 1 ? node->depth : 0}].push_back(node);
  }
  int64_t deadline_ms = environment_.clock.steady_ms() + timeout_ms;
  bool is_in_time = true;
  for (auto round = rounds.begin(); round != rounds.end(); ++round) {
    int64_t left_ms = std::max<int64_t>(deadline_ms - environment_.clock.steady_ms(), 0);
    bool is_last = std::next(round) == rounds.end();
    bool is_exporters = round->first.first == 2;
    int64_t left_for_others_ms = is_last ? 0 : is_exporters ? std::min(left_ms / 2, extensions_stop_ms) : left_ms / 2;
    is_in_time &= stop_together(round->second, left_ms - left_for_others_ms);
  }
  return is_in_time;
}

bool Graph::stop_together(const std::vector<Node*>& nodes, int64_t timeout_ms) {
  constexpr int64_t grace_ms = 200;  // for the callback of somebody who used all of the time
  int64_t deadline_ms = environment_.clock.steady_ms() + timeout_ms;
  std::vector<std::shared_ptr<Countdown>> countdowns;
  for (Node* node : nodes) {
    node->is_started = false;
    auto countdown = std::make_shared<Countdown>(1);
    countdowns.push_back(countdown);
    node->component->stop(deadline_ms, [countdown] { countdown->count_down(); });
  }
  bool is_in_time = true;
  for (size_t i = 0; i < nodes.size(); i++) {
    int64_t left_ms = std::max<int64_t>(deadline_ms - environment_.clock.steady_ms(), 0);
    if (!countdowns[i]->wait_ms(left_ms + grace_ms)) {
      environment_.log.warn("a component did not stop in time", {{"component", nodes[i]->key.to_string()}});
      nodes[i]->is_late = true;
      is_in_time = false;
    }
    publish_extension(*nodes[i], false);
  }
  return is_in_time;
}

bool Graph::let_loops_pass() {
  net::LoopGroup& loops = environment_.loops;
  auto countdown = std::make_shared<Countdown>(loops.size());
  for (size_t i = 0; i < loops.size(); i++) loops.at(i).post([countdown] { countdown->count_down(); });
  return countdown->wait_ms(loop_pass_timeout_ms);
}

// A component may still be inside the call in which it said that it had stopped.
void Graph::destroy(std::vector<NodePointer> nodes) {
  bool is_safe = let_loops_pass();
  // What is upstream holds references to what is downstream.
  std::stable_sort(nodes.begin(), nodes.end(), [](const NodePointer& a, const NodePointer& b) {
    return start_rank(a->key.kind) != start_rank(b->key.kind) ? start_rank(a->key.kind) > start_rank(b->key.kind) : a->depth < b->depth;
  });
  bool is_any_late = std::any_of(nodes.begin(), nodes.end(), [](const NodePointer& node) { return node->is_late; });
  for (NodePointer& node : nodes)
    if (is_any_late || !is_safe)
      late_.push_back(std::move(node));
    else
      node = nullptr;
}

void Graph::tell_listeners(bool is_ready) {
  is_ready_ = is_ready;
  for (auto& [key, node] : nodes_)
    if (auto* listener = dynamic_cast<ReadinessListener*>(node->component.get())) listener->on_ready(is_ready);
}

void Graph::look_for_unused_data() {
  unused_data_.look(plan_, [this](const ComponentId& id) { return find_extension(id); });
}

// --- The whole ---

Status Graph::start(ServiceConfig config) {
  CHECK(nodes_.empty());
  config_ = std::make_shared<const ServiceConfig>(std::move(config));
  plan_ = make_plan(*config_);
  Nodes nodes;
  for (const auto& [key, planned] : plan_) {
    Result<NodePointer> node = create_node(key, planned, config_);
    if (!node.is_ok() && planned.component) return std::move(node).status().with_context(planned.component->position.to_string());
    if (!node.is_ok()) return std::move(node).status();
    nodes[key] = std::move(*node);
  }
  connect(plan_, nodes, [&](const NodeKey& key) -> Node& { return *nodes.at(key); });
  std::vector<Node*> all;
  for (auto& [key, node] : nodes) all.push_back(node.get());
  Status status = start_nodes(all, undo_timeout_ms);
  if (!status.is_ok()) {
    std::vector<NodePointer> unused;
    for (auto& [key, node] : nodes) unused.push_back(std::move(node));
    destroy(std::move(unused));
    return status;
  }
  nodes_ = std::move(nodes);
  tell_listeners(true);
  look_for_unused_data();
  return {};
}

bool Graph::stop(int64_t timeout_ms) {
  if (nodes_.empty()) return true;
  tell_listeners(false);
  std::vector<Node*> all;
  for (auto& [key, node] : nodes_) all.push_back(node.get());
  for (Node* node : all)
    if (node->key.kind == ComponentKind::journal && node->is_started) static_cast<JournalStage&>(*node->component).stop_waiting();
  bool is_in_time = stop_nodes(all, timeout_ms);
  std::vector<NodePointer> old;
  for (auto& [key, node] : nodes_) old.push_back(std::move(node));
  nodes_.clear();
  destroy(std::move(old));
  return is_in_time;
}

}  // namespace vigia::pipeline
