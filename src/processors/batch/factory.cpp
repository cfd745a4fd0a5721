#include "processors/batch/factory.h"

#include "processors/batch/batch_processor.h"
#include "processors/batch/config.h"

namespace vigia::processors {

pipeline::ProcessorFactory batch_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "batch";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& in) -> std::any {
    BatchConfig config;
    decode(in, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config, otlp::Signal signal,
                      pipeline::Consumer& next) -> Result<std::unique_ptr<pipeline::Processor>> {
    return std::unique_ptr<pipeline::Processor>(
        std::make_unique<BatchProcessor>(context, std::any_cast<const BatchConfig&>(config), signal, next));
  };
  factory.batch_items = [](const std::any& config) { return std::any_cast<const BatchConfig&>(config).send_batch_size; };
  return factory;
}

}  // namespace vigia::processors
