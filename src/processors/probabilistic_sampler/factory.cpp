#include "processors/probabilistic_sampler/factory.h"

#include "processors/probabilistic_sampler/sampler_processor.h"

namespace vigia::processors {

static Result<std::unique_ptr<pipeline::Processor>> create(const pipeline::Context& context, const std::any& config, otlp::Signal signal,
                                                           pipeline::Consumer& next) {
  return std::unique_ptr<pipeline::Processor>(
      std::make_unique<SamplerProcessor>(context, std::any_cast<const SamplerConfig&>(config), signal, next));
}

pipeline::ProcessorFactory probabilistic_sampler_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "probabilistic_sampler";
  factory.signals = {otlp::Signal::traces, otlp::Signal::logs};
  factory.decode = [](config::Section& section) { return std::any(decode_sampler_config(section)); };
  factory.create = create;
  return factory;
}

}  // namespace vigia::processors
