#include "exporters/prometheusremotewrite/remote_write_exporter.h"

#include <algorithm>

#include "base/random.h"
#include "exporters/prometheusremotewrite/factory.h"
#include "net/rpc_status.h"

namespace vigia::exporters {

namespace {

using prometheus::WriteRequest;
using prometheus::WriteVersion;

// A 500 may pass as well: Prometheus itself tries again after any 5xx.
Status status_of(const net::ClientResponse& response, int64_t now_wall_ns) {
  constexpr size_t most_bytes = 512;
  std::string text(response.body.view().substr(0, most_bytes));
  while (text.ends_with('\n')) text.pop_back();
  Status status = net::status_of_http(response.status, response.headers.get("retry-after"), std::move(text), now_wall_ns);
  if (response.status / 100 != 5) return status;
  return unavailable(status.message()).retryable_after_ms(status.retry_delay_ms());
}

bool is_same(const Chain& a, const Chain& b) {
  if (a.size() != b.size()) return false;
  // Nearly always these are the same slices.
  bool is_same_place = a.slices().size() == b.slices().size();
  for (size_t i = 0; is_same_place && i < a.slices().size(); i++)
    is_same_place = a.slices()[i].data() == b.slices()[i].data() && a.slices()[i].size() == b.slices()[i].size();
  return is_same_place || a.to_string() == b.to_string();
}

}  // namespace

RemoteWriteExporter::RemoteWriteExporter(const pipeline::Context& context, const RemoteWriteConfig& config)
    : context_(context),
      config_(config),
      telemetry_(context, config.client.endpoint, config.shards),
      translator_(config.series),
      batch_(Random::from_system().next(), config.shards, config.write, context.ledger),
      sender_(context, config.sender, otlp::Signal::metrics,
              [this](pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
                send(std::move(batch), timeout_ms, std::move(answered));
              }) {}

Status RemoteWriteExporter::start() {
  if (config_.client.authenticator) {
    ASSIGN_OR_RETURN(authenticator_, pipeline::find_client_authenticator(context_, *config_.client.authenticator));
  }
  ASSIGN_OR_RETURN(pipeline::HttpUrl url, pipeline::HttpUrl::parse(config_.client.endpoint));
  path_ = url.path.empty() ? "/" : url.path;
  ASSIGN_OR_RETURN(net::ClientSettings settings, pipeline::client_settings(config_.client, url, context_));
  settings.max_redirects = 10;
  client_ = net::HttpClient::create(settings, context_.loops, context_.resolver, context_.ledger, context_.log);
  return {};
}

void RemoteWriteExporter::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  sender_.stop(deadline_steady_ms, [this, stopped = std::move(stopped)]() mutable {
    if (client_)
      client_->close(std::move(stopped));
    else
      stopped();
  });
}

// What is left of the batch when this is another try, else all of it.
std::shared_ptr<WriteRound> RemoteWriteExporter::round_for(const Chain& payload) {
  std::shared_ptr<WriteRound> round = std::exchange(unfinished_, nullptr);
  if (round && is_same(round->payload(), payload)) return round;
  for (const Slice& request : payload.slices()) translator_.translate(request.view(), batch_);
  std::vector<WriteRequest> requests = batch_.take();
  telemetry_.note_translated(batch_.take_counts());
  return std::make_shared<WriteRound>(payload, std::move(requests), config_.shards);
}

void RemoteWriteExporter::send(pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
  size_t work_bytes = batch.payload.size();
  context_.loops.run_where_free(work_bytes, [this, batch = std::move(batch), timeout_ms, answered = std::move(answered)]() mutable {
    auto send_request = [this, metadata = metadata_of(batch), timeout_ms](const WriteRequest& request,
                                                                          Function<void(WriteRound::Answer)> one_answered) {
      send_one(request, metadata, timeout_ms, std::move(one_answered));
    };
    std::shared_ptr<WriteRound> round = round_for(batch.payload);
    round->run(std::move(send_request), config_.write.version, context_.ledger,
               [this, round, answered = std::move(answered)](Status status) mutable {
                 Status outcome = outcome_of(*round, std::move(status));
                 if (round->requests_left() > 0) unfinished_ = std::move(round);
                 answered(std::move(outcome));
               });
  });
}

// What was refused of a batch does not make a failure of all of it. Where refused data is kept, though, the whole batch is: what was written of it
// cannot be told apart from the rest any more.
Status RemoteWriteExporter::outcome_of(const WriteRound& round, Status status) {
  if (status.is_ok() || status.is_retryable()) return status;
  telemetry_.note_refused(round.rejected_samples(), status);
  bool is_partial = round.is_any_written() && !context_.set_aside;
  return is_partial ? Status() : status;
}

pipeline::HeaderList RemoteWriteExporter::metadata_of(const pipeline::Batch& batch) const {
  pipeline::HeaderList found;
  if (!batch.client) return found;
  for (const auto& [name, value] : batch.client->metadata)
    if (std::find(config_.metadata_keys.begin(), config_.metadata_keys.end(), name) != config_.metadata_keys.end())
      found.emplace_back(name, value);
  return found;
}

void RemoteWriteExporter::send_one(const WriteRequest& write, const pipeline::HeaderList& metadata, int64_t timeout_ms,
                                   Function<void(WriteRound::Answer)> answered) {
  net::ClientRequest request;
  request.path = path_;
  request.timeout_ms = timeout_ms;
  for (const auto& [name, value] : config_.client.headers) request.headers.set(name, value);
  for (const auto& [name, value] : metadata) request.headers.add(name, value);
  if (authenticator_) {
    auto [name, value] = authenticator_->credentials();
    request.headers.set(name, value);
  }
  bool is_v2 = config_.write.version == WriteVersion::v2;
  request.headers.set("content-encoding", "snappy");
  request.headers.set("content-type", is_v2 ? "application/x-protobuf;proto=io.prometheus.write.v2.Request" : "application/x-protobuf");
  request.headers.set("x-prometheus-remote-write-version", is_v2 ? "2.0.0" : "0.1.0");
  request.headers.set("user-agent", "vigia/" + context_.version);
  request.body = Chain(write.body);
  telemetry_.note_sent();
  client_->send(std::move(request), [this, &write, answered = std::move(answered)](const Result<net::ClientResponse>& response) mutable {
    answered(answer_of(response, write));
  });
}

WriteRound::Answer RemoteWriteExporter::answer_of(const Result<net::ClientResponse>& response, const WriteRequest& request) {
  using Verdict = WriteRound::Verdict;
  if (!response.is_ok()) {
    // Nobody has refused it: whatever went wrong on the way may not next time.
    int64_t delay_ms = response.status().retry_delay_ms();
    return {Verdict::retry, Status(response.status()).retryable_after_ms(delay_ms)};
  }
  bool is_v2 = config_.write.version == WriteVersion::v2;
  bool is_good = response->status / 100 == 2;
  // A receiver of version 2 keeps what is good of a request that it refuses, and says how much that is.
  std::optional<size_t> written;
  if (is_v2) written = telemetry_.note_written(response->headers, request, is_good);
  if (is_good) return {};
  Status status = status_of(*response, context_.clock.wall_ns());
  if (status.is_retryable()) return {Verdict::retry, std::move(status)};
  if (response->status == 413) return {Verdict::too_large, std::move(status)};
  if (!pipeline::is_content_at_fault(status)) return {Verdict::turned_away, std::move(status)};
  if (!written) return {Verdict::refused, std::move(status)};
  size_t sent = request.samples + request.histograms;
  return {*written > 0 ? Verdict::partly : Verdict::turned_away, std::move(status), sent - std::min(sent, *written)};
}

pipeline::ExporterFactory prometheus_remote_write_exporter() {
  pipeline::ExporterFactory factory;
  factory.type = "prometheusremotewrite";
  factory.aliases = {"prometheus_remote_write"};
  factory.signals = {otlp::Signal::metrics};
  factory.decode = [](config::Section& section) -> std::any {
    RemoteWriteConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      otlp::Signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    const auto& settings = std::any_cast<const RemoteWriteConfig&>(config);
    return std::unique_ptr<pipeline::Exporter>(std::make_unique<RemoteWriteExporter>(context, settings));
  };
  factory.sender = [](const std::any& config) { return &std::any_cast<const RemoteWriteConfig&>(config).sender; };
  return factory;
}

}  // namespace vigia::exporters
