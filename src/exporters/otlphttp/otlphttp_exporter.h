#pragma once

// The otlphttp exporter: one POST for each batch, as protobuf or JSON.

#include <array>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "pipeline/component.h"
#include "pipeline/net_config.h"
#include "pipeline/partial_success.h"
#include "pipeline/sender.h"

namespace vigia::exporters {

struct OtlpHttpExporterConfig {
  pipeline::HttpClientConfig client;
  // Whole URLs that take the place of endpoint + "/v1/traces" and so on.
  std::array<std::string, 3> signal_endpoints;
  pipeline::SenderConfig sender;
};

void decode(config::Section& section, OtlpHttpExporterConfig& out);

class OtlpHttpExporter final : public pipeline::Exporter {
 public:
  OtlpHttpExporter(const pipeline::Context& context, const OtlpHttpExporterConfig& config, otlp::Signal signal);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  void hand_over(pipeline::Exporter& successor) override { sender_.hand_over(static_cast<OtlpHttpExporter&>(successor).sender_); }
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return sender_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override { sender_.consume(std::move(batch), std::move(done)); }

 private:
  void send(pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered);
  Result<net::ClientRequest> make_request(const Chain& payload, int64_t timeout_ms) const;
  Status status_of(const net::ClientResponse& response) const;

  pipeline::Context context_;
  OtlpHttpExporterConfig config_;
  otlp::Signal signal_;
  std::string path_;
  std::shared_ptr<net::HttpClient> client_;
  const pipeline::ClientAuthenticator* authenticator_ = nullptr;
  pipeline::PartialSuccessLog partial_successes_;
  pipeline::Sender sender_;
};

}  // namespace vigia::exporters
