#pragma once

// Components for tests of configurations and graphs. What happens to them is written to one journal: "start exporter sink/a".

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "pipeline/component.h"
#include "pipeline/telemetry.h"

namespace vigia::pipeline::test {

struct FakeConfig {
  std::string value;
  std::string fails;      // "create", "start" or "".
  std::string extension;  // One that it asks for.
};

// Shared by all fakes of one Components list.
struct FakeWorld {
  Guarded<std::vector<std::string>> journal;
  // Running receivers by id, to send from.
  Guarded<std::map<std::string, Outputs>> outputs;
  // Items that reached exporters, by "id signal".
  Guarded<std::map<std::string, size_t>> arrived;
  // Exporters with `value: hold` keep the answers back.
  Guarded<std::vector<Done>> held;

  void note(const std::string& text) {
    journal.with([&](auto& lines) { lines.push_back(text); });
  }
  std::vector<std::string> take_journal() {
    return journal.with([](auto& lines) { return std::exchange(lines, {}); });
  }
  size_t items(const std::string& exporter) const {
    return arrived.with([&](const auto& counts) {
      auto found = counts.find(exporter);
      return found == counts.end() ? size_t{0} : found->second;
    });
  }
};

template <typename Base>
class Fake : public Base {
 public:
  Fake(std::shared_ptr<FakeWorld> world, std::string name, FakeConfig config, const Context& context)
      : world_(std::move(world)), name_(std::move(name)), config_(std::move(config)), find_extension_(context.find_extension) {
    world_->note("create " + name_);
  }
  ~Fake() override { world_->note("destroy " + name_); }
  Status start() override {
    if (config_.fails == "start") return unavailable("address in use");
    if (!config_.extension.empty() && !find_extension_(ComponentId::parse(config_.extension))) return not_found("no such extension");
    world_->note("start " + name_);
    return {};
  }
  void stop(int64_t, Function<void()> stopped) override {
    world_->note("stop " + name_);
    stopped();
  }

 protected:
  std::shared_ptr<FakeWorld> world_;
  std::string name_;
  FakeConfig config_;
  std::function<Extension*(const ComponentId&)> find_extension_;
};

class FakeReceiver final : public Fake<Receiver> {
 public:
  FakeReceiver(std::shared_ptr<FakeWorld> world, const Context& context, FakeConfig config, const Outputs& outputs)
      : Fake(std::move(world), "receiver " + context.id.to_string(), std::move(config), context),
        id_(context.id.to_string()),
        outputs_(outputs) {}
  Status start() override {
    Status status = Fake::start();
    if (status.is_ok()) world_->outputs.with([&](auto& all) { all[id_] = outputs_; });
    return status;
  }
  void stop(int64_t deadline, Function<void()> stopped) override {
    world_->outputs.with([&](auto& all) { all.erase(id_); });
    Fake::stop(deadline, std::move(stopped));
  }

 private:
  std::string id_;
  Outputs outputs_;
};

// Passes on; with `value: keep` it keeps batches until it is stopped.
template <typename Base>
class FakePass final : public Fake<Base> {
 public:
  FakePass(std::shared_ptr<FakeWorld> world, const std::string& kind, const Context& context, FakeConfig config, Consumer& next)
      : Fake<Base>(std::move(world), kind + " " + context.id.to_string(), std::move(config), context), next_(next) {}
  Result<Reservation> reserve(const Load& load) override { return next_.reserve(load); }
  void consume(Batch batch, Done done) override {
    if (this->config_.value == "keep") {
      kept_.with([&](auto& kept) { kept.push_back(std::move(batch)); });
      done(Status());
      return;
    }
    next_.consume(std::move(batch), std::move(done));
  }
  void stop(int64_t deadline, Function<void()> stopped) override {
    auto kept = kept_.with([](auto& batches) { return std::exchange(batches, {}); });
    for (Batch& batch : kept) next_.consume(std::move(batch), [](Status) {});
    Fake<Base>::stop(deadline, std::move(stopped));
  }

 private:
  Consumer& next_;
  Guarded<std::vector<Batch>> kept_;
};

class FakeExporter final : public Fake<Exporter> {
 public:
  FakeExporter(std::shared_ptr<FakeWorld> world, const Context& context, FakeConfig config, otlp::Signal signal)
      : Fake(std::move(world), "exporter " + context.id.to_string(), std::move(config), context),
        key_(context.id.to_string() + " " + std::string(otlp::signal_name(signal))),
        signal_(signal),
        telemetry_(context.metrics, context.id) {}
  Result<Reservation> reserve(const Load&) override { return Reservation(); }
  void consume(Batch batch, Done done) override {
    world_->arrived.with([&](auto& counts) { counts[key_] += batch.item_count; });
    telemetry_.sent.add(signal_, batch.item_count);
    batch.settle();
    if (config_.value == "hold")
      world_->held.with([&](auto& held) { held.push_back(std::move(done)); });
    else
      done(Status());
  }

 private:
  std::string key_;
  otlp::Signal signal_;
  ExporterTelemetry telemetry_;
};

class FakeExtension final : public Fake<Extension>, public ReadinessListener {
 public:
  FakeExtension(std::shared_ptr<FakeWorld> world, const Context& context, FakeConfig config)
      : Fake(std::move(world), "extension " + context.id.to_string(), std::move(config), context) {}
  void on_ready(bool is_ready) override { world_->note(is_ready ? "ready" : "not ready"); }
};

inline std::any decode_fake(config::Section& in) {
  FakeConfig config;
  in.field("value", config.value);
  in.field("fails", config.fails);
  in.field("extension", config.extension);
  return config;
}

// Receivers `source` (all signals) and `logsource`; processors `pass`; exporters `sink` (alias `drain`), `tracesink` and the
// deprecated `oldsink`; connectors `join` (same signal) and `count` (traces to metrics); extensions `helper`.
inline Components fake_components(std::shared_ptr<FakeWorld> world) {
  using otlp::Signal;
  const Signals all(otlp::all_signals.begin(), otlp::all_signals.end());
  auto fill = [](ComponentFactory& factory, std::string type, Signals signals) {
    factory.type = std::move(type);
    factory.signals = std::move(signals);
    factory.decode = decode_fake;
  };
  auto refusal = [](const std::any& config) {
    return std::any_cast<const FakeConfig&>(config).fails == "create" ? invalid_argument("cannot be made") : Status();
  };
  Components components;
  for (const char* type : {"source", "logsource"}) {
    ReceiverFactory factory;
    fill(factory, type, std::string(type) == "source" ? all : Signals{Signal::logs});
    factory.create = [world, refusal](const Context& context, const std::any& config,
                                      const Outputs& outputs) -> Result<std::unique_ptr<Receiver>> {
      RETURN_IF_ERROR(refusal(config));
      return std::unique_ptr<Receiver>(std::make_unique<FakeReceiver>(world, context, std::any_cast<FakeConfig>(config), outputs));
    };
    components.receivers.push_back(std::move(factory));
  }
  ProcessorFactory pass;
  fill(pass, "pass", all);
  pass.create = [world, refusal](const Context& context, const std::any& config, Signal,
                                 Consumer& next) -> Result<std::unique_ptr<Processor>> {
    RETURN_IF_ERROR(refusal(config));
    return std::unique_ptr<Processor>(
        std::make_unique<FakePass<Processor>>(world, "processor", context, std::any_cast<FakeConfig>(config), next));
  };
  components.processors.push_back(std::move(pass));
  for (const char* type : {"sink", "tracesink", "oldsink"}) {
    ExporterFactory factory;
    fill(factory, type, std::string(type) == "tracesink" ? Signals{Signal::traces} : all);
    if (std::string(type) == "sink") factory.aliases = {"drain"};
    factory.is_deprecated = std::string(type) == "oldsink";
    factory.create = [world, refusal](const Context& context, const std::any& config, Signal signal) -> Result<std::unique_ptr<Exporter>> {
      RETURN_IF_ERROR(refusal(config));
      return std::unique_ptr<Exporter>(std::make_unique<FakeExporter>(world, context, std::any_cast<FakeConfig>(config), signal));
    };
    components.exporters.push_back(std::move(factory));
  }
  for (const char* type : {"join", "count"}) {
    ConnectorFactory factory;
    fill(factory, type, all);
    bool is_join = std::string(type) == "join";
    factory.connects = [is_join](Signal from, Signal to) { return is_join ? from == to : from == Signal::traces && to == Signal::metrics; };
    factory.create = [world](const Context& context, const std::any& config, Signal, Signal,
                             Consumer& next) -> Result<std::unique_ptr<Connector>> {
      return std::unique_ptr<Connector>(
          std::make_unique<FakePass<Connector>>(world, "connector", context, std::any_cast<FakeConfig>(config), next));
    };
    components.connectors.push_back(std::move(factory));
  }
  ExtensionFactory helper;
  fill(helper, "helper", {});
  helper.create = [world, refusal](const Context& context, const std::any& config) -> Result<std::unique_ptr<Extension>> {
    RETURN_IF_ERROR(refusal(config));
    return std::unique_ptr<Extension>(std::make_unique<FakeExtension>(world, context, std::any_cast<FakeConfig>(config)));
  };
  components.extensions.push_back(std::move(helper));
  components.not_in_this_build = {"kafka"};
  return components;
}

}  // namespace vigia::pipeline::test
