#include "exporters/otlphttp/otlphttp_exporter.h"

#include <fmt/core.h>

#include "exporters/otlphttp/factory.h"
#include "net/rpc_status.h"
#include "otlp/json_write.h"

namespace vigia::exporters {

namespace {

// What the server said in a google.rpc.Status body, or the beginning of whatever else it sent.
std::string error_text(const net::ClientResponse& response) {
  constexpr size_t most_bytes = 256;
  std::string_view body = response.body.view();
  if (response.headers.get("content-type").starts_with("application/x-protobuf"))
    return net::decode_rpc_status(StatusCode::unknown, "", body).message();
  return std::string(body.substr(0, most_bytes));
}

// Where data of this signal goes.
Result<pipeline::HttpUrl> url_for(const OtlpHttpExporterConfig& config, otlp::Signal signal) {
  std::string text = config.signal_endpoints[static_cast<size_t>(signal)];
  if (!text.empty()) return pipeline::HttpUrl::parse(text);
  text = config.client.endpoint;
  if (text.empty()) return invalid_argument(fmt::format("neither endpoint nor {}_endpoint is set", signal_name(signal)));
  while (text.ends_with('/')) text.pop_back();
  return pipeline::HttpUrl::parse(text + fmt::format("/v1/{}", signal_name(signal)));
}

// Nothing came that could be understood, so nobody has refused the data: whatever went wrong on the way may not next time.
Status without_answer(Status status) {
  int64_t delay_ms = status.retry_delay_ms();
  return std::move(status).retryable_after_ms(delay_ms);
}

}  // namespace

void decode(config::Section& section, OtlpHttpExporterConfig& out) {
  out.client.compression = Compression::gzip;
  out.sender.timeout_ms = 30'000;
  pipeline::decode_http_client(section, out.client);
  for (otlp::Signal signal : otlp::all_signals) {
    std::string key = fmt::format("{}_endpoint", signal_name(signal));
    std::string& endpoint = out.signal_endpoints[static_cast<size_t>(signal)];
    if (!section.field(key, endpoint) || endpoint.empty()) continue;
    Result<pipeline::HttpUrl> url = pipeline::HttpUrl::parse(endpoint);
    if (!url) section.error(key, url.status().message());
  }
  pipeline::decode_sender(section, out.sender);
  bool has_any = !out.client.endpoint.empty();
  for (const std::string& endpoint : out.signal_endpoints) has_any = has_any || !endpoint.empty();
  section.require(has_any, "endpoint", "at least one endpoint is needed, such as \"endpoint: http://collector:4318\"");
}

OtlpHttpExporter::OtlpHttpExporter(const pipeline::Context& context, const OtlpHttpExporterConfig& config, otlp::Signal signal)
    : context_(context),
      config_(config),
      signal_(signal),
      partial_successes_(context),
      sender_(context, config.sender, signal, [this](pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
        send(std::move(batch), timeout_ms, std::move(answered));
      }) {}

Status OtlpHttpExporter::start() {
  if (config_.client.authenticator) {
    ASSIGN_OR_RETURN(authenticator_, pipeline::find_client_authenticator(context_, *config_.client.authenticator));
  }
  ASSIGN_OR_RETURN(pipeline::HttpUrl url, url_for(config_, signal_));
  path_ = url.path.empty() ? "/" : url.path;
  ASSIGN_OR_RETURN(net::ClientSettings settings, pipeline::client_settings(config_.client, url, context_));
  settings.max_redirects = 10;
  client_ = net::HttpClient::create(settings, context_.loops, context_.resolver, context_.ledger, context_.log);
  return {};
}

void OtlpHttpExporter::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  sender_.stop(deadline_steady_ms, [this, stopped = std::move(stopped)]() mutable {
    if (client_)
      client_->close(std::move(stopped));
    else
      stopped();
  });
}

Result<net::ClientRequest> OtlpHttpExporter::make_request(const Chain& payload, int64_t timeout_ms) const {
  net::ClientRequest request;
  request.path = path_;
  request.timeout_ms = timeout_ms;
  request.headers.add("user-agent", "vigia/" + context_.version);
  bool is_json = config_.client.encoding == pipeline::BodyEncoding::json;
  request.headers.add("content-type", is_json ? "application/json" : "application/x-protobuf");
  request.body = payload;
  if (is_json) {
    Appender text(context_.ledger, payload.size() * 2);
    otlp::write_json(signal_, payload, text);
    request.body = Chain(text.take());
  }
  if (config_.client.compression != Compression::none) {
    ASSIGN_OR_RETURN(Slice packed, compress(config_.client.compression, request.body, context_.ledger, config_.client.compression_level));
    request.body = Chain(std::move(packed));
    request.headers.add("content-encoding", compression_name(config_.client.compression));
  }
  for (const auto& [name, value] : config_.client.headers) request.headers.set(name, value);
  if (authenticator_) {
    auto [name, value] = authenticator_->credentials();
    request.headers.set(name, value);
  }
  return request;
}

void OtlpHttpExporter::send(pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
  bool has_work = config_.client.compression != Compression::none || config_.client.encoding == pipeline::BodyEncoding::json;
  size_t work_bytes = has_work ? batch.payload.size() : 0;
  context_.loops.run_where_free(
      work_bytes, [this, payload = std::move(batch.payload), timeout_ms, answered = std::move(answered)]() mutable {
        auto request = make_request(payload, timeout_ms);
        if (!request.is_ok()) {
          answered(std::move(request).status());
          return;
        }
        client_->send(std::move(*request), [this, answered = std::move(answered)](Result<net::ClientResponse> response) mutable {
          answered(response.is_ok() ? status_of(*response) : without_answer(std::move(response).status()));
        });
      });
}

Status OtlpHttpExporter::status_of(const net::ClientResponse& response) const {
  if (response.status / 100 == 2) {
    if (response.headers.get("content-type").starts_with("application/x-protobuf")) partial_successes_.note(response.body.view());
    return {};
  }
  return net::status_of_http(response.status, response.headers.get("retry-after"), error_text(response), context_.clock.wall_ns());
}

pipeline::ExporterFactory otlphttp_exporter() {
  pipeline::ExporterFactory factory;
  factory.type = "otlphttp";
  factory.aliases = {"otlp_http"};
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    OtlpHttpExporterConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      otlp::Signal signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    const auto& settings = *std::any_cast<OtlpHttpExporterConfig>(&config);
    if (auto url = url_for(settings, signal); !url.is_ok()) return std::move(url).status();
    return std::unique_ptr<pipeline::Exporter>(std::make_unique<OtlpHttpExporter>(context, settings, signal));
  };
  factory.sender = [](const std::any& config) { return &std::any_cast<const OtlpHttpExporterConfig&>(config).sender; };
  return factory;
}

}  // namespace vigia::exporters
