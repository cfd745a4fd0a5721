#include "exporters/otlp/otlp_exporter.h"

#include <array>

#include "exporters/otlp/factory.h"
#include "net/grpc.h"

namespace vigia::exporters {

namespace {

constexpr std::array<std::string_view, 3> method_paths = {"/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                                                          "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                                                          "/opentelemetry.proto.collector.logs.v1.LogsService/Export"};

}  // namespace

void decode(config::Section& section, OtlpExporterConfig& out) {
  out.client.compression = Compression::gzip;
  out.sender.timeout_ms = 5'000;
  pipeline::decode_grpc_client(section, out.client);
  pipeline::decode_sender(section, out.sender);
}

OtlpExporter::OtlpExporter(const pipeline::Context& context, const OtlpExporterConfig& config, otlp::Signal signal)
    : context_(context),
      config_(config),
      signal_(signal),
      partial_successes_(context),
      sender_(context, config.sender, signal, [this](pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
        send(std::move(batch), timeout_ms, std::move(answered));
      }) {}

Status OtlpExporter::start() {
  if (config_.client.authenticator) {
    ASSIGN_OR_RETURN(authenticator_, pipeline::find_client_authenticator(context_, *config_.client.authenticator));
  }
  ASSIGN_OR_RETURN(net::ClientSettings settings, pipeline::client_settings(config_.client, context_));
  client_ = net::HttpClient::create(settings, context_.loops, context_.resolver, context_.ledger, context_.log);
  return {};
}

void OtlpExporter::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  sender_.stop(deadline_steady_ms, [this, stopped = std::move(stopped)]() mutable {
    if (client_)
      client_->close(std::move(stopped));
    else
      stopped();
  });
}

void OtlpExporter::send(pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
  net::GrpcCall call;
  call.path = method_paths[static_cast<size_t>(signal_)];
  call.metadata.add("user-agent", "vigia/" + context_.version);
  for (const auto& [name, value] : config_.client.headers) call.metadata.set(name, value);
  if (authenticator_) {
    auto [name, value] = authenticator_->credentials();
    call.metadata.set(name, value);
  }
  call.compression = config_.client.compression;
  call.timeout_ms = timeout_ms;
  call.message = std::move(batch.payload);
  size_t work_bytes = call.compression == Compression::none ? 0 : call.message.size();
  context_.loops.run_where_free(work_bytes, [this, call = std::move(call), answered = std::move(answered)]() mutable {
    net::call_grpc(*client_, std::move(call), context_.ledger, [this, answered = std::move(answered)](Result<Slice> answer) mutable {
      if (answer.is_ok()) partial_successes_.note(answer->view());
      answered(answer.is_ok() ? Status() : std::move(answer).status());
    });
  });
}

pipeline::ExporterFactory otlp_exporter() {
  pipeline::ExporterFactory factory;
  factory.type = "otlp";
  factory.aliases = {"otlp_grpc"};
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    OtlpExporterConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      otlp::Signal signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    return std::unique_ptr<pipeline::Exporter>(
        std::make_unique<OtlpExporter>(context, *std::any_cast<OtlpExporterConfig>(&config), signal));
  };
  factory.sender = [](const std::any& config) { return &std::any_cast<const OtlpExporterConfig&>(config).sender; };
  return factory;
}

}  // namespace vigia::exporters
