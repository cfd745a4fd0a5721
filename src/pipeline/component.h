#pragma once

// What components are, how they are made, and when they are called.
//
// Life of a component: decode (its section of the file, all errors at once) → create → start → data → stop → destroy.
// - create() connects it to its neighbours and opens nothing.
// - start() is called once, on the control thread, before any data reaches it: extensions first, then exporters, connectors,
//   processors and receivers, so that everything downstream is ready. It may block for a moment (to bind a port). A failure
//   stops the program with that message, or a reload.
// - stop() is called once, on the control thread, and not at all when start() failed: receivers first, then processors and
//   connectors from upstream to downstream, then exporters, then extensions. Afterwards nothing new reaches the component; while it
//   stops, everything downstream still works. It gets rid of what it holds before the deadline and calls `stopped` (on any
//   thread, once). Whoever is late is kept until the loops have stopped.
// - Once `stopped` has been called and all loops have finished a task, it is destroyed. What it has left on a loop (a timer, a
//   posted task) must not touch it after that.
// - Data calls come on the event loops, several at a time, and on the control thread while components stop. After start() a component
//   never stops the program.
// - A reload gives a component whose configuration changed a successor, which may be created and started while the old one still runs;
//   only receivers and extensions are stopped before their successors start. An exporter hands its backlog over before it is stopped.

#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_tap.h"
#include "base/metrics.h"
#include "config/section.h"
#include "net/dns.h"
#include "net/event_loop.h"
#include "pipeline/batch.h"
#include "pipeline/delivery_board.h"
#include "pipeline/proxy.h"

namespace vigia::pipeline {

// "otlp", "otlp/edge".
struct ComponentId {
  std::string type;
  std::string name;

  static ComponentId parse(std::string_view text);
  std::string to_string() const { return name.empty() ? type : type + "/" + name; }
  auto operator<=>(const ComponentId&) const = default;
};

class Component {
 public:
  virtual ~Component() = default;
  virtual Status start() { return {}; }
  virtual void stop(int64_t deadline_steady_ms, Function<void()> stopped) {
    (void)deadline_steady_ms;
    stopped();
  }
};

class Receiver : public Component {};
class Processor : public Component, public Consumer {};
class Exporter : public Component, public Consumer {
 public:
  // In a reload, before stop(): `successor` was made by the same factory for the same signal, and runs. What waits here goes there,
  // and so does what still comes. Who keeps nothing has nothing to do.
  virtual void hand_over(Exporter& successor) { (void)successor; }
};
class Connector : public Component, public Consumer {};
class Extension : public Component {};

// Checks the credentials of a request to a receiver; implemented by extensions.
class ServerAuthenticator {
 public:
  virtual ~ServerAuthenticator() = default;
  // `header` gives the value of a request header by its lower-case name, "" when it is missing.
  // UNAUTHENTICATED when the request must not pass; else who it is, for Client::customer ("" when it does not say).
  virtual Result<std::string> authenticate(const std::function<std::string_view(std::string_view)>& header) const = 0;
};
// Adds credentials to requests of an exporter; implemented by extensions.
class ClientAuthenticator {
 public:
  virtual ~ClientAuthenticator() = default;
  // The header to send now: lower-case name and value.
  virtual std::pair<std::string, std::string> credentials() const = 0;
};

// Told when the program becomes ready or stops being so (health_check).
class ReadinessListener {
 public:
  virtual ~ReadinessListener() = default;
  virtual void on_ready(bool is_ready) = 0;
};

class ApiRoutes;

// What every component gets. The references outlive it.
struct Context {
  ComponentId id;
  Logger log;
  MetricRegistry& metrics;
  const Clock& clock;
  FileSystem& files;
  MemoryLedger& ledger;
  net::LoopGroup& loops;
  net::BackgroundLoop& background;
  net::Resolver& resolver;
  // A started extension by its id, or nullptr. Use dynamic_cast to one of the interfaces above.
  std::function<Extension*(const ComponentId&)> find_extension;
  // Where the component listens, told once bound: "otlp/grpc" → port. For --ports-file.
  std::function<void(const std::string& name, int port)> report_port;
  std::string version;
  // Which proxy an outgoing connection takes; null: none.
  std::shared_ptr<const ProxyRules> proxies = nullptr;
  // Where sends are told of, and where the program's own log lines are to be had; null: nowhere.
  std::shared_ptr<DeliveryBoard> deliveries = nullptr;
  std::shared_ptr<LogTap> own_log = nullptr;
  // Keeps what is refused for good after it was answered, and settles it once it is safe. Any thread. Null where no pipeline is durable.
  std::function<void(Batch, const Status& why)> set_aside = nullptr;
  // The paths of the program's API port. Null where none is served.
  ApiRoutes* api = nullptr;
  // A variable of the program's environment. Null: there are none.
  std::function<std::optional<std::string>(const std::string& name)> environment = nullptr;
};

// Where a receiver's data goes: one consumer for each signal some pipeline wants from it, else nullptr.
struct Outputs {
  Consumer* traces = nullptr;
  Consumer* metrics = nullptr;
  Consumer* logs = nullptr;
  Consumer* of(otlp::Signal signal) const {
    return signal == otlp::Signal::traces ? traces : signal == otlp::Signal::metrics ? metrics : logs;
  }
};

// Topics of what components claim while they are decoded (config::Claim).
constexpr std::string_view listener_topic = "listener";            // An address it will listen on.
constexpr std::string_view authenticator_topic = "authenticator";  // The extension it will ask.
constexpr std::string_view storage_topic = "storage";              // The extension that says where it keeps what waits.
constexpr std::string_view directory_topic = "agent directory";    // The extension that keeps the agents.
// The names a type of extension goes by, the given one first.
std::vector<std::string> spellings_of(const std::string& extension_type);

using Signals = std::vector<otlp::Signal>;
struct SenderConfig;

// How components of one type are made. A configuration is what decode() gave, as the component's own type.
struct ComponentFactory {
  std::string type;
  Signals signals;
  // Decodes the section; errors go to the section's error list.
  std::function<std::any(config::Section&)> decode;
  std::vector<std::string> aliases;  // other spellings: "otlp_grpc"
  bool is_deprecated = false;
};
struct ReceiverFactory : ComponentFactory {
  std::function<Result<std::unique_ptr<Receiver>>(const Context&, const std::any& config, const Outputs&)> create;
};
struct ProcessorFactory : ComponentFactory {
  std::function<Result<std::unique_ptr<Processor>>(const Context&, const std::any& config, otlp::Signal, Consumer& next)> create;
  // How many items it gathers before it hands them on together; null for those that do not merge batches.
  std::function<uint64_t(const std::any& config)> batch_items;
};
// An exporter is made once for each signal that uses it.
struct ExporterFactory : ComponentFactory {
  std::function<Result<std::unique_ptr<Exporter>>(const Context&, const std::any& config, otlp::Signal)> create;
  // The settings of its sending queue, within `config`; null for those that have none.
  std::function<const SenderConfig*(const std::any& config)> sender;
};
// A connector is made once for each pair of signals; `signals` says which it takes, and it may give any of `to`.
struct ConnectorFactory : ComponentFactory {
  std::function<bool(otlp::Signal from, otlp::Signal to)> connects;
  std::function<Result<std::unique_ptr<Connector>>(const Context&, const std::any& config, otlp::Signal from, otlp::Signal to,
                                                   Consumer& next)>
      create;
};
struct ExtensionFactory : ComponentFactory {
  std::function<Result<std::unique_ptr<Extension>>(const Context&, const std::any& config)> create;
};

// The one explicit list of what this program is made of. app/components.cpp fills it.
struct Components {
  std::vector<ReceiverFactory> receivers;
  std::vector<ProcessorFactory> processors;
  std::vector<ExporterFactory> exporters;
  std::vector<ConnectorFactory> connectors;
  std::vector<ExtensionFactory> extensions;
  // Types we know of and do not have yet: refused with "not in this build" rather than as unknown.
  std::vector<std::string> not_in_this_build;
};

}  // namespace vigia::pipeline
