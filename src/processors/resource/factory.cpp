#include "processors/resource/factory.h"

#include "processors/resource/config.h"
#include "processors/resource/resource_processor.h"

namespace vigia::processors {

static Result<std::unique_ptr<pipeline::Processor>> create(const pipeline::Context&, const std::any& config, otlp::Signal,
                                                           pipeline::Consumer& next) {
  ASSIGN_OR_RETURN(ottl::AttributeEditor editor, ottl::AttributeEditor::compile(std::any_cast<const ResourceConfig&>(config).actions));
  return std::unique_ptr<pipeline::Processor>(std::make_unique<ResourceProcessor>(std::move(editor), next));
}

pipeline::ProcessorFactory resource_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "resource";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) { return std::any(decode_resource_config(section)); };
  factory.create = create;
  return factory;
}

}  // namespace vigia::processors
