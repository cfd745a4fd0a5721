#include "processors/memory_limiter/factory.h"

#include "processors/memory_limiter/memory_limiter.h"

namespace vigia::processors {

pipeline::ProcessorFactory memory_limiter_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "memory_limiter";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& in) -> std::any {
    MemoryLimiterConfig config;
    decode(in, config);
    return config;
  };
  factory.create = [shared = std::make_shared<SharedLimit>()](const pipeline::Context& context, const std::any& config, otlp::Signal signal,
                                                              pipeline::Consumer& next) -> Result<std::unique_ptr<pipeline::Processor>> {
    return std::unique_ptr<pipeline::Processor>(
        std::make_unique<MemoryLimiter>(context, std::any_cast<const MemoryLimiterConfig&>(config), shared, signal, next));
  };
  return factory;
}

}  // namespace vigia::processors
