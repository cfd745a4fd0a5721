#include "receivers/agent/agent_receiver.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "otlp/attribute_write.h"
#include "pipeline/telemetry.h"
#include "receivers/agent/factory.h"
#include "receivers/agent/figures.h"
#include "receivers/agent/node_reader.h"
#include "receivers/agent/own_telemetry.h"

namespace vigia::receivers {

namespace {

// The processors' figures need two readings: the second one comes this soon.
constexpr int64_t first_interval_ms = 1'000;

std::string own_resource(const AgentReceiverConfig& config, const std::string& version) {
  std::string resource;
  otlp::append_attribute(resource, 1, "service.instance.id", config.node_id);
  otlp::append_attribute(resource, 1, "service.version", version);
  return resource;
}

// Where Prometheus scrapes an agent and takes what is pushed, too, it has to know which of both to leave out.
Labels figure_labels(const AgentReceiverConfig& config) {
  Labels labels = {{"customer_id", config.customer_id}, {"node_id", config.node_id}};
  if (!config.is_scraped) labels.emplace_back("agent_scraped", "false");
  return labels;
}

}  // namespace

// Its members belong to the background thread.
class AgentReceiver::Rounds : public std::enable_shared_from_this<AgentReceiver::Rounds> {
 public:
  Rounds(const pipeline::Context& context, const AgentReceiverConfig& config, const pipeline::Outputs& outputs)
      : context_(context),
        config_(config),
        outputs_(outputs),
        telemetry_(context.metrics, context.id, "agent"),
        resource_(own_resource(config, context.version)),
        figures_(context.metrics, figure_labels(config)),
        reader_(context, config),
        random_(Random::from_system()),
        started_wall_ns_(context.clock.wall_ns()) {}

  void begin();
  void end(Function<void()> ended);

 private:
  void round();
  void send_figures(int64_t now_ns);
  void send_logs(int64_t now_ns);
  void send_spans();
  // On a loop of the pipelines, as all data.
  void hand_on(otlp::Signal signal, Slice request, size_t items);
  void done_one();

  const pipeline::Context context_;
  const AgentReceiverConfig config_;
  const pipeline::Outputs outputs_;
  const pipeline::ReceiverTelemetry telemetry_;
  const std::string resource_;
  Figures figures_;
  NodeReader reader_;
  Random random_;
  const int64_t started_wall_ns_;
  net::EventLoop::TimerId timer_ = 0;
  bool is_first_ = true;
  // What is under way, and one more until end().
  std::atomic<size_t> under_way_{1};
  Function<void()> ended_;
};

void AgentReceiver::Rounds::begin() {
  if (outputs_.logs && context_.own_log) context_.own_log->open(config_.log_level, config_.max_logs);
  if (context_.deliveries) context_.deliveries->watch();
  if (outputs_.traces && context_.deliveries) context_.deliveries->keep_rounds(config_.max_spans);
  context_.background.loop().post([self = shared_from_this()] { self->round(); });
}

void AgentReceiver::Rounds::round() {
  int64_t now_ns = context_.clock.wall_ns();
  reader_.read(figures_);
  int64_t wait_ms = std::exchange(is_first_, false) ? std::min(first_interval_ms, config_.interval_ms) : config_.interval_ms;
  send_figures(now_ns);
  send_logs(now_ns);
  send_spans();
  timer_ = context_.background.loop().run_after_ms(wait_ms, [self = shared_from_this()] { self->round(); });
}

void AgentReceiver::Rounds::send_figures(int64_t now_ns) {
  if (!outputs_.metrics || figures_.size() == 0) return;
  otlp::RequestWriter writer(context_.ledger, 4'096);
  writer.open_resource(resource_);
  writer.open_scope("vigia/agent", context_.version);
  figures_.write(writer, started_wall_ns_, now_ns);
  hand_on(otlp::Signal::metrics, writer.take(), figures_.size());
}

void AgentReceiver::Rounds::send_logs(int64_t now_ns) {
  if (!outputs_.logs || !context_.own_log) return;
  LogTap::Taken taken = context_.own_log->take();
  if (taken.lost > 0)
    context_.log.debug("Some of the agent's own log lines were not sent: more came than max_logs", {{"lines", taken.lost}});
  if (taken.lines.empty()) return;
  Slice request = logs_request(taken.lines, resource_, context_.version, now_ns, context_.ledger);
  hand_on(otlp::Signal::logs, std::move(request), taken.lines.size());
}

void AgentReceiver::Rounds::send_spans() {
  if (!outputs_.traces || !context_.deliveries) return;
  std::vector<pipeline::SendRound> rounds = context_.deliveries->take_rounds();
  if (rounds.empty()) return;
  Slice request = spans_request(rounds, resource_, context_.version, random_, context_.ledger);
  hand_on(otlp::Signal::traces, std::move(request), rounds.size());
}

void AgentReceiver::Rounds::hand_on(otlp::Signal signal, Slice request, size_t items) {
  under_way_.fetch_add(1);
  context_.loops.next().post([self = shared_from_this(), signal, items, request = std::move(request)]() mutable {
    pipeline::Batch batch;
    batch.signal = signal;
    batch.payload = Chain(std::move(request));
    batch.item_count = items;
    self->outputs_.of(signal)->consume(std::move(batch), [self, signal, items](Status status) {
      // Newer figures come soon, so what is refused now is not worth keeping.
      (status.is_ok() ? self->telemetry_.accepted : self->telemetry_.refused).add(signal, items);
      self->done_one();
    });
  });
}

void AgentReceiver::Rounds::done_one() {
  if (under_way_.fetch_sub(1) == 1) ended_();
}

void AgentReceiver::Rounds::end(Function<void()> ended) {
  context_.background.loop().post([self = shared_from_this(), ended = std::move(ended)]() mutable {
    self->context_.background.loop().cancel_timer(self->timer_);
    if (self->context_.own_log) self->context_.own_log->open(LogLevel::info, 0);
    if (self->context_.deliveries) self->context_.deliveries->keep_rounds(0);
    self->ended_ = std::move(ended);
    self->done_one();
  });
}

AgentReceiver::AgentReceiver(const pipeline::Context& context, const AgentReceiverConfig& config, const pipeline::Outputs& outputs)
    : rounds_(std::make_shared<Rounds>(context, config, outputs)) {}

Status AgentReceiver::start() {
  rounds_->begin();
  return {};
}

void AgentReceiver::stop(int64_t, Function<void()> stopped) { rounds_->end(std::move(stopped)); }

pipeline::ReceiverFactory agent_receiver() {
  pipeline::ReceiverFactory factory;
  factory.type = "agent";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    AgentReceiverConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      const pipeline::Outputs& outputs) -> Result<std::unique_ptr<pipeline::Receiver>> {
    return std::unique_ptr<pipeline::Receiver>(
        std::make_unique<AgentReceiver>(context, *std::any_cast<AgentReceiverConfig>(&config), outputs));
  };
  return factory;
}

}  // namespace vigia::receivers
