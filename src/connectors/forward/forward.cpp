#include "connectors/forward/factory.h"

namespace vigia::connectors {

namespace {

struct ForwardConfig {};

class Forward final : public pipeline::Connector {
 public:
  explicit Forward(pipeline::Consumer& next) : next_(next) {}
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override { next_.consume(std::move(batch), std::move(done)); }

 private:
  pipeline::Consumer& next_;
};

}  // namespace

pipeline::ConnectorFactory forward_connector() {
  pipeline::ConnectorFactory factory;
  factory.type = "forward";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& in) -> std::any {
    in.finish();  // It has no options.
    return ForwardConfig();
  };
  factory.connects = [](otlp::Signal from, otlp::Signal to) { return from == to; };
  factory.create = [](const pipeline::Context&, const std::any&, otlp::Signal, otlp::Signal,
                      pipeline::Consumer& next) -> Result<std::unique_ptr<pipeline::Connector>> {
    return std::unique_ptr<pipeline::Connector>(std::make_unique<Forward>(next));
  };
  return factory;
}

}  // namespace vigia::connectors
