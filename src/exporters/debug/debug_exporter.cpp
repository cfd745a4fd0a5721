#include <fmt/core.h>

#include "base/guarded.h"
#include "exporters/debug/config.h"
#include "exporters/debug/factory.h"
#include "exporters/debug/text.h"
#include "pipeline/telemetry.h"

namespace vigia::exporters {

namespace {

// Lets through the first batches of every second, then every n-th.
class Sampler {
 public:
  bool lets_through(const DebugConfig& config, int64_t now_ms) {
    if (now_ms - second_ms_ >= 1000) {
      second_ms_ = now_ms;
      seen_ = 0;
    }
    uint64_t number = ++seen_;
    if (number <= config.sampling_initial) return true;
    return config.sampling_thereafter > 0 && (number - config.sampling_initial) % config.sampling_thereafter == 0;
  }

 private:
  int64_t second_ms_ = -1000;
  uint64_t seen_ = 0;
};

std::string_view title_of(otlp::Signal signal, bool is_long) {
  if (signal == otlp::Signal::traces) return is_long ? "TracesExporter" : "Traces";
  if (signal == otlp::Signal::metrics) return is_long ? "MetricsExporter" : "Metrics";
  return is_long ? "LogsExporter" : "Logs";
}

class DebugExporter final : public pipeline::Exporter {
 public:
  DebugExporter(const pipeline::Context& context, const DebugConfig& config, otlp::Signal signal, Logger output)
      : config_(config), signal_(signal), clock_(context.clock), output_(std::move(output)), telemetry_(context.metrics, context.id) {}

  Result<pipeline::Reservation> reserve(const pipeline::Load&) override { return pipeline::Reservation(); }

  void consume(pipeline::Batch batch, pipeline::Done done) override {
    if (sampler_.with([&](Sampler& sampler) { return sampler.lets_through(config_, clock_.steady_ms()); })) print(batch);
    telemetry_.sent.add(signal_, batch.item_count);
    batch.settle();
    done(Status());
  }

 private:
  void print(const pipeline::Batch& batch) const {
    if (!output_.is_enabled(LogLevel::info)) return;
    output_.info(title_of(signal_, config_.has_long_titles), summary(batch));
    if (config_.verbosity == Verbosity::detailed) output_.info(detailed_text(signal_, batch.payload));
    if (config_.verbosity == Verbosity::normal) output_.info(normal_text(signal_, batch.payload));
  }

  LogFields summary(const pipeline::Batch& batch) const {
    size_t resources = 0;
    size_t metrics = 0;
    for (const Slice& request : batch.payload.slices()) {
      resources += otlp::resource_groups(request.view()).count();
      if (signal_ == otlp::Signal::metrics)
        otlp::for_each_item(request.view(), [&](const otlp::ResourceGroup&, const otlp::ScopeGroup&, std::string_view) { metrics++; });
    }
    if (signal_ == otlp::Signal::traces) return {{"resource spans", resources}, {"spans", batch.item_count}};
    if (signal_ == otlp::Signal::logs) return {{"resource logs", resources}, {"log records", batch.item_count}};
    return {{"resource metrics", resources}, {"metrics", metrics}, {"data points", batch.item_count}};
  }

  const DebugConfig config_;
  const otlp::Signal signal_;
  const Clock& clock_;
  const Logger output_;
  const pipeline::ExporterTelemetry telemetry_;
  Guarded<Sampler> sampler_;
};

// The program's log, or one of the exporter's own that nothing else writes to.
Result<Logger> open_output(const pipeline::Context& context, const DebugConfig& config) {
  if (config.uses_internal_logger) return context.log;
  LogSettings settings;
  settings.output_paths = config.output_paths;
  settings.sampling_initial = 0;
  ASSIGN_OR_RETURN(std::shared_ptr<LogSink> sink, LogSink::open(settings, context.clock));
  return Logger(std::move(sink));
}

pipeline::ExporterFactory factory_of(std::string type, void (*decode)(config::Section&, DebugConfig&)) {
  pipeline::ExporterFactory factory;
  factory.type = std::move(type);
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [decode](config::Section& in) -> std::any {
    DebugConfig config;
    decode(in, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& any_config,
                      otlp::Signal signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    const auto& config = std::any_cast<const DebugConfig&>(any_config);
    ASSIGN_OR_RETURN(Logger output, open_output(context, config));
    return std::unique_ptr<pipeline::Exporter>(std::make_unique<DebugExporter>(context, config, signal, std::move(output)));
  };
  return factory;
}

}  // namespace

pipeline::ExporterFactory debug_exporter() { return factory_of("debug", decode_debug); }

pipeline::ExporterFactory logging_exporter() {
  pipeline::ExporterFactory factory = factory_of("logging", decode_logging);
  factory.is_deprecated = true;
  return factory;
}

}  // namespace vigia::exporters
