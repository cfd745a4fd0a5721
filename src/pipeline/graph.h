#pragma once

// The running program: components made from a configuration, wired, started, exchanged and stopped.
//
// All calls come on one thread, the control thread, while the loops run. Data flows on the loops meanwhile.
//
// Reload exchanges only what changed. A component whose type and configuration are the same goes on: a receiver keeps its socket,
// an exporter its queue. The others' successors are made and started first, then the wiring is switched, then the old ones are
// stopped from upstream to downstream, so that they hand on what they hold. Receivers and extensions, which may hold a port, are
// stopped before their successors start. When anything of the new configuration fails, the old one goes on.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/guarded.h"
#include "pipeline/api_routes.h"
#include "pipeline/component.h"
#include "pipeline/journal_runner.h"
#include "pipeline/junction.h"
#include "pipeline/plan.h"
#include "pipeline/service_config.h"
#include "pipeline/telemetry.h"
#include "pipeline/unused_data.h"

namespace vigia::pipeline {

// What the components' contexts are made of. The references outlive the graph.
struct GraphEnvironment {
  Logger log;
  MetricRegistry& metrics;
  const Clock& clock;
  FileSystem& files;
  MemoryLedger& ledger;
  net::LoopGroup& loops;
  net::BackgroundLoop& background;
  net::Resolver& resolver;
  std::function<void(const std::string& name, int port)> report_port;
  std::string version;
  std::shared_ptr<const ProxyRules> proxies = nullptr;
  std::shared_ptr<DeliveryBoard> deliveries = nullptr;
  std::shared_ptr<LogTap> own_log = nullptr;
  ApiRoutes* api = nullptr;
  std::function<std::optional<std::string>(const std::string&)> environment = nullptr;
};

class Graph {
 public:
  explicit Graph(GraphEnvironment environment);
  // REQUIRES: stopped, or never started; the loops have stopped, too, if stop() said that somebody was late.
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Makes every component and lets go of it again, without starting any, and reports those that cannot be made. The loops need not run.
  // REQUIRES: decode_service() found no errors.
  void try_out(ServiceConfig config, config::Diagnostics& diagnostics);
  // Builds and starts everything. After a failure nothing runs.
  Status start(ServiceConfig config);
  // Exchanges what changed. After a failure, which is also logged, the old configuration goes on.
  // Old components get up to `drain_timeout_ms` to hand on what they hold.
  Status reload(ServiceConfig config, int64_t drain_timeout_ms = 10'000);
  // Not ready → receivers → … → exporters → extensions. Says whether all were done in time.
  bool stop(int64_t timeout_ms);

  bool is_ready() const { return is_ready_; }
  // A running extension, or nullptr. Any thread.
  Extension* find_extension(const ComponentId& id) const;
  // How many component instances run, for tests and status pages.
  size_t size() const { return nodes_.size(); }

 private:
  struct Node;
  using NodePointer = std::unique_ptr<Node>;
  using Nodes = std::map<NodeKey, NodePointer>;
  class Reload;
  // The running node of a plan's key: the new one if there is one, else the one that goes on.
  using Find = std::function<Node&(const NodeKey&)>;

  Result<NodePointer> create_node(const NodeKey& key, const PlannedNode& planned, const std::shared_ptr<const ServiceConfig>& config);
  Status create_component(Node& node, const PlannedNode& planned);
  Context context_for(Node& node) const;
  static void check_named_extensions(const PlannedNode& planned, const Nodes& nodes, config::Diagnostics& diagnostics);
  void connect(const Plan& plan, const Nodes& nodes, const Find& find);
  Status start_node(Node& node);
  // In the order of starting; after a failure those it started are stopped again.
  Status start_nodes(const std::vector<Node*>& nodes, int64_t undo_timeout_ms);
  bool stop_nodes(std::vector<Node*> nodes, int64_t timeout_ms);
  bool stop_together(const std::vector<Node*>& nodes, int64_t timeout_ms);
  // Waits until every loop has finished a task.
  bool let_loops_pass();
  void destroy(std::vector<NodePointer> nodes);
  void tell_listeners(bool is_ready);
  void look_for_unused_data();
  void publish_extension(Node& node, bool is_there);

  GraphEnvironment environment_;
  JournalShelf journals_;
  std::shared_ptr<const ServiceConfig> config_;
  Plan plan_;
  Nodes nodes_;
  std::vector<NodePointer> late_;  // Did not stop in time: kept until the loops have stopped.
  Guarded<std::map<ComponentId, Extension*>> extensions_;
  bool is_ready_ = false;
  UnusedDataWatch unused_data_;
};

}  // namespace vigia::pipeline
