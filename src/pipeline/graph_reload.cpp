#include <algorithm>

#include <fmt/core.h>

#include "pipeline/graph.h"
#include "pipeline/graph_node_internal.h"

namespace vigia::pipeline {

namespace {

constexpr int64_t undo_timeout_ms = 2'000;

}  // namespace

// One exchange of configurations. Every step that can fail leaves enough behind to go back.
class Graph::Reload {
 public:
  Reload(Graph& graph, ServiceConfig config, int64_t drain_timeout_ms)
      : graph_(graph),
        config_(std::make_shared<const ServiceConfig>(std::move(config))),
        plan_(make_plan(*config_)),
        drain_timeout_ms_(drain_timeout_ms) {}

  Status run() {
    find_changed_extensions();
    RETURN_IF_ERROR(create_fresh());
    graph_.connect(plan_, fresh_, [this](const NodeKey& key) -> Node& { return node_of(key); });
    Status status = start_downstream();
    if (status.is_ok()) status = exchange_receivers();
    if (!status.is_ok()) {
      go_back();
      return status;
    }
    retire();
    return {};
  }

 private:
  bool is_fresh(const NodeKey& key) const { return fresh_.count(key) > 0; }
  Node& node_of(const NodeKey& key) { return is_fresh(key) ? *fresh_.at(key) : *graph_.nodes_.at(key); }
  static bool holds_a_port(const NodeKey& key) { return key.kind == ComponentKind::receiver || key.kind == ComponentKind::extension; }

  void find_changed_extensions() {
    for (const auto& [key, node] : graph_.nodes_)
      if (key.kind == ComponentKind::extension && !is_same(key, *node)) changed_extensions_.insert(key.id);
    for (const auto& [key, planned] : plan_)
      if (key.kind == ComponentKind::extension && !graph_.nodes_.count(key)) changed_extensions_.insert(key.id);
  }

  bool is_same(const NodeKey& key, const Node& node) const {
    auto planned = plan_.find(key);
    return planned != plan_.end() && planned->second.fingerprint == node.fingerprint;
  }

  // The running instance can go on under the new configuration.
  bool is_kept(const NodeKey& key) const {
    auto running = graph_.nodes_.find(key);
    if (running == graph_.nodes_.end() || !is_same(key, *running->second)) return false;
    return running->second->asked_extensions->with([&](const std::set<ComponentId>& asked) {
      return std::none_of(asked.begin(), asked.end(), [&](const ComponentId& id) { return changed_extensions_.count(id) > 0; });
    });
  }

  Status create_fresh() {
    for (const auto& [key, planned] : plan_) {
      if (is_kept(key)) continue;
      ASSIGN_OR_RETURN(fresh_[key], graph_.create_node(key, planned, config_));
    }
    return {};
  }

  // Everything behind the receivers, and the extensions.
  Status start_downstream() {
    std::vector<Node*> replaced;
    std::vector<Node*> extensions;
    std::vector<Node*> others;
    for (auto& [key, node] : fresh_) {
      if (key.kind == ComponentKind::receiver) continue;
      (key.kind == ComponentKind::extension ? extensions : others).push_back(node.get());
      auto running = graph_.nodes_.find(key);
      if (key.kind == ComponentKind::extension && running != graph_.nodes_.end()) replaced.push_back(running->second.get());
    }
    graph_.stop_nodes(replaced, drain_timeout_ms_);
    RETURN_IF_ERROR(graph_.start_nodes(extensions, undo_timeout_ms));
    return graph_.start_nodes(others, undo_timeout_ms);
  }

  // Old receivers hand on what they have while the old wiring is whole; then the wiring changes, and the new ones start.
  Status exchange_receivers() {
    std::vector<Node*> old_ones;
    for (auto& [key, node] : graph_.nodes_)
      if (key.kind == ComponentKind::receiver && (is_fresh(key) || !plan_.count(key))) old_ones.push_back(node.get());
    graph_.stop_nodes(old_ones, drain_timeout_ms_);
    for (auto& [key, node] : graph_.nodes_)
      if (!is_fresh(key) && plan_.count(key)) connect_kept(*node, plan_, [this](const NodeKey& k) -> Node& { return node_of(k); });
    std::vector<Node*> new_ones;
    for (auto& [key, node] : fresh_)
      if (key.kind == ComponentKind::receiver) new_ones.push_back(node.get());
    return graph_.start_nodes(new_ones, undo_timeout_ms);
  }

  void connect_kept(Node& node, const Plan& plan, const Find& find) {
    for (otlp::Signal signal : otlp::all_signals) {
      std::vector<Consumer*> targets;
      for (const NodeKey& target : plan.at(node.key).targets_of(signal)) targets.push_back(find(target).entrance);
      if (!targets.empty()) node.output(signal).connect(std::move(targets));
    }
  }

  void retire() {
    std::vector<NodePointer> old;
    std::vector<Node*> to_stop;
    Nodes next;
    for (auto& [key, node] : graph_.nodes_) {
      if (!is_fresh(key) && plan_.count(key)) {
        node->depth = plan_.at(key).depth;
        next[key] = std::move(node);
        continue;
      }
      to_stop.push_back(node.get());
      old.push_back(std::move(node));
    }
    std::vector<ReadinessListener*> new_listeners;
    for (auto& [key, node] : fresh_) {
      if (auto* listener = dynamic_cast<ReadinessListener*>(node->component.get())) new_listeners.push_back(listener);
      next[key] = std::move(node);
    }
    graph_.nodes_ = std::move(next);
    graph_.plan_ = std::move(plan_);
    // The plan points into the configuration.
    graph_.config_ = config_;
    for (ReadinessListener* listener : new_listeners) listener->on_ready(graph_.is_ready_);
    bool is_quiet = graph_.let_loops_pass();
    if (is_quiet) release_old_wiring();
    hand_over(old, graph_.nodes_);
    graph_.stop_nodes(to_stop, drain_timeout_ms_);
    graph_.destroy(std::move(old));
  }

  // Exporters that go give what they have not sent to those that take their place. Whose place nobody takes is only stopped.
  static void hand_over(const std::vector<NodePointer>& leaving, const Nodes& staying) {
    for (const NodePointer& node : leaving) {
      auto successor = staying.find(node->key);
      if (node->key.kind != ComponentKind::exporter || !node->is_started || successor == staying.end()) continue;
      static_cast<Exporter&>(*node->component).hand_over(static_cast<Exporter&>(*successor->second->component));
    }
  }

  void release_old_wiring() {
    for (auto& [key, node] : graph_.nodes_)
      for (auto& output : node->outputs)
        if (output) output->release_old();
  }

  // The old configuration goes on: the wiring back, the new ones away, and what had to be stopped is made anew.
  void go_back() {
    for (auto& [key, node] : graph_.nodes_)
      connect_kept(*node, graph_.plan_, [this](const NodeKey& key) -> Node& { return *graph_.nodes_.at(key); });
    graph_.let_loops_pass();
    std::vector<Node*> to_stop;
    std::vector<NodePointer> unused;
    for (auto& [key, node] : fresh_) {
      to_stop.push_back(node.get());
      unused.push_back(std::move(node));
    }
    hand_over(unused, graph_.nodes_);
    graph_.stop_nodes(to_stop, drain_timeout_ms_);
    graph_.destroy(std::move(unused));
    for (auto& [key, node] : graph_.nodes_)
      if (key.kind == ComponentKind::extension && !node->is_started) revive(key, node);
    for (auto& [key, node] : graph_.nodes_)
      if (key.kind == ComponentKind::receiver && !node->is_started) revive(key, node);
  }

  void revive(const NodeKey& key, NodePointer& node) {
    const PlannedNode& planned = graph_.plan_.at(key);
    Result<NodePointer> again = graph_.create_node(key, planned, graph_.config_);
    Status status;
    if (again.is_ok()) {
      connect_kept(**again, graph_.plan_, [this](const NodeKey& k) -> Node& { return *graph_.nodes_.at(k); });
      status = graph_.start_node(**again);
    } else {
      status = std::move(again).status();
    }
    if (!status.is_ok()) {
      graph_.environment_.log.error("cannot go back to the old configuration", {{"component", key.to_string()}, {"error", status}});
      return;
    }
    if (auto* listener = dynamic_cast<ReadinessListener*>((*again)->component.get())) listener->on_ready(graph_.is_ready_);
    std::swap(node, *again);
    std::vector<NodePointer> stopped;
    stopped.push_back(std::move(*again));
    // Others may have asked for a stopped extension and hold on to it; a receiver is nobody's.
    if (key.kind == ComponentKind::extension)
      graph_.late_.push_back(std::move(stopped.front()));
    else
      graph_.destroy(std::move(stopped));
  }

  Graph& graph_;
  std::shared_ptr<const ServiceConfig> config_;
  Plan plan_;
  const int64_t drain_timeout_ms_;
  std::set<ComponentId> changed_extensions_;
  Nodes fresh_;
};

Status Graph::reload(ServiceConfig config, int64_t drain_timeout_ms) {
  Status status = Reload(*this, std::move(config), drain_timeout_ms).run();
  if (status.is_ok()) {
    look_for_unused_data();
  } else {
    environment_.log.error("the new configuration cannot be used; the old one goes on", {{"error", status}});
  }
  return status;
}

}  // namespace vigia::pipeline
