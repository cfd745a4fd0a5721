#include "exporters/nop/factory.h"
#include "pipeline/telemetry.h"

namespace vigia::exporters {

namespace {

struct NopConfig {};

class NopExporter final : public pipeline::Exporter {
 public:
  NopExporter(const pipeline::Context& context, otlp::Signal signal) : signal_(signal), telemetry_(context.metrics, context.id) {}
  Result<pipeline::Reservation> reserve(const pipeline::Load&) override { return pipeline::Reservation(); }
  void consume(pipeline::Batch batch, pipeline::Done done) override {
    telemetry_.sent.add(signal_, batch.item_count);
    batch.settle();
    done(Status());
  }

 private:
  const otlp::Signal signal_;
  const pipeline::ExporterTelemetry telemetry_;
};

}  // namespace

pipeline::ExporterFactory nop_exporter() {
  pipeline::ExporterFactory factory;
  factory.type = "nop";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& in) -> std::any {
    in.finish();  // It has no options.
    return NopConfig();
  };
  factory.create = [](const pipeline::Context& context, const std::any&,
                      otlp::Signal signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    return std::unique_ptr<pipeline::Exporter>(std::make_unique<NopExporter>(context, signal));
  };
  return factory;
}

}  // namespace vigia::exporters
