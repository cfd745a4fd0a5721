#include "processors/attributes/factory.h"

#include "processors/attributes/attributes_processor.h"
#include "processors/attributes/config.h"

namespace vigia::processors {

static Result<std::unique_ptr<pipeline::Processor>> create(const pipeline::Context&, const std::any& any_config, otlp::Signal signal,
                                                           pipeline::Consumer& next) {
  const auto& config = std::any_cast<const AttributesConfig&>(any_config);
  ASSIGN_OR_RETURN(ottl::AttributeEditor editor, ottl::AttributeEditor::compile(config.actions));
  ASSIGN_OR_RETURN(ottl::Selection selection, ottl::Selection::compile(config.match, signal));
  return std::unique_ptr<pipeline::Processor>(std::make_unique<AttributesProcessor>(signal, std::move(editor), std::move(selection), next));
}

pipeline::ProcessorFactory attributes_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "attributes";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) { return std::any(decode_attributes_config(section)); };
  factory.create = create;
  return factory;
}

}  // namespace vigia::processors
