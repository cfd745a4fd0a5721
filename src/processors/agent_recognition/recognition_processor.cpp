#include "processors/agent_recognition/recognition_processor.h"

#include <utility>

#include "base/hash.h"
#include "processors/agent_recognition/factory.h"
#include "processors/agent_recognition/recognise.h"

namespace vigia::processors {

bool SenderTimes::claim(uint64_t sender_hash, int64_t now_ms, int64_t interval_ms) {
  constexpr uint64_t low_half = 0xffff'ffff;
  // Intervals of different senders begin at different times. 0 is a slot that nobody has used.
  auto shift_ms = static_cast<int64_t>(sender_hash % static_cast<uint64_t>(interval_ms));
  auto period = static_cast<uint64_t>((now_ms + shift_ms) / interval_ms + 1);
  uint64_t mark = (sender_hash & ~low_half) | (period & low_half);
  std::atomic<uint64_t>& slot = slots_[sender_hash % slot_count];
  if (slot.load(std::memory_order_relaxed) == mark) return false;
  return slot.exchange(mark, std::memory_order_relaxed) != mark;
}

RecognitionProcessor::RecognitionProcessor(const pipeline::Context& context, RecognitionConfig config, pipeline::Consumer& next)
    : context_(context), config_(std::move(config)), next_(next) {}

Status RecognitionProcessor::start() {
  pipeline::Extension* extension = context_.find_extension(config_.registry);
  directory_ = dynamic_cast<pipeline::AgentDirectory*>(extension);
  if (directory_) return {};
  if (!config_.is_registry_required) {
    context_.log.info("Agents are not recognised: no agent_registry is listed under service::extensions");
    return {};
  }
  return not_found("cannot tell of agents: the extension \"" + config_.registry.to_string() +
                   "\" does not run or keeps no agents; list it under service::extensions");
}

void RecognitionProcessor::consume(pipeline::Batch batch, pipeline::Done done) {
  if (batch.client && directory_) {
    const pipeline::Client& client = *batch.client;
    SenderNames names = sender_names(client);
    bool is_due = names.is_named() && times_.claim(hash64({client.peer_address, "\n", names.customer, "\n", names.workspace_id}),
                                                   context_.clock.steady_ms(), config_.interval_ms);
    if (is_due)
      if (std::optional<pipeline::RecognisedAgent> agent = recognise(batch)) directory_->on_recognised(std::move(*agent));
  }
  next_.consume(std::move(batch), std::move(done));
}

static RecognitionConfig decode(config::Section& section) {
  RecognitionConfig config;
  std::string registry = config.registry.to_string();
  config.is_registry_required = section.field("registry", registry);
  section.require(!registry.empty(), "registry", "must name the extension that keeps the agents");
  if (config.is_registry_required) section.claim(pipeline::directory_topic, "registry", registry);
  config.registry = pipeline::ComponentId::parse(registry);
  section.duration_ms("interval", config.interval_ms);
  section.require(config.interval_ms >= 1'000, "interval", "must be at least 1s");
  return config;
}

pipeline::ProcessorFactory agent_recognition_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "agent_recognition";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any { return decode(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config, otlp::Signal,
                      pipeline::Consumer& next) -> Result<std::unique_ptr<pipeline::Processor>> {
    const auto& settings = std::any_cast<const RecognitionConfig&>(config);
    return std::unique_ptr<pipeline::Processor>(std::make_unique<RecognitionProcessor>(context, settings, next));
  };
  return factory;
}

}  // namespace vigia::processors
