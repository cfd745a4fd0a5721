#include "processors/filter/factory.h"

#include "processors/filter/config.h"
#include "processors/filter/filter_processor.h"

namespace vigia::processors {

static Result<std::unique_ptr<pipeline::Processor>> create(const pipeline::Context& context, const std::any& config, otlp::Signal signal,
                                                           pipeline::Consumer& next) {
  ASSIGN_OR_RETURN(std::unique_ptr<FilterProcessor> processor,
                   FilterProcessor::create(context, std::any_cast<const FilterConfig&>(config), signal, next));
  return std::unique_ptr<pipeline::Processor>(std::move(processor));
}

pipeline::ProcessorFactory filter_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "filter";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) { return std::any(decode_filter_config(section)); };
  factory.create = create;
  return factory;
}

}  // namespace vigia::processors
